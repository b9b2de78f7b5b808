import { existsSync, readFileSync, statSync } from "node:fs";
import { readIfThere } from "../../support/process-list.ts";

/** How the coordinator's process does, seen from outside. */
export interface Pulse {
  readonly isAlive: boolean;
  /** Processor time that it has used, milliseconds; 0 where there is no /proc. */
  readonly cpuMs: number;
  /** Resident memory now, megabytes; 0 where there is no /proc. */
  readonly residentMb: number;
  /** The most that it ever was. */
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

/** The most resident memory of the process whose number is in that file, megabytes; 0 while there is none. */
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

/** Whether a process is a zombie or gone does not matter here; its log tells what went wrong inside. */
const errorLevel = 50;

/** What a coordinator logs as an error on a machine that has too much to do; whether it is up to its work is asked of itself. */
const busyMachine = /^the journal does not take a record yet: .*: no answer in time $/;

/** Lines that the coordinator logged as errors, and those that say that it no longer led, from that byte on. */
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
