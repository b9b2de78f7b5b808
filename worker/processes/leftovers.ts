/**
 * Ends what a run leaves behind. Everything that a runner starts inherits a mark in its environment, also a program that put
 * itself into a session of its own. One that wipes its environment too is a child of the runner's reaper, where there is one
 * (reaper/). Linux only: elsewhere nobody lists environments and children of processes.
 */

import { readdirSync, readFileSync } from "node:fs";
import { descendantsOf } from "../../shared/machine/process-tree.ts";

/** Name of the variable. */
export const runMark = "NEXUS_RUN";
/** Present where a runner has a list of processes of its own, with nothing in it but what its runs started. */
export const sandboxMark = "NEXUS_SANDBOX";

/** A program that starts others as fast as they are ended is given up after so many looks. */
const mostLooks = 50;

/** Ends every process whose mark begins so, but this one. Returns how many there were. */
export const endMarked = (beginning: string): number => endAll(() => marked(beginning));

/** Every process whose mark begins so. */
export function marked(beginning: string): number[] {
  const isMarked = new RegExp(`(^|\\0)${runMark}=${escaped(beginning)}`);
  return processes().filter((pid) => isMarked.test(textOf(`/proc/${pid}/environ`)));
}

/** In a sandbox: ends every process but its first, which keeps it up, and this one. */
export const endOthers = (): number => endAll(() => processes().filter((pid) => pid !== 1 && isThere(pid)));

/** In a runner: ends all that its reaper keeps but this process, whatever their environment. */
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

/** False for one that has ended and whose parent has not heard of it yet. */
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
