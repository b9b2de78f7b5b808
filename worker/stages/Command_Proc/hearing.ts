import type { StageContext } from "../stage.ts";
import type { CommandSpec } from "./command-spec.ts";
import { type HowMuch, MetricFiles } from "./files/metric-files.ts";
import { numberOf } from "./files/row.ts";
import { IterCount } from "./iter-count.ts";
import { objectIn } from "./json-object.ts";
import { type Measured, MetricPatterns, SlowPattern } from "./metric-patterns.ts";

/** Most names kept for an error: a program could print new ones for ever. */
const mostOthers = 50;
/** Newest lines kept for an error. */
const mostNewest = 20;

/** Turns what a program prints, and writes into files, into reports. Keeps what explains a failure. */
export class Hearing {
  /** Iterations that earlier attempts reported. */
  readonly before: number;
  /** The newest lines. */
  readonly newest: string[] = [];
  /** The metrics that no report of this attempt had. */
  readonly missing: Set<string>;
  /** The first metric was in a report of an iteration that had been reported before. */
  isFirstRepeated = false;
  /** Names of other numbers in reports, as long as none had the first metric. */
  readonly others = new Set<string>();
  /** The first metric that was reported as something other than a number, with that value. */
  noNumber: string | undefined;
  /** Set once the patterns took too long; they are not used any more. */
  slow: SlowPattern | undefined;
  /** Reads metrics_file; undefined if the stage names none. */
  readonly files: MetricFiles | undefined;
  readonly #context: StageContext;
  readonly #metrics: readonly string[];
  readonly #patterns: MetricPatterns | undefined;
  readonly #count: IterCount;
  #hasReported = false;

  /** Create it before the program starts: what the files hold by then is from earlier attempts. */
  constructor(spec: CommandSpec, context: StageContext) {
    this.#context = context;
    this.#metrics = spec.metrics.map(({ short }) => short);
    this.missing = new Set(this.#metrics);
    this.#patterns = spec.patterns.length > 0 ? new MetricPatterns(spec.patterns) : undefined;
    this.#count = new IterCount(context.resume);
    this.before = this.#count.done;
    this.files = spec.file && new MetricFiles(spec.file, this.#metrics, [context.directory, context.stateDirectory]);
    this.files?.begin();
  }

  /** Whether this attempt and the earlier ones have reported nothing. */
  get isNothingReported(): boolean {
    return !this.#hasReported && this.before === 0;
  }

  /** Whether the run has no result, although it may have reported something. */
  get isResultMissing(): boolean {
    return this.#context.needsFirst === true && this.#isFirstMissing;
  }

  get #isFirstMissing(): boolean {
    return this.missing.has(this.#metrics[0] ?? "");
  }

  /** @param end  ends the program; called if the patterns cannot keep up with its output */
  hear(lines: readonly string[], isError: boolean, end: () => void): void {
    let found: readonly (Measured | undefined)[] = [];
    try {
      if (this.#patterns && !this.slow) found = this.#patterns.find(lines);
    } catch (error) {
      if (!(error instanceof SlowPattern)) throw error;
      this.slow = error;
      end();
    }
    for (const [i, line] of lines.entries()) this.#hearLine(line, isError ? undefined : reportIn(line), found[i]);
  }

  readFiles(howMuch: HowMuch): void {
    for (const { step, row, values, file } of this.files?.read(howMuch) ?? []) {
      const told = { ...(step === undefined ? {} : { step }), ...values };
      this.#context.witness?.printed(`${file}: ${JSON.stringify(told)}`, true);
      this.#report(
        step ?? (row === undefined ? undefined : this.before + row),
        this.#metrics.map((metric) => values[metric]),
      );
    }
  }

  /** Takes a checkpoint: how far the reports are, and the run's files. */
  checkpoint(): Promise<void> {
    return this.#context.checkpoint(this.#count.done, this.#count.state());
  }

  #hearLine(line: string, found: Readonly<Record<string, unknown>> | undefined, measured: Measured | undefined): void {
    const { witness } = this.#context;
    if (!found && !measured) {
      witness?.printed(line, false);
      this.#keep(line);
      return;
    }
    const values = this.#metrics.map((metric) => (found ? numberOf(found[metric]) : measured?.values[metric]));
    const isMeasured = values.some((value) => value !== undefined);
    witness?.printed(line, isMeasured);
    if (isMeasured) this.#report(found ? numberOf(found["iters"]) : measured?.iters, values);
    if (found && this.#isFirstMissing) this.#note(found);
    if (!found || !isMeasured) this.#keep(line);
  }

  /** Keeps what explains that the first metric is missing. */
  #note(found: Readonly<Record<string, unknown>>): void {
    for (const [name, value] of Object.entries(found)) {
      const isNumber = numberOf(value) !== undefined;
      if (!this.#metrics.includes(name)) {
        if (isNumber && this.others.size < mostOthers) this.others.add(name);
      } else if (!isNumber) this.noNumber ??= `${name} as ${JSON.stringify(value).slice(0, 80)}`;
    }
  }

  #report(said: number | undefined, values: readonly (number | undefined)[]): void {
    const iters = this.#count.next(said);
    if (iters === undefined) {
      // Repeated since the last checkpoint, and already reported.
      this.isFirstRepeated ||= values[0] !== undefined;
      return;
    }
    this.#hasReported = true;
    if (this.missing.size > 0)
      for (const [i, metric] of this.#metrics.entries()) if (values[i] !== undefined) this.missing.delete(metric);
    this.#context.report(
      iters,
      values.map((value) => value ?? Number.NaN),
      values.map((value) => (value === undefined ? 0 : 1)),
    );
  }

  #keep(line: string): void {
    if (line.trim() !== "") this.newest.push(line);
    if (this.newest.length > mostNewest) this.newest.shift();
    this.#context.log(line);
  }
}

/** The report in a line of at most about 128 kB (tied-program.ts); undefined if the line is none. */
function reportIn(line: string): Readonly<Record<string, unknown>> | undefined {
  return line.startsWith("{") ? objectIn(line) : undefined; // a line for people may start with a brace, too
}
