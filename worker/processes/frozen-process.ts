import { type ChildProcess, spawn } from "node:child_process";
import { childrenOf } from "./process-tree.ts";

/** Whether processes can stand still here: Windows has no such signal. */
export const canFreeze = process.platform !== "win32";

/**
 * A process, with all that it has started, made to stand still until it is thawed.
 *
 * A process that stands still does not notice that its worker is gone, and would stand for ever. So a guard waits with it: a
 * shell that reads from a pipe of ours, and kills them all when that ends, which it does with us however we end.
 */
export class FrozenProcess {
  readonly #pids: readonly number[];
  readonly #guard: ChildProcess;

  constructor(pid: number) {
    // The parent first: it starts nothing more while we look for its children.
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
      // In a group of its own, so that a terminal's Ctrl-C does not reach it before us.
      detached: true,
    });
    // Without a guard they are frozen all the same.
    this.#guard.on("error", () => undefined);
    this.#guard.stdin?.on("error", () => undefined);
    this.#guard.unref();
  }

  /** Lets them go on; once is enough. */
  thaw(): void {
    this.#guard.kill("SIGKILL");
    // Children first: a parent that wakes may look for them.
    for (const pid of [...this.#pids].reverse()) signal(pid, "SIGCONT");
  }
}

function signal(pid: number, name: "SIGSTOP" | "SIGCONT"): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    // It has ended meanwhile, which is as good as standing still.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
