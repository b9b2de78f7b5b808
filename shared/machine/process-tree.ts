import type { ChildProcess } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/** Reading stops at this size: a tree may grow while it is read. */
const mostProcesses = 10_000;

/**
 * Child processes of a process; empty if the system does not list them (Linux does).
 *
 * @param threads  threads that may have started children; default: all. Node starts programs in its first thread only
 */
export function childrenOf(pid: number, threads?: readonly number[]): number[] {
  try {
    return (threads ?? readdirSync(`/proc/${pid}/task`)).flatMap((thread) => childrenOfThread(pid, thread));
  } catch {
    return []; // no /proc, or the process has just ended
  }
}

function childrenOfThread(pid: number, thread: string | number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8");
    return text === "" ? [] : text.trim().split(" ").map(Number);
  } catch {
    return []; // the thread has just ended
  }
}

/** Children, their children, and so on, parents first. */
export function descendantsOf(pid: number): number[] {
  const found = new Set(childrenOf(pid));
  // Iteration of a set includes members added meanwhile.
  for (const each of found) {
    if (found.size > mostProcesses) break;
    for (const child of childrenOf(each)) found.add(child);
  }
  found.delete(pid);
  return [...found];
}

/** State of a process as in its stat, such as `R`, or `Z` for a zombie; "" if it is gone or the system does not tell. */
export function stateOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.charAt(stat.lastIndexOf(")") + 2);
  } catch {
    return ""; // no /proc, or the process has just ended
  }
}

/** Id of the session that a process belongs to; undefined if the process has ended or the system does not tell. */
export function sessionIdOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[3]);
  } catch {
    return undefined; // no /proc, or the process has just ended
  }
}

/** Resident memory of a process and its descendants, in bytes; 0 if the system does not tell. */
export const residentBytes = (pid: number): number =>
  [pid, ...descendantsOf(pid)].reduce((sum, each) => sum + ownBytes(each), 0);

function ownBytes(pid: number): number {
  try {
    // Not /proc/PID/statm, which counts pages of a size that the machine chooses.
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return 1024 * Number(kilobytes ?? 0); // a process that has ended, but is not waited for, has none
  } catch {
    return 0; // no /proc on this system, or the process has just ended
  }
}

/** Sends a signal to the process group that a detached child leads, if any process of it still runs. */
export function signalGroup({ pid }: ChildProcess, name: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, name);
  } catch (error) {
    // The whole group has ended, or what is left of it is another user's (sudo).
    if (!["ESRCH", "EPERM"].includes(String((error as NodeJS.ErrnoException).code))) throw error;
  }
}
