import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

export interface ListedProcess {
  readonly pid: number;
  /** Its command line, words separated by spaces. */
  readonly command: string;
}

/** Every process of this machine. */
export function allProcesses(): ListedProcess[] {
  if (process.platform !== "linux") {
    return execFileSync("ps", ["-axo", "pid=,command="], { encoding: "utf8" })
      .split("\n")
      .map((line) => ({ pid: Number.parseInt(line, 10), command: line.trim() }))
      .filter(({ pid }) => pid > 0);
  }
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ pid: Number(name), command: readIfThere(`/proc/${name}/cmdline`).replaceAll("\0", " ") }));
}

/** The text of a file in /proc; "" if the process has gone or the file may not be read. */
export function readIfThere(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ESRCH" || code === "EACCES") return "";
    throw error;
  }
}

/** Processes other than this one whose command line names one of the folders. */
export function processesNaming(...folders: readonly string[]): ListedProcess[] {
  return allProcesses().filter(
    ({ pid, command }) => pid !== process.pid && folders.some((folder) => command.includes(folder)),
  );
}
