/**
 * Ends what a run leaves behind. Everything that a runner starts inherits a mark in its environment, even a program
 * that put itself into a session of its own. One that also wipes its environment, or whose environment cannot be read
 * since it is just starting a program, is a descendant of the runner's reaper, where there is one (reaper/). Linux
 * only: elsewhere nobody lists environments and children of processes.
 */

import { readdirSync, readFileSync } from "node:fs";
import { descendantsOf, stateOf } from "../../shared/machine/process-tree.ts";

/** Name of the variable. */
export const runMark = "NEXUS_RUN";
/** Set where a runner sees no processes but its own and what its runs started. */
export const sandboxMark = "NEXUS_SANDBOX";

/** A program that starts others as fast as they are ended is given up after this many looks. */
const mostLooks = 50;

/**
 * Ends every process whose mark begins with this, except this process. Returns how many there were.
 *
 * @param spared  pid of one that goes on: a runner's reaper has the mark, too
 */
export const endMarked = (beginning: string, spared?: number): number =>
  endAll(() => marked(beginning).filter((pid) => pid !== spared));

/** Every process whose mark begins with this. */
export function marked(beginning: string): number[] {
  const isMarked = new RegExp(`(^|\\0)${runMark}=${escaped(beginning)}`);
  return processes().filter((pid) => isMarked.test(textOf(`/proc/${pid}/environ`)));
}

/** In a sandbox: ends every process except this one and the first, which keeps the sandbox up. */
export const endOthers = (): number => endAll(() => processes().filter((pid) => pid !== 1));

/** In a runner: ends all that its reaper keeps except this process, whatever their environment. */
export const endReaped = (reaper: number): number => endAll(() => settledDescendantsOf(reaper));

/** What two lists in a row agree on: one alone may miss a process whose parent ends meanwhile. */
function settledDescendantsOf(pid: number): number[] {
  let found = descendantsOf(pid);
  for (let looks = 1; looks < mostLooks; looks += 1) {
    const before = found.join();
    found = descendantsOf(pid);
    if (found.join() === before) break;
  }
  return found;
}

function endAll(look: () => number[]): number {
  const ended = new Set<number>();
  for (let looks = 0; looks < mostLooks; looks += 1) {
    const left = look().filter((pid) => pid !== process.pid && !ended.has(pid) && isAlive(pid));
    if (left.length === 0) break;
    for (const pid of left) {
      ended.add(pid);
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It has ended by itself, or belongs to another user by now.
      }
    }
  }
  return ended.size;
}

/**
 * False for a zombie: it has ended, but its parent has not waited for it yet. The command line would not tell: it is
 * empty, too, for a process that is just starting a program.
 */
const isAlive = (pid: number): boolean => !["", "Z", "X"].includes(stateOf(pid));

function processes(): number[] {
  try {
    return readdirSync("/proc").map(Number).filter(Number.isInteger);
  } catch {
    return []; // no /proc
  }
}

/** "" if the process has ended, or is another user's. */
function textOf(file: string): string {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return "";
  }
}

const escaped = (text: string): string => text.replaceAll(/[^\w-]/g, "\\$&");
