import { readFileSync } from "node:fs";
import { childrenOf } from "./process-tree.ts";

/** Resident memory of a process and of all that it has started; 0 where the system does not tell. */
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
