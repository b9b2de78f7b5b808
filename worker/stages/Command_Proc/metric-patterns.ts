import { createContext, Script } from "node:vm";

/** What a line of a program's output reports. */
export interface Measured {
  /** Undefined if the line states none. */
  readonly iters: number | undefined;
  readonly values: Readonly<Record<string, number>>;
}

/** Limit for all lines that came at once: a pattern that could search for ever fails the run instead of hanging it. */
const usualMostMs = 1000;
/** Of the limit: an idle machine gives a search a little less processor time than the clock says. */
const nearlyAll = 0.9;
/** Characters. Of a longer line only the end is searched, where progress bars have their numbers. */
const longestLine = 4000;

/** Runs in a context of its own, because only there can a search be timed out. */
const search = new Script(`lines.map((line) => {
  for (const pattern of patterns) {
    const found = pattern.exec(line);
    if (found) return Object.entries(found.groups ?? {});
  }
  return null;
})`);

export class SlowPattern extends Error {
  override readonly name = "SlowPattern";
}

/** Finds metrics in what a program prints for people. Each pattern's groups are named after the metrics, or `iters`. */
export class MetricPatterns {
  readonly #sources: readonly string[];
  readonly #mostMs: number;
  readonly #used: () => number;
  readonly #context: { patterns: readonly RegExp[]; lines: readonly string[] };

  /** @param used  processor time so far, in milliseconds */
  constructor(sources: readonly string[], mostMs = usualMostMs, used = usedMs) {
    this.#sources = sources;
    this.#mostMs = mostMs;
    this.#used = used;
    this.#context = { patterns: sources.map((source) => new RegExp(source)), lines: [] };
    createContext(this.#context);
  }

  /**
   * For each line, what the first matching pattern found; undefined if none matched.
   *
   * @throws SlowPattern if the patterns need more than a second of processor time
   */
  find(lines: readonly string[]): (Measured | undefined)[] {
    // Most lines have no number: they need no pattern, and the error below must not name one of them.
    const telling = [...lines.keys()].filter((i) => /\d|nan|inf/i.test(lines[i] ?? ""));
    const all: (Measured | undefined)[] = new Array(lines.length);
    if (telling.length === 0) return all.fill(undefined);
    this.#context.lines = telling.map((i) => lookedAt(lines[i] ?? ""));
    const found = this.#search(lines[telling[0] ?? 0] ?? "");
    all.fill(undefined);
    for (const [k, groups] of found.entries()) if (groups) all[telling[k] ?? 0] = measuredIn(groups);
    return all;
  }

  /** A run that its owner froze, or that a busy machine kept waiting, has used no time: it searches again. */
  #search(first: string): readonly (readonly (readonly [string, string | undefined])[] | null)[] {
    for (let timeout = this.#mostMs; ; timeout *= 2) {
      const began = this.#used();
      try {
        return search.runInContext(this.#context, { timeout });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ERR_SCRIPT_EXECUTION_TIMEOUT") throw error;
        if (this.#used() - began < nearlyAll * this.#mostMs) continue;
        throw new SlowPattern(
          `metric_pattern took more than ${this.#mostMs / 1000} s of processor time for lines such as ${JSON.stringify(first.slice(0, 200))}: ` +
            this.#sources.join(", "),
        );
      }
    }
  }
}

/** Processor time of this process so far, in milliseconds. */
function usedMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** The part of a line that patterns see. */
const lookedAt = (line: string): string => line.slice(line.lastIndexOf("\r") + 1).slice(-longestLine);

function measuredIn(groups: readonly (readonly [string, string | undefined])[]): Measured | undefined {
  const numbers = groups.flatMap(([name, text]): [string, number][] => {
    const value = text === undefined ? undefined : numberIn(text);
    return value === undefined ? [] : [[name, value]];
  });
  const { iters, ...values } = Object.fromEntries(numbers) as Record<string, number>;
  return Object.keys(values).length > 0 ? { iters, values } : undefined;
}

/** A number as programs print it: `0.93`, `1e-3`, `93%`, `nan`, `-inf`. */
export function numberIn(text: string): number | undefined {
  const word = text.trim().replace(/%$/, "");
  if (/^[-+]?(nan|inf(inity)?)$/i.test(word)) {
    if (/nan/i.test(word)) return Number.NaN;
    return word.startsWith("-") ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  }
  return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(word) ? Number(word) : undefined;
}

/** A pattern for the first line that has a metric's name before a number; undefined if no line has. */
export function patternFor(lines: readonly string[], metrics: readonly string[]): string | undefined {
  for (const metric of metrics) {
    if (!/^\w+$/.test(metric)) continue;
    for (const line of lines.map(lookedAt)) {
      const found = new RegExp(`\\b(${metric}\\s*[:=]?\\s*)[-+.\\d]`, "i").exec(line);
      if (!found) continue;
      const before = (found[1] ?? "").replace(/\s+/g, "\\s*").replace(/([:=])$/, "$1\\s*");
      const counted = /\b(epoch|step|iter(?:ation)?|round)s?\b\D{0,3}\d/i.exec(line.slice(0, found.index));
      const iters = counted ? `${counted[1]}\\D*(?<iters>\\d+).*` : "";
      return `${iters}${before}(?<${metric}>[-+.\\de]+)`;
    }
  }
  return undefined;
}
