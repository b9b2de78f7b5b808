import { readFileSync } from "node:fs";

/** Resident memory of a process; 0 where the system does not tell. */
export function residentBytes(pid: number): number {
  try {
    const pages = Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]);
    return Number.isFinite(pages) ? pages * 4096 : 0;
  } catch {
    return 0; // no /proc on this system, or the process has just ended
  }
}

export const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;
