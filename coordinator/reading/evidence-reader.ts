import { type Curve, CurveBuilder } from "../../shared/domain/curve.ts";
import { isResultOf } from "../../shared/domain/fold/rejection.ts";
import type { RunTable } from "../../shared/domain/fold/run-table.ts";
import { distrustOf, isNewestStay, isOpen, type Trial, whyUnheard } from "../../shared/domain/fold/trial.ts";
import type { WorkerId } from "../../shared/domain/names.ts";
import type { Bus, Reading, StoredMessage } from "../../shared/ports.ts";
import { within } from "../../shared/time/deadline.ts";
import type { ArtifactList } from "../../shared/wire/artifacts.ts";
import { BadMessage } from "../../shared/wire/check.ts";
import { decodeEvidence, type Failure, type Reports, type Result } from "../../shared/wire/messages.ts";
import { evidenceOfJob, evidenceOfTrial, parseEvidence, streams } from "../../shared/wire/subjects.ts";

/** A child run and its job; rows of `list runs` have both too. */
export interface ChosenRun {
  readonly table: RunTable;
  readonly trial: Trial;
}

/** What the evidence says of a run beyond the journal. */
export interface RunEvidence {
  readonly curve: Curve;
  /** Its console so far; a long one has gaps, which are marked. Null: nothing was received yet. */
  readonly console: string | null;
  /** The same by attempt. */
  readonly said: readonly ConsoleText[];
  /** Titles of its metrics by column, once it has a result: s1-rew is "reward per step". */
  readonly titles: Readonly<Record<string, string>>;
  /** The GPUs that it was given; "" if none, and until it has ended. */
  readonly gpus: string;
  /** The environment of its programs, in words; "" if none was made for them. */
  readonly environment: string;
  /** The files that it left in its folder; null: none. */
  readonly files: RunFiles | null;
}

/** A run's console in one attempt. */
export interface ConsoleText {
  readonly attempt: number;
  readonly text: string;
}

/** Files that a worker uploaded at the end of an attempt. */
export interface RunFiles {
  readonly worker: WorkerId;
  readonly attempt: number;
  readonly list: ArtifactList;
}

/** Above this many runs of a job, all its evidence is read at once. */
const mostSubjects = 50;
const readTimeoutMs = 120_000;

/** The curves of runs, in the order of the runs; one that has reported nothing has no stages. */
export async function readCurves(bus: Bus, runs: readonly ChosenRun[]): Promise<Curve[]> {
  return (await readEvidence(bus, runs)).map(({ curve }) => curve);
}

/**
 * What was measured in some runs, in the order of the runs. The broker selects the messages of these runs, or of their jobs if
 * there are many. Only the worker that the journal names for an attempt is believed; unreadable messages are left out.
 */
export async function readEvidence(bus: Bus, runs: readonly ChosenRun[]): Promise<RunEvidence[]> {
  // By their names: each lookup of a completed trial makes a new object.
  const collectors = new Map<string, EvidenceCollector>();
  for (const { table, trial } of runs) collectors.set(nameOf(table, trial.n), new EvidenceCollector(table, trial));
  for (const [table, trials] of byJob(runs)) {
    const subjects =
      trials.length > mostSubjects ? [evidenceOfJob(table.job)] : trials.map((n) => evidenceOfTrial(table.job, n));
    const collect = (message: StoredMessage): void => {
      const address = parseEvidence(message.subject);
      if (address) collectors.get(nameOf(table, address.n))?.add(message);
    };
    // One reading for each: together they take a fifth of the time of one reading of a list (56 against 277 ms for 20 runs).
    await Promise.all(subjects.map((subject) => readOnce(bus, subject, collect)));
  }
  return runs.flatMap(({ table, trial }) => collectors.get(nameOf(table, trial.n))?.evidence() ?? []);
}

const nameOf = ({ job }: RunTable, n: number): string => `${job} ${n}`;

