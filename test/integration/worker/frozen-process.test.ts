import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { identify, isAlive } from "../../../shared/machine/process-identity.ts";
import { FrozenProcess } from "../../../worker/processes/frozen-process.ts";
import { mustEnd } from "../../support/cleanup.ts";
import { eventually } from "../../support/patience.ts";

const isFrozen = (pid: number): boolean => /\) T /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));

/** A program that has started another one; the pids of both. */
async function family(): Promise<{ parent: number; child: number; end(): void }> {
  const shell = spawn("/bin/sh", ["-c", "sleep 1000 & echo $!; wait"], { stdio: ["ignore", "pipe", "ignore"] });
  mustEnd(shell.pid);
  const child = await new Promise<number>((resolve) => {
    createInterface({ input: shell.stdout }).once("line", (line) => resolve(Number(line)));
  });
  mustEnd(child);
  const parent = shell.pid ?? 0;
  return {
    parent,
    child,
    end: () => {
      for (const pid of [child, parent]) process.kill(pid, "SIGKILL");
    },
  };
}

test("a process is frozen and thawed together with its descendants", async () => {
  const { parent, child, end } = await family();
  const frozen = new FrozenProcess(parent);
  await eventually("both stand still", () => isFrozen(parent) && isFrozen(child));
  frozen.thaw();
  await eventually("both go on", () => !isFrozen(parent) && !isFrozen(child));
  frozen.thaw();
  end();
});

test("a frozen process does not outlive the one that froze it, however that ends", async () => {
  const { parent, child } = await family();
  const module = fileURLToPath(new URL("../../../worker/processes/frozen-process.js", import.meta.url));
  const script = `const { FrozenProcess } = await import(process.argv[1]);
    new FrozenProcess(${parent});
    console.log("frozen");
    setInterval(() => undefined, 1000);`;
  const worker = spawn(process.execPath, ["--input-type=module", "-e", script, module], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  mustEnd(worker.pid);
  await new Promise((resolve) => worker.stdout.once("data", resolve));
  await eventually("it stands still", () => isFrozen(parent));
  const both = [parent, child].map((pid) => identify(pid));
  worker.kill("SIGKILL");
  await eventually("both are gone", () => both.every((each) => !each || !isAlive(each)));
});
