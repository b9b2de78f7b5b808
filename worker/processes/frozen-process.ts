import { type ChildProcess, spawn } from "node:child_process";
import { childrenOf, descendantsOf, stateOf } from "../../shared/machine/process-tree.ts";

/** Whether processes can be suspended here: Windows has no such signal. */
export const canFreeze = process.platform !== "win32";

/** Stop trying after this many scans of a program that spawns as fast as it is stopped. */
const mostLooks = 50;

export interface Freezing {
  /** True: the first process is a reaper (reaper/). It goes on, as it ends all the others if this process ends. */
  readonly isReaper?: boolean;
  /** Finds what the run has detached where no reaper keeps it. */
  readonly detached?: () => readonly number[];
}

/**
 * A process, all its descendants and all that they have detached, suspended until `thaw`.
 *
 * A suspended process does not notice that its worker is gone, and would stay suspended for ever. Without a reaper a guard waits
 * with it: a shell that reads from a pipe of ours and kills them all when the pipe closes, which happens whenever this process ends.
 */
export class FrozenProcess {
  readonly #pids = new Set<number>();
  /** Those of them that stood still before, as a program does while its runner reads its files: whoever stopped them wakes them. */
  readonly #stoodStill = new Set<number>();
  /** Those of another user, such as what a run starts by sudo, or in a container without root: they go on. */
  readonly others: readonly number[];
  readonly #guard: ChildProcess | undefined;

  constructor(pid: number, { isReaper = false, detached = () => [] }: Freezing = {}) {
    // A reaper that has not started its runner yet is suspended too.
    const goesOn = isReaper && childrenOf(pid).length > 0;
    const find = (): number[] => [...(goesOn ? [] : [pid]), ...descendantsOf(pid), ...detached()];
    const others = new Set<number>();
    // Until nothing new is found: what starts others while we look is stopped at the next look.
    for (let looks = 0; looks < mostLooks; looks += 1) {
      const found = find().filter((each) => !this.#pids.has(each) && !others.has(each) && each !== process.pid);
      if (found.length === 0) break;
      for (const each of found) {
        if (isStopped(each)) this.#stoodStill.add(each);
        (signal(each, "SIGSTOP") ? this.#pids : others).add(each);
      }
    }
    this.others = [...others];
    if (!goesOn) this.#guard = guardOf([...this.#pids]);
  }

  /** Continues them; call it once. */
  thaw(): void {
    this.#guard?.kill("SIGKILL");
    // Children first: a parent that wakes up may look for them.
    for (const pid of [...this.#pids].reverse()) if (!this.#stoodStill.has(pid)) signal(pid, "SIGCONT");
  }
}

function guardOf(pids: readonly number[]): ChildProcess {
  const guard = spawn("/bin/sh", ["-c", `read nothing; kill -KILL ${pids.join(" ")}`], {
    stdio: ["pipe", "ignore", "ignore"],
    // In its own process group, so that Ctrl-C in a terminal does not reach it before us.
    detached: true,
  });
  // Without a guard, the processes are frozen anyway.
  guard.on("error", () => undefined);
  guard.stdin?.on("error", () => undefined);
  guard.unref();
  return guard;
}

/** False where the system does not tell. */
const isStopped = (pid: number): boolean => stateOf(pid) === "T";

/** False if it is another user's. */
function signal(pid: number, name: "SIGSTOP" | "SIGCONT"): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EPERM") return false;
    // It has ended meanwhile, which is fine.
    if (code !== "ESRCH") throw error;
    return true;
  }
}
