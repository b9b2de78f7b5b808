import { readdirSync, readFileSync } from "node:fs";

/** Kinds of processes, recognised by text in their command line. */
const kinds: readonly [kind: string, mark: string][] = [
  ["runners", "worker/runner/main.js"],
  ["workers", "worker/main.js"],
  ["coordinator", "coordinator/main.js"],
  ["nats-server", "nats-server"],
];
/** Clock ticks a second in /proc; 100 on every Linux that Node runs on. */
const ticksPerSecond = 100;

interface Seen {
  readonly pid: string;
  readonly parent: string;
  readonly command: string;
  readonly isMarked: boolean;
  readonly seconds: number;
}

/**
 * User and system CPU seconds so far, by kind, of processes started with this text in their environment and of their
 * children: a run's process gets its own environment.
 */
export function cpuSeconds(mark: string): Map<string, number> {
  const used = new Map<string, number>(kinds.map(([kind]) => [kind, 0]));
  const seen = processes(mark);
  const marked = new Set(seen.filter(({ isMarked }) => isMarked).map(({ pid }) => pid));
  // A reaper may stand between a worker and its runner.
  const parents = new Map(seen.map(({ pid, parent }) => [pid, parent]));
  for (const { parent, command, isMarked, seconds } of seen) {
    const kind = kinds.find(([, part]) => command.includes(part))?.[0];
    if (kind === undefined || !(isMarked || marked.has(parent) || marked.has(parents.get(parent) ?? ""))) continue;
    used.set(kind, (used.get(kind) ?? 0) + seconds);
  }
  return used;
}

/** Total CPU seconds of all processes with that text in their environment. */
export const allCpuSeconds = (mark: string): number =>
  processes(mark).reduce((sum, { isMarked, seconds }) => sum + (isMarked ? seconds : 0), 0);

function processes(mark: string): Seen[] {
  return readdirSync("/proc").flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return {
        pid,
        parent: fields[1] ?? "",
        command: readFileSync(`/proc/${pid}/cmdline`, "utf8"),
        isMarked: readFileSync(`/proc/${pid}/environ`, "utf8").includes(mark),
        seconds: (Number(fields[11]) + Number(fields[12])) / ticksPerSecond,
      };
    } catch (error) {
      if (isGone(error)) return [];
      throw error;
    }
  });
}

/** Whether the process ended meanwhile, or belongs to another user. */
const isGone = (error: unknown): boolean =>
  error instanceof Error && "code" in error && ["ENOENT", "ESRCH", "EACCES"].includes(String(error.code));

/** Resident megabytes of the process with `program` in its command line and `mark` in its environment; NaN if none. */
export function residentMegabytes(mark: string, program: string): number {
  const found = processes(mark).find(({ isMarked, command }) => isMarked && command.includes(program));
  if (!found) return Number.NaN;
  try {
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${found.pid}/status`, "utf8"))?.[1]) / 1024;
  } catch (error) {
    if (isGone(error)) return Number.NaN;
    throw error;
  }
}