function byJob(runs: readonly ChosenRun[]): Map<RunTable, number[]> {
  const jobs = new Map<RunTable, Set<number>>();
  for (const { table, trial } of runs) {
    const trials = jobs.get(table);
    if (trials) trials.add(trial.n);
    else jobs.set(table, new Set([trial.n]));
  }
  return new Map([...jobs].map(([table, trials]) => [table, [...trials]]));
}

async function readOnce(bus: Bus, subject: string, handler: (message: StoredMessage) => void): Promise<void> {
  let reading: Reading | undefined;
  try {
    reading = await bus.read(streams.evidence, 1, handler, [subject]);
    await within(reading.caughtUp, readTimeoutMs, "reading what the runs reported");
  } finally {
    await reading?.stop();
  }
}

/** Assembles the messages about one run. */
export class EvidenceCollector {
  readonly #table: RunTable;
  readonly #trial: Trial;
  readonly #onLines: (lines: string, attempt: number) => void;
  readonly #builder: CurveBuilder;
  /** From the run's own result; undefined before it. */
  #columns: readonly string[] | undefined;
  #titles: Readonly<Record<string, string>> = {};
  #console: ConsoleText | null = null;
  /** Console lines received while the run ran, a text for each attempt. */
  readonly #lines = new Map<number, string>();
  #files: RunFiles | null = null;
  #gpus = "";
  #environment = "";
  /** Messages that were left out: unreadable, or from a worker that never held that attempt. */
  refused = 0;

  /** @param onLines  hears what the console says, in the order in which it was published */
  constructor(table: RunTable, trial: Trial, onLines: (lines: string, attempt: number) => void = () => undefined) {
    this.#table = table;
    this.#trial = trial;
    this.#onLines = onLines;
    this.#builder = new CurveBuilder(trial.run);
  }

  /** Takes a message of the evidence stream about this run. Returns whether it says something new. */
  add(message: StoredMessage): boolean {
    try {
      return this.#read(message);
    } catch (error) {
      if (!(error instanceof BadMessage)) throw error;
      this.refused += 1;
      return false;
    }
  }

