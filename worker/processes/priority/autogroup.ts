import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Where the kernel groups processes by session (autogroup, the default on desktops), a nice value counts only within its session:
 * between sessions the nice value of the group counts, and each new session begins at 0. Four busy runs in sessions of their own
 * made the owner's loop 4 times slower at nice 19, and at SCHED_IDLE too; 1.02 times with their groups at 19 (2026-11-28).
 */
export const lowestNice = 19;

/** Undefined where the kernel does not group by session, and for a process that has ended. */
export function autogroupNice(pid: number | "self", proc = "/proc"): number | undefined {
  try {
    const [, nice] = /nice (-?\d+)/.exec(readFileSync(join(proc, String(pid), "autogroup"), "utf8")) ?? [];
    return nice === undefined ? undefined : Number(nice);
  } catch {
    return undefined; // no such file, or the process has ended
  }
}

/**
 * Lowers the group of a process, which is that of its session. Returns false if it has to be tried again: the kernel
 * lets users change one group per 0.1 s (EAGAIN).
 *
 * @throws any other error of the system
 */
export function lowerAutogroup(pid: number, proc = "/proc"): boolean {
  const nice = autogroupNice(pid, proc);
  if (nice === undefined || nice === lowestNice) return true;
  try {
    writeFileSync(join(proc, String(pid), "autogroup"), String(lowestNice));
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EAGAIN") return false;
    if (code === "ESRCH" || code === "ENOENT") return true; // it has ended meanwhile
    throw error;
  }
}

/**
 * Words for a shell that has just begun a session: they make the new session's group as low as this process's. "" if
 * there is nothing to do.
 */
export function sameAutogroup(proc = "/proc"): string {
  const nice = autogroupNice("self", proc) ?? 0;
  return nice > 0 ? `{ echo ${nice} >/proc/self/autogroup; } 2>/dev/null; ` : "";
}
