import { readdirSync, readFileSync } from "node:fs";

/** Kinds of processes, told by their command line. */
const kinds: readonly [kind: string, mark: string][] = [
  ["runners", "worker/runner/main.js"],
  ["workers", "worker/main.js"],
  ["coordinator", "coordinator/main.js"],
  ["nats-server", "nats-server"],
];
/** Clock ticks a second in /proc; 100 on every Linux that Node runs on. */
const ticksPerSecond = 100;

/** CPU seconds so far, user and system, of the processes that were started with this text in their environment. */
export function cpuSeconds(mark: string): Map<string, number> {
  const used = new Map<string, number>(kinds.map(([kind]) => [kind, 0]));
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      if (!readFileSync(`/proc/${pid}/environ`, "utf8").includes(mark)) continue;
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8");
      const kind = kinds.find(([, part]) => command.includes(part))?.[0];
      if (kind === undefined) continue;
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      const ticks = Number(fields[11]) + Number(fields[12]);
      used.set(kind, (used.get(kind) ?? 0) + ticks / ticksPerSecond);
    } catch (error) {
      // It ended while we looked, or is somebody else's.
      if (!(error instanceof Error && "code" in error && ["ENOENT", "ESRCH", "EACCES"].includes(String(error.code))))
        throw error;
    }
  }
  return used;
}

/** Resident megabytes of the one process whose command line holds this text and whose environment holds the mark; NaN where there is none. */
export function residentMegabytes(mark: string, program: string): number {
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      if (!readFileSync(`/proc/${pid}/environ`, "utf8").includes(mark)) continue;
      if (!readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(program)) continue;
      return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;
    } catch (error) {
      if (!(error instanceof Error && "code" in error && ["ENOENT", "ESRCH", "EACCES"].includes(String(error.code))))
        throw error;
    }
  }
  return Number.NaN;
}
