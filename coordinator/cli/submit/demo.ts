import { spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";

export interface DemoOptions {
  readonly again?: boolean;
}

/** By path, as `npm start` starts it: it is a program of its own. */
const program = fileURLToPath(new URL("../../demo.js", import.meta.url));

/** `nexus demo`: a whole swarm on this machine. Returns its exit code; signals are passed on to it. */
export async function demonstrate({ again }: DemoOptions): Promise<number> {
  const child = spawn(process.execPath, [program, ...(again ? ["--again"] : [])], { stdio: "inherit" });
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  const passOn = (signal: NodeJS.Signals): void => void child.kill(signal);
  for (const signal of signals) process.on(signal, passOn);
  try {
    // "error" rejects: it could not be started.
    const [code, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
    return code ?? 128 + (signal ? constants.signals[signal] : 0);
  } finally {
    for (const signal of signals) process.off(signal, passOn);
  }
}
