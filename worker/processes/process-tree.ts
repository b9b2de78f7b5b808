import { readFileSync } from "node:fs";

/** Child processes; empty if the system does not list them (Linux does). */
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

/** Resident memory of a process and its descendants, in bytes; 0 if the system does not tell. */
export function residentBytes(pid: number): number {
  return childrenOf(pid).reduce((sum, child) => sum + residentBytes(child), ownBytes(pid));
}

function ownBytes(pid: number): number {
  try {
    const pages = Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]);
    return Number.isFinite(pages) ? pages * 4096 : 0;
  } catch {
    return 0; // no /proc on this system, or the process has just ended
  }
}
