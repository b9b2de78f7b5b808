import { readFileSync } from "node:fs";

/** Processes that a process has started; none where the system does not tell (it does on Linux). */
export function childrenOf(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
    return text
      .split(" ")
      .map(Number)
      .filter((child) => Number.isInteger(child) && child > 0);
  } catch {
    return []; // no /proc, or the process has just ended
  }
}
