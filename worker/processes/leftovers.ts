/**
 * Ends what a run leaves behind. Everything that a runner starts inherits a mark in its environment, even a program
 * that put itself into a session of its own. One that also wipes its environment is a child of the runner's reaper,
 * where there is one (reaper/). Linux only: elsewhere nobody lists environments and children of processes.
 */

import { readdirSync, readFileSync } from "node:fs";
import { descendantsOf } from "../../shared/machine/process-tree.ts";

/** Name of the variable. */
export const runMark = "NEXUS_RUN";
/** Set where a runner sees no processes but its own and what its runs started. */
export const sandboxMark = "NEXUS_SANDBOX";

/** A program that starts others as fast as they are ended is given up after this many looks. */
const mostLooks = 50;

/** Ends every process whose mark begins with this, except this process. Returns how many there were. */
export const endMarked = (beginning: string): number => endAll(() => marked(beginning));

/** Every process whose mark begins with this. */
export function marked(beginning: string): number[] {
  const isMarked = new RegExp(`(^|\\0)${runMark}=${escaped(beginning)}`);
  return processes().filter((pid) => isMarked.test(textOf(`/proc/${pid}/environ`)));
}

/** In a sandbox: ends every process except this one and the first, which keeps the sandbox up. */
export const endOthers = (): number => endAll(() => processes().filter((pid) => pid !== 1 && isThere(pid)));

/** In a runner: ends all that its reaper keeps except this process, whatever their environment. */
export const endReaped = (reaper: number): number => endAll(() => descendantsOf(reaper).filter(isThere));

function endAll(look: () => number[]): number {
  const ended = new Set<number>();
  for (let looks = 0; looks < mostLooks; looks += 1) {
    const left = look().filter((pid) => pid !== process.pid && !ended.has(pid));
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

/** False for a zombie: it has ended, but its parent has not waited for it yet. */
const isThere = (pid: number): boolean => textOf(`/proc/${pid}/cmdline`) !== "";

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
