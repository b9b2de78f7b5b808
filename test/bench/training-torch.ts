import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { createInterface } from "node:readline";
import { packageRoot } from "../../shared/components/component-defaults.ts";
import type { Size } from "./training-size.ts";

/** A running training-torch.py. */
export interface Torch {
  readonly version: string;
  readonly threads: string;
  readonly variants: readonly string[];
  /** Milliseconds per iteration of one window. */
  window(variant: string, size: Size, milliseconds: number): Promise<number>;
  stop(): Promise<void>;
}

/** Starts PyTorch under the first python3 that has it. */
export async function startTorch(): Promise<Torch> {
  const child = spawn(findPython(), [path.join(packageRoot(), "test/bench/training-torch.py")], {
    env: { ...process.env, OMP_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1" },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error("training-torch.py ended early");
    return value;
  };
  const [version = "", threads = ""] = (await answer()).split(" ");
  return {
    version,
    threads,
    variants: ["eager", "replay"],
    async window(variant, { embed, units, out, seqlen }, milliseconds) {
      child.stdin.write(`${[variant, embed, units, out, seqlen, milliseconds].join(" ")}\n`);
      return Number(await answer());
    },
    async stop() {
      child.stdin.end();
      await exited;
    },
  };
}

function findPython(): string {
  const candidates = ["/usr/bin/python3", "python3"];
  const found = candidates.find((python) => {
    try {
      execFileSync(python, ["-c", "import torch"], { stdio: "ignore" });
      return true;
    } catch {
      return false;
    }
  });
  if (found === undefined) {
    throw new Error(
      `none of ${candidates.join(", ")} can import torch; on Debian: apt install python3-torch libopenblas0-pthread`,
    );
  }
  return found;
}
