import { execFileSync } from "node:child_process";
import { readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { readIfThere } from "./secret-file.ts";

/** Identifies one process for good. A pid is reused, and is void after a reboot, or in another container or machine. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When the process started, in the system's own form: clock ticks since boot on Linux, elsewhere what `ps` prints. */
  readonly startTime: string;
  /** Different after each boot of the machine. */
  readonly boot: string;
  /** Which machine (on Linux, which pid namespace) `pid` belongs to. */
  readonly scope: string;
}

/** `elsewhere`: on another machine or in another container, so this process cannot tell. */
export type Liveness = "alive" | "dead" | "elsewhere";

/** Whether the process still runs. A zombie, which has ended but is not yet reaped by its parent, is dead. */
export function liveness(identity: ProcessIdentity): Liveness {
  const here = place();
  if (identity.scope !== here.scope) return "elsewhere";
  if (identity.boot !== here.boot) return "dead";
  return startTimeOf(identity.pid) === identity.startTime ? "alive" : "dead";
}

export const isSameProcess = (one: ProcessIdentity, other: ProcessIdentity): boolean =>
  one.pid === other.pid && one.startTime === other.startTime && one.boot === other.boot && one.scope === other.scope;

export const isAlive = (identity: ProcessIdentity): boolean => liveness(identity) === "alive";

/** The identity of a running process; undefined if no process has this pid. */
export function identify(pid: number): ProcessIdentity | undefined {
  const startTime = startTimeOf(pid);
  return startTime === undefined ? undefined : { pid, startTime, ...place() };
}

let self: ProcessIdentity | undefined;

export function ownIdentity(): ProcessIdentity {
  self ??= identify(process.pid);
  if (!self) throw new Error(`no start time found for this process, pid ${process.pid}`);
  return self;
}

/** Checks an identity read from a file. */
export function isProcessIdentity(value: unknown): value is ProcessIdentity {
  if (typeof value !== "object" || value === null) return false;
  const { pid, startTime, boot, scope } = value as Record<string, unknown>;
  return Number.isSafeInteger(pid) && [startTime, boot, scope].every((field) => typeof field === "string");
}

/**
 * The start time in /proc/<pid>/stat: `pid (name) state ppid ...`, field 22. The name may hold spaces and brackets.
 * Undefined for a zombie.
 */
export function startTimeFromStat(stat: string): string | undefined {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state] = fields;
  return state === "Z" || state === "X" ? undefined : fields[19];
}

/** The start time in a line of `ps -o stat= -o lstart=`: `Ss   Mon Nov 23 10:11:12 2026`. Undefined for a zombie. */
export function startTimeFromPs(line: string): string | undefined {
  const [, state = "", started = ""] = /^\s*(\S+)\s+(.+?)\s*$/.exec(line) ?? [];
  return started === "" || state.startsWith("Z") ? undefined : started;
}

function startTimeOf(pid: number): string | undefined {
  if (process.platform === "linux") {
    const stat = readIfThere(`/proc/${pid}/stat`);
    return stat === undefined ? undefined : startTimeFromStat(stat);
  }
  const line = printedBy("ps", ["-o", "stat=", "-o", "lstart=", "-p", String(pid)]);
  return line === undefined ? undefined : startTimeFromPs(line);
}

let cachedPlace: { boot: string; scope: string } | undefined;

function place(): { boot: string; scope: string } {
  cachedPlace ??= findPlace();
  return cachedPlace;
}

function findPlace(): { boot: string; scope: string } {
  if (process.platform !== "linux") {
    return { boot: printedBy("sysctl", ["-n", "kern.bootsessionuuid"])?.trim() ?? "", scope: hostname() };
  }
  // Host name and machine id together: cloned machines share an id, and containers often have none.
  const machine = (readIfThere("/etc/machine-id") ?? "").trim();
  return {
    boot: (readIfThere("/proc/sys/kernel/random/boot_id") ?? "").trim(),
    scope: `${hostname()} ${machine} ${readlinkSync("/proc/self/ns/pid")}`,
  };
}

/** The output of a command, in the C locale and UTC so that calls agree; undefined if it ends with an error code. */
function printedBy(command: string, args: readonly string[]): string | undefined {
  try {
    const env = { ...process.env, LC_ALL: "C", TZ: "UTC" };
    return execFileSync(command, args, { encoding: "utf8", env, stdio: ["ignore", "pipe", "ignore"] });
  } catch (cause) {
    if (typeof (cause as { status?: unknown }).status === "number") return undefined;
    throw cause;
  }
}
