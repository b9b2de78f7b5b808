import { readFileSync } from "node:fs";
import { join } from "node:path";

/** How much memory there is, for this worker. */
export interface MemoryReading {
  readonly totalBytes: number;
  /** What programs can still get without anything being written to a disk. */
  readonly availableBytes: number;
  /** Percent of the last 10 s in which some program waited for memory; 0 where the kernel does not say. */
  readonly pressure: number;
}

export interface MemoryFiles {
  readonly proc: string;
  readonly cgroups: string;
}

const systemFiles: MemoryFiles = { proc: "/proc", cgroups: "/sys/fs/cgroup" };

/** Undefined on systems other than Linux. In a cgroup with a limit (a container, a service), what is left of that counts too. */
export function readMemory(files: MemoryFiles = systemFiles): MemoryReading | undefined {
  const info = textOf(join(files.proc, "meminfo"));
  const [total, available] = [kilobytes(info, "MemTotal"), kilobytes(info, "MemAvailable")];
  if (total === undefined || available === undefined) return undefined;
  const own = /^0::(\/.*)$/m.exec(textOf(join(files.proc, "self/cgroup")))?.[1] ?? "/";
  const groups = withAbove(own).map((path) => join(files.cgroups, path));
  const limits = groups.flatMap((group) => limitOf(group, total * 1024));
  const pressures = [join(files.proc, "pressure/memory"), ...groups.map((group) => join(group, "memory.pressure"))].map(
    (path) => Number(/^some avg10=([\d.]+)/m.exec(textOf(path))?.[1] ?? 0),
  );
  return {
    totalBytes: Math.min(total * 1024, ...limits.map(({ most }) => most)),
    availableBytes: Math.min(available * 1024, ...limits.map(({ left }) => left)),
    pressure: Math.max(...pressures),
  };
}

/** A group and those that it is part of, whose limits count for it too: the worker and its runs have groups of their own. */
function withAbove(path: string): string[] {
  const names = path.split("/").filter((name) => name !== "");
  return [...names.map((_, i) => `/${names.slice(0, i + 1).join("/")}`).reverse(), "/"];
}

function limitOf(group: string, totalBytes: number): { readonly most: number; readonly left: number }[] {
  const most = Number.parseInt(textOf(join(group, "memory.max")), 10); // NaN for "max", and where there is none
  if (!(most < totalBytes)) return [];
  const used = Number.parseInt(textOf(join(group, "memory.current")), 10);
  if (!Number.isFinite(used)) return [];
  // Cached files count as used, but are given up at once when somebody needs room.
  const cached = Number(/^inactive_file (\d+)$/m.exec(textOf(join(group, "memory.stat")))?.[1] ?? 0);
  return [{ most, left: Math.max(0, most - used + cached) }];
}

function kilobytes(info: string, name: string): number | undefined {
  const found = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(info)?.[1];
  return found === undefined ? undefined : Number(found);
}

/** "" where there is no such file. */
function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