  #read({ subject, data }: StoredMessage): boolean {
    const address = parseEvidence(subject);
    if (address?.job !== this.#table.job || address.n !== this.#trial.n) return false;
    const { worker } = address;
    const told = decodeEvidence(address, data);
    const unheard = whyUnheard(this.#trial, { ...told, worker });
    if (unheard !== undefined) throw new BadMessage(unheard);
    // The mark says that the run was open then. What was reported before counts; an end would be the run's own.
    const isSentAway = distrustOf(this.#trial, told.attempt) === "sent away";
    const isItsResult = told.kind === "result" && isResultOf(this.#trial, worker, told.hpmax);
    const isEnd = told.kind === "failed" || told.kind === "released" || told.kind === "result";
    if (isSentAway && isEnd && !isItsResult) throw new BadMessage("its worker was sent away");
    switch (told.kind) {
      case "report":
      case "checkpoint":
        return this.#take(told);
      case "released": {
        const { attempt, console: text } = told;
        const isSaid = text !== undefined && text !== "";
        if (isSaid && this.#columns === undefined && this.#isNewer(attempt)) this.#console = { attempt, text };
        return false;
      }
      case "result": {
        const isNews = this.#take(told);
        const isNumber = Number.isFinite(told.hpmax);
        const mayCount = isItsResult || isOpen(this.#trial) || isNewestStay(this.#trial, told.attempt);
        // A number that an earlier holder sent after the run's end is late.
        if (this.#columns !== undefined || (isNumber && !mayCount)) return isNews;
        // Without a number it is a failure, perhaps of a machine that the run has left.
        const isItsEnd = isNumber || this.#mayFail(told.attempt);
        if (isItsEnd || this.#console === null) this.#ended(worker, told);
        if (isItsEnd) {
          this.#columns = Object.keys(told.metrics);
          this.#titles = told.titles ?? {};
          this.#builder.endedBy(told.attempt);
        }
        return isNews;
      }
      case "failed": {
        const isNews = this.#take(told);
        // A result says more, whichever came first, and so does the failure that counts.
        const isItsEnd = this.#console === null || this.#mayFail(told.attempt);
        if (this.#columns === undefined && isItsEnd) this.#ended(worker, told);
        return isNews;
      }
      default: {
        const never: never = told;
        throw new BadMessage(`unknown evidence ${JSON.stringify(never)}`);
      }
    }
  }

  /** Whether a failure of this attempt may be what ended the run. */
  #mayFail(attempt: number): boolean {
    const { hpmax, rejected } = this.#trial;
    const hasResult = hpmax !== null || rejected !== null;
    return !hasResult && isNewestStay(this.#trial, attempt) && distrustOf(this.#trial, attempt) === "";
  }

  /** Whether the console of a hand-back says more than the one that is known, which may be of the run's end. */
  #isNewer(attempt: number): boolean {
    const known = this.#console;
    if (known === null || this.#mayFail(attempt)) return true;
    return !this.#mayFail(known.attempt) && attempt >= known.attempt;
  }

  #take({ attempt, reports, lines = "" }: Reports): boolean {
    if (lines !== "") {
      this.#lines.set(attempt, (this.#lines.get(attempt) ?? "") + lines);
      this.#onLines(lines, attempt);
    }
    let isNews = lines !== "";
    for (const report of reports) isNews = this.#builder.add(report, attempt) || isNews;
    return isNews;
  }

  #ended(worker: WorkerId, { attempt, console, files, gpus = "", environment = "" }: Result | Failure): void {
    this.#gpus = gpus;
    this.#environment = environment;
    this.#console = { attempt, text: console };
    this.#files = files ? { worker, attempt, list: files } : null;
  }

  evidence(): RunEvidence {
    const said = this.#columns === undefined ? namesInConsole([...this.#lines.values()].join("")) : [];
    const curve = this.#builder.curve(this.#columns ?? (said.length > 0 ? said : this.#table.columns));
    return {
      curve,
      console: this.console(),
      said: this.said(),
      titles: this.#titles,
      gpus: this.#gpus,
      environment: this.#environment,
      files: this.#files,
    };
  }

  /** The console so far, attempt by attempt. */
  said(): ConsoleText[] {
    const told = [...this.#lines].map(([attempt, text]) => ({ attempt, text }));
    return this.atEndOnly === null ? told : [...told, this.atEndOnly];
  }

  /** What came with the end of an attempt that sent no lines while it ran: it was over before the first were due. */
  get atEndOnly(): ConsoleText | null {
    return this.#console === null || this.#lines.has(this.#console.attempt) ? null : this.#console;
  }

  /** The same in one text; null: nothing. */
  console(): string | null {
    const said = this.said();
    const [first] = said;
    if (!first) return null;
    if (said.length === 1 && (first.attempt === 1 || first === this.atEndOnly)) return first.text;
    return said.map(({ attempt, text }) => `--- attempt ${attempt}, ${this.#workerOf(attempt)} ---\n${text}`).join("");
  }

  #workerOf(attempt: number): string {
    return this.#trial.attempts.find((each) => each.attempt === attempt)?.worker ?? "?";
  }
}

/**
 * The names of metrics, read from the console's first line of reports in each stage. Only results travel with names, so this
 * finds them before there is a result.
 *
 * @returns as a result's columns: s1-hrs, s1-rew, s1-win, ...
 */
export function namesInConsole(lines: string): string[] {
  const names: string[] = [];
  const told = new Set<string>();
  let stage = "";
  for (const line of lines.split("\n")) {
    const title = /^Processing stage (\d+) of \d+$/.exec(line)?.[1];
    if (title !== undefined) stage = title;
    const values = /^ *\d+\.\d{3} hrs +[\d,]+ iters((?: {6}\S+ \S+)+)/.exec(line)?.[1];
    if (values === undefined || stage === "" || told.has(stage)) continue;
    told.add(stage);
    names.push(`s${stage}-hrs`);
    for (const [, name] of values.matchAll(/ {6}\S+ (\S+)/g)) names.push(`s${stage}-${name}`);
  }
  return names;
}
