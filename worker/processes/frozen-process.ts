import { type ChildProcess, spawn } from "node:child_process";
import { childrenOf } from "./process-tree.ts";

/** Whether processes can be suspended here: Windows has no such signal. */
export const canFreeze = process.platform !== "win32";

/**
 * A process and all its descendants, suspended until `thaw`.
 *
 * A suspended process does not notice that its worker is gone, and would stay suspended for ever. So a guard waits with it: a
 * shell that reads from a pipe of ours and kills them all when the pipe closes, which happens whenever this process ends.
 */
export class FrozenProcess {
  readonly #pids: readonly number[];
  readonly #guard: ChildProcess;

  constructor(pid: number) {
    // The parent first, so that it starts nothing while we look for its children.
    const pids: number[] = [];
    const queue = [pid];
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      signal(next, "SIGSTOP");
      pids.push(next);
      queue.push(...childrenOf(next));
    }
    this.#pids = pids;
    this.#guard = spawn("/bin/sh", ["-c", `read nothing; kill -KILL ${pids.join(" ")}`], {
      stdio: ["pipe", "ignore", "ignore"],
      // In its own process group, so that Ctrl-C in a terminal does not reach it before us.
      detached: true,
    });
    // Without a guard, the processes are frozen anyway.
    this.#guard.on("error", () => undefined);
    this.#guard.stdin?.on("error", () => undefined);
    this.#guard.unref();
  }

  /** Continues them; call it once. */
  thaw(): void {
    this.#guard.kill("SIGKILL");
    // Children first: a parent that wakes up may look for them.
    for (const pid of [...this.#pids].reverse()) signal(pid, "SIGCONT");
  }
}

function signal(pid: number, name: "SIGSTOP" | "SIGCONT"): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    // It has ended meanwhile, which is fine.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
