import { existsSync, readFileSync, statSync } from "node:fs";
import { readIfThere } from "../../support/process-list.ts";

/** The health of the coordinator's process, seen from outside. */
export interface Pulse {
  readonly isAlive: boolean;
  /** CPU time used so far, in milliseconds; 0 where there is no /proc. */
  readonly cpuMs: number;
  /** Resident memory now, megabytes; 0 where there is no /proc. */
  readonly residentMb: number;
  /** Peak resident memory, in megabytes. */
  readonly peakMb: number;
  readonly logBytes: number;
}

const tickMs = 10;

export function pulseOf(pid: number, logFile: string): Pulse {
  const stat = readIfThere(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const status = readIfThere(`/proc/${pid}/status`);
  const megabytes = (key: string): number =>
    Number(new RegExp(`^${key}:\\s+(\\d+) kB$`, "m").exec(status)?.[1] ?? 0) / 1024;
  return {
    isAlive: isThere(pid),
    cpuMs: stat === "" ? 0 : tickMs * (Number(fields[11]) + Number(fields[12])),
    residentMb: megabytes("VmRSS"),
    peakMb: megabytes("VmHWM"),
    logBytes: existsSync(logFile) ? statSync(logFile).size : 0,
  };
}

/** Peak resident megabytes of the process whose pid is in that file; 0 while there is none. */
export function peakMb(pidFile: string): number {
  const pid = Number(readIfThere(pidFile).trim());
  return pid > 0 ? pulseOf(pid, "").peakMb : 0;
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** The log's level for errors. */
const errorLevel = 50;

/** An error logged on an overloaded machine. It does not count: other looks ask whether the coordinator answers. */
const busyMachine = /^the journal does not take a record yet: .*: no answer in time $/;

/** Errors that the coordinator logged from that byte on, and lines that say that it no longer leads. */
export function troublesIn(logFile: string, fromByte: number): string[] {
  if (!existsSync(logFile)) return [];
  const text = readFileSync(logFile).subarray(fromByte).toString("utf8");
  return text.split("\n").flatMap((line) => {
    if (!line.startsWith("{")) return [];
    const { level = 0, msg = "", error = "" } = JSON.parse(line) as { level?: number; msg?: string; error?: string };
    const said = `${msg} ${error}`.slice(0, 200);
    return (level >= errorLevel || msg.startsWith("no longer leading")) && !busyMachine.test(said) ? [said] : [];
  });
}
