import type { Detector, Found, Now, OwnRuns, Use } from "./detector.ts";
import type { SystemFiles } from "./system-files.ts";

/** Percent of an engine of a GPU that a program uses; below this a desktop draws its clock. */
const leastPercent = 10;
/** Processes whose files are looked through at one look: all of a desktop's within 15 s, at 0.14% of a busy core (2026-11-28). */
const atOnce = 20;

/** One engine's counters: busy nanoseconds where `total` is undefined, else busy cycles of `total` cycles. */
interface Count {
  readonly busy: number;
  readonly total: number | undefined;
}

/** One program's use of one GPU. */
interface Client {
  readonly pid: string;
  at: number;
  counts: ReadonlyMap<string, Count>;
}

/**
 * Other programs use a GPU of AMD or Intel: the kernel tells in /proc/PID/fdinfo how long each program kept each engine busy
 * (amdgpu, i915, xe; Linux's drm-usage-stats). No tool is needed. Only root may read what other users' programs do.
 */
export class DrmUse implements Detector {
  readonly name = "gpu";
  readonly everyMs = 1000;
  readonly #files: SystemFiles;
  readonly #own: OwnRuns;
  /** Processes that this round has still to look at. */
  #waiting: string[] = [];
  /** `/proc/PID/fdinfo/N` of each open GPU. */
  readonly #open = new Set<string>();
  readonly #clients = new Map<string, Client>();
  #found: Found = {};

  constructor(files: SystemFiles, own: OwnRuns) {
    this.#files = files;
    this.#own = own;
  }

  /** Whether this machine has a GPU whose driver may tell. */
  static isThere(files: SystemFiles): boolean {
    return files.names("/dev/dri").some((name) => name.startsWith("render") || name.startsWith("card"));
  }

  look({ monotonic }: Now): Found {
    this.#lookForUsers();
    if (this.#open.size === 0) return this.#found;
    const own = new Set(this.#own.pids().map(String));
    // A program may have a GPU open several times.
    const seen = new Set<string>();
    for (const path of this.#open) {
      const [, , pid = ""] = path.split("/");
      const text = own.has(pid) ? undefined : this.#files.text(path);
      const id = text === undefined ? undefined : clientOf(text);
      if (text === undefined || id === undefined) this.#open.delete(path);
      else if (!seen.has(id)) {
        seen.add(id);
        this.#compare(id, pid, countsOf(text), monotonic);
      }
    }
    for (const id of this.#clients.keys()) if (!seen.has(id)) this.#clients.delete(id);
    return this.#found;
  }

  close(): void {}

  #lookForUsers(): void {
    if (this.#waiting.length === 0) this.#waiting = this.#files.names("/proc").filter((name) => /^\d+$/.test(name));
    for (const pid of this.#waiting.splice(0, atOnce))
      for (const file of this.#files.names(`/proc/${pid}/fd`))
        if (this.#files.link(`/proc/${pid}/fd/${file}`)?.startsWith("/dev/dri/"))
          this.#open.add(`/proc/${pid}/fdinfo/${file}`);
  }

  #compare(id: string, pid: string, counts: ReadonlyMap<string, Count>, at: number): void {
    const before = this.#clients.get(id);
    this.#clients.set(id, { pid, at, counts });
    if (!before || at <= before.at) return;
    for (const [engine, { busy, total }] of counts) {
      const was = before.counts.get(engine);
      if (!was) continue;
      const passed = total === undefined ? (at - before.at) * 1e6 : total - (was.total ?? total);
      if (passed <= 0 || (100 * (busy - was.busy)) / passed < leastPercent) continue;
      const what = `another program uses GPU ${id.split(" ")[0]}: ${this.#files.text(`/proc/${pid}/comm`) ?? pid}`;
      this.#found = { use: { at, what } satisfies Use };
      return;
    }
  }
}

/** The GPU's place on the bus, and its client's number; undefined where the driver tells nothing. */
function clientOf(text: string): string | undefined {
  const client = /^drm-client-id:\s*(\d+)/m.exec(text)?.[1];
  const place = /^drm-pdev:\s*(\S+)/m.exec(text)?.[1] ?? /^drm-driver:\s*(\S+)/m.exec(text)?.[1] ?? "?";
  return client === undefined ? undefined : `${place} ${client}`;
}

/**
 * `drm-engine-gfx: 1234 ns`, or of xe `drm-cycles-rcs: 1234` beside `drm-total-cycles-rcs: 5678`; where there are several of a
 * kind, `drm-engine-capacity-video: 2`, they count as one.
 */
function countsOf(text: string): Map<string, Count> {
  const numbers = new Map<string, number>();
  for (const [, key = "", value] of text.matchAll(/^drm-((?:engine|cycles|total-cycles)-[\w-]+):\s*(\d+)/gm))
    numbers.set(key, Number(value));
  const counts = new Map<string, Count>();
  for (const [key, value] of numbers) {
    const [, kind = "", engine = ""] = /^(engine|cycles)-(?!capacity-)(.+)$/.exec(key) ?? [];
    if (engine === "") continue;
    const several = numbers.get(`engine-capacity-${engine}`) ?? 1;
    const total = kind === "cycles" ? numbers.get(`total-cycles-${engine}`) : undefined;
    if (kind === "cycles" && total === undefined) continue;
    counts.set(`${kind} ${engine}`, { busy: value / Math.max(1, several), total });
  }
  return counts;
}
