/**
 * Ends what a run leaves behind. Everything that a runner starts inherits a mark in its environment, also a program that put
 * itself into a session of its own. Linux only: elsewhere nobody lists the environments of processes. A program that wipes its
 * environment and detaches itself escapes; only a sandbox ends that one too.
 */

import { readdirSync, readFileSync } from "node:fs";

/** Name of the variable. */
export const runMark = "NEXUS_RUN";
/** Present where a runner has a list of processes of its own, with nothing in it but what its runs started. */
export const sandboxMark = "NEXUS_SANDBOX";

/** A program that starts others as fast as they are ended is given up after so many looks. */
const mostLooks = 50;

/** Ends every process whose mark begins so, but this one. Returns how many there were. */
export function endMarked(beginning: string): number {
  const isMarked = new RegExp(`(^|\\0)${runMark}=${escaped(beginning)}`);
  return endAll((pid) => isMarked.test(textOf(`/proc/${pid}/environ`)));
}

/** In a sandbox: ends every process but its first, which keeps it up, and this one. */
export const endOthers = (): number => endAll((pid) => pid !== 1 && textOf(`/proc/${pid}/cmdline`) !== "");

function endAll(isLeft: (pid: number) => boolean): number {
  const ended = new Set<number>();
  for (let look = 0; look < mostLooks; look += 1) {
    const left = processes().filter((pid) => pid !== process.pid && !ended.has(pid) && isLeft(pid));
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
