import { readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { childrenOf } from "../../../shared/machine/process-tree.ts";
import { pause } from "../../../shared/time/deadline.ts";

/** All descendants of a process. */
export function descendantsOf(pid: number): number[] {
  const found = childrenOf(pid);
  // The list grows while it is walked.
  for (const each of found) found.push(...childrenOf(each));
  return found;
}

/** The process's state: "R", "S", "T", ...; "" if it has ended. */
export function stateOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.charAt(stat.lastIndexOf(")") + 2);
  } catch {
    return "";
  }
}

/** The program's name in the kernel; "" if the process has ended. */
export function nameOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8").trim();
  } catch {
    return "";
  }
}

/** Whether that process is a Node that executes a file of this name. */
export function isExecuting(pid: number, file: string): boolean {
  try {
    const [, program = ""] = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
    return basename(program) === file;
  } catch {
    return false; // it has ended
  }
}

/** CPU seconds of all living threads so far, to the nanosecond. */
export function secondsOf(pid: number): number {
  let nanoseconds = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    try {
      nanoseconds += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]);
    } catch {
      // The thread has just ended.
    }
  }
  return nanoseconds / 1e9;
}

/** Cores used by all programs of normal priority and by the kernel, over `overMs` milliseconds. */
export async function coresUsed(overMs: number): Promise<number> {
  const ticks = (): number => {
    const [user = 0, , system = 0] = readFileSync("/proc/stat", "utf8").split(/\s+/).slice(1, 4).map(Number);
    return user + system;
  };
  const [before, at] = [ticks(), performance.now()];
  await pause(overMs);
  return ((ticks() - before) * 10) / (performance.now() - at);
}

/** Resident megabytes. */
export function residentMb(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1000;
}

/** The quantile `part` (0 to 1) of the values, by nearest rank; NaN if there are none. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? Number.NaN;
}

/** A 95% confidence interval of the median, whatever the values' distribution (order statistics). */
export function medianInterval(values: readonly number[]): readonly [number, number] {
  const sorted = [...values].sort((a, b) => a - b);
  const rank = Math.max(0, Math.floor(sorted.length / 2 - 0.98 * Math.sqrt(sorted.length)));
  return [sorted[rank] ?? Number.NaN, sorted[sorted.length - 1 - rank] ?? Number.NaN];
}
