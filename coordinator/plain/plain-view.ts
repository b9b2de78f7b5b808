import { usedSettings } from "../../shared/domain/conditions/activity.ts";
import { leadOf } from "../../shared/domain/evaluation/lead.ts";
import type { JournalEvent } from "../../shared/domain/fold/events.ts";
import type { RunTable } from "../../shared/domain/fold/run-table.ts";
import { told } from "../../shared/domain/goal.ts";
import type { Configuration, Hyperparameter } from "../../shared/domain/hyperparameter.ts";
import { jsonLine } from "../../shared/domain/json-line.ts";
import { standings } from "../../shared/domain/model/standings.ts";
import { escapedJson, printable } from "../../shared/domain/printable.ts";
import { timeOfDay } from "../../shared/time/time-of-day.ts";
import type { LiveSearch } from "../live/live-search.ts";
import { eventText } from "../words/event-words.ts";
import { progressLine, settingsWithNames, standingsTable } from "../words/progress.ts";
import { reasonOf } from "../words/status-words.ts";
import { type WaitingWords, waitingText } from "../words/waiting.ts";

/** Where the view writes. */
export interface PlainPorts {
  /** Live progress: one line that is rewritten on a terminal, elsewhere one line per event. */
  readonly progress: {
    write(text: string): unknown;
    readonly isTTY?: boolean | undefined;
    readonly columns?: number | undefined;
  };
  /** Whether the terminal understands only text, so that no line can be rewritten. */
  readonly isPlainTerminal?: boolean;
  /** Standings at the end, and JSON lines. */
  readonly results: {
    write(text: string): unknown;
    readonly isTTY?: boolean | undefined;
    readonly columns?: number | undefined;
  };
  /** Milliseconds since 1970. */
  wall(): number;
}

export interface PlainOptions {
  /** Milliseconds between blocks of standings if there is no terminal. Default 60,000; 0: none. */
  readonly everyMs?: number;
  /** One JSON object a line to `results` instead of words. */
  readonly json?: boolean;
}

/** Where a process shows a search: progress to stderr, results to stdout. */
export const processPorts = (environment: NodeJS.ProcessEnv): PlainPorts => ({
  progress: process.stderr,
  isPlainTerminal: ["", "dumb"].includes(environment["TERM"] ?? ""),
  results: process.stdout,
  wall: Date.now,
});

/** The line is rewritten at most 8 times a second: more flickers, and costs on a slow connection. */
const rewriteMs = 125;
/** How often the line is rewritten if nothing happens, since it shows the time. */
const idleRewriteMs = 1000;
const columnsUnknown = 80;
/** A worker needs a moment between two runs. Only a longer wait is worth a message. */
const waitsAtLeastMs = 3000;

const awayText = "the broker does not answer; waiting for it (workers that still run go on)";

/** Shows a search live without a screen: `nexus run`, `nexus-coord` without its terminal UI, `npm start`. */
export class PlainView {
  readonly #ports: PlainPorts;
  readonly #isTerminal: boolean;
  readonly #everyMs: number;
  readonly #json: boolean;
  #shown: { readonly search: LiveSearch; readonly words: WaitingWords } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isDirty = false;
  #isLineShown = false;
  #rewrittenAt = 0;
  #standingsAt: number;
  #wasAway = false;
  /** Why nothing runs; "" while something does. */
  #why = "";
  #waitsSince = 0;
  #toldWhy = "";

  constructor(ports: PlainPorts, { everyMs = 60_000, json = false }: PlainOptions = {}) {
    this.#ports = ports;
    this.#isTerminal = ports.progress.isTTY === true && ports.isPlainTerminal !== true && !json;
    this.#everyMs = everyMs;
    this.#json = json;
    this.#standingsAt = ports.wall();
  }

  /**
   * Begins to show the search's job, until `stop`.
   *
   * @param words  for what a person may type when nothing runs
   */
  show(search: LiveSearch, words: WaitingWords): void {
    this.#shown = { search, words };
    this.#isDirty = true;
    const { table } = search;
    if (table && !this.#isTerminal && !this.#json) this.#say(progressLine(table, this.#ports.wall()));
    this.#timer ??= setInterval(() => this.#tick(), rewriteMs);
    this.#tick();
  }

  /** Shows a record that was just folded. `table` is that of the job it concerns, if it concerns one. */
  event(event: JournalEvent, table: RunTable | undefined): void {
    this.#isDirty = true;
    if (this.#json) {
      const object = eventObject(event, table);
      if (object) this.#object(object);
      return;
    }
    const told = eventText(event, table);
    // On a terminal the line has the counts; only troubles stay above it.
    if (told && (!this.#isTerminal || told.isTrouble)) this.#say(`${timeOfDay(event.at)}  ${told.text}`);
  }

  /** Shows what no record says: that the broker is away, and why nothing runs. Called after each `look` at the search. */
  update(): void {
    if (!this.#shown) return;
    const { search, words } = this.#shown;
    if (search.isAway !== this.#wasAway) {
      this.#wasAway = search.isAway;
      this.#isDirty = true;
      if (search.isAway && !this.#isTerminal && !this.#json) this.#say(awayText);
    }
    const waiting = search.whyWaiting(words);
    const now = this.#ports.wall();
    const why = waiting?.why ?? "";
    if (why !== this.#why) {
      this.#why = why;
      this.#waitsSince = now;
      this.#isDirty = true;
    }
    // A lasting reason is printed once, with what to type.
    if (!waiting || why === this.#toldWhy || now - this.#waitsSince < waitsAtLeastMs) return;
    this.#toldWhy = why;
    if (this.#json) this.#object({ type: "waiting", v: 1, job: search.job, ...waiting });
    else if (waiting.commands.length > 0) {
      this.#say([`${why}; run:`, ...waiting.commands.map((line) => `  ${line}`)].join("\n"));
    } else if (!this.#isTerminal) this.#say(why);
  }

  /** The job has ended: replaces the line by the final counts and prints the standings. */
  finish(table: RunTable): void {
    this.stop();
    const now = this.#ports.wall();
    if (this.#json) {
      this.#object(standingsObject(table));
      return;
    }
    const reason = table.reason === "" ? "" : ` (${printable(table.reason)})`;
    this.#ports.progress.write(`${progressLine(table, now)}${reason}\n`);
    const { results } = this.#ports;
    const width = results.isTTY === true ? results.columns : undefined;
    results.write(`\n${standingsTable(table, undefined, width).join("\n")}\n`);
  }

  /** Removes the line and the timer. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#shown = undefined;
    this.#eraseLine();
  }

  #tick(): void {
    const search = this.#shown?.search;
    const table = search?.table;
    if (!table) return;
    const now = this.#ports.wall();
    if (this.#isTerminal) {
      if (!this.#isDirty && now - this.#rewrittenAt < idleRewriteMs) return;
      this.#isDirty = false;
      this.#rewrittenAt = now;
      // The last column stays free: some terminals wrap when it is written.
      const width = Math.max(1, (this.#ports.progress.columns ?? columnsUnknown) - 1);
      const hint = this.#why || waitingText(table);
      const line = search.isAway
        ? awayText.slice(0, width)
        : progressLine(table, now, { width, hint, leader: search.leader });
      this.#ports.progress.write(`\r${line}\u001b[K`);
      this.#isLineShown = true;
    } else if (this.#everyMs > 0 && now - this.#standingsAt >= this.#everyMs) {
      this.#standingsAt = now;
      if (this.#json) this.#object(standingsObject(table));
      else this.#say(["", progressLine(table, now), "", ...standingsTable(table), ""].join("\n"));
    }
  }

  #say(text: string): void {
    this.#eraseLine();
    this.#ports.progress.write(`${text}\n`);
    this.#isDirty = true;
  }

  #object(object: object): void {
    const time = new Date(this.#ports.wall()).toISOString();
    this.#ports.results.write(escapedJson(jsonLine({ ...object, time })));
  }

  #eraseLine(): void {
    if (!this.#isLineShown) return;
    this.#ports.progress.write("\r\u001b[K");
    this.#isLineShown = false;
  }
}

/** An event as an object for programs. A job's texts are left out. */
function eventObject(event: JournalEvent, table: RunTable | undefined): object | undefined {
  switch (event.type) {
    case "job": {
      const { job, by, file, seed, settings } = event;
      return { type: "job", v: 1, job, by, file, seed, totalRuns: settings.totalRuns };
    }
    case "job-edited": {
      const { job, changes, by, at, opens } = event;
      return { type: "job-edited", v: 1, job, changes, by, at, ...(opens !== undefined && { opens }) };
    }
    case "job-state":
    case "job-deleted":
    case "range-refined":
    case "runs-ordered":
    case "results-judged":
    case "learned":
    case "set-aside":
    case "worker-enrolled":
    case "worker-state":
    case "worker-forgotten":
    case "worker-purged":
    case "invited":
    case "invite-ended":
      return { v: 1, ...event };
    case "assigned":
    case "completed":
    case "ended":
    case "reopened":
    case "lost":
    case "late":
    case "checkpoint-lost": {
      const trial = table?.trial(event.n);
      const settings = table && trial ? settingsWithNames(table, trial.configuration) : [];
      const hparams = Object.fromEntries(settings.map(({ name, value }) => [name, value]));
      const infeasible = table && trial?.status === "infeasible" ? { infeasible: reasonOf(table, trial) } : {};
      return { v: 1, ...event, run: trial?.run, hparams, ...infeasible };
    }
    case "led":
    case "checkpoint": // one a minute per run, and it holds the key to the run's state
      return undefined;
    default: {
      const never: never = event;
      return never;
    }
  }
}

function standingsObject(table: RunTable): object {
  const { goal } = table;
  const { hyperparameters, settings } = table.submitted;
  return {
    type: "standings",
    v: 1,
    job: table.job,
    state: table.state,
    ended: table.ended,
    totalRuns: settings.totalRuns,
    running: table.running,
    queued: table.waiting.size,
    outcomes: table.outcomes,
    ...(table.runSets.totals.infeasible > 0 ? { infeasible: table.runSets.totals.infeasible } : {}),
    ...(table.rejected.size > 0 ? { rejected: table.rejected.size } : {}),
    bestFor: leadOf(table)?.runs ?? 0,
    standings: standings(table.model.now, table.runSets, { top: 10 }).map((row) => ({
      rank: row.rank,
      hpmax: row.estimate,
      ...(goal.isLow ? { minimized: { metric: goal.name, estimate: told(goal, row.estimate) } } : {}),
      sd: row.stDev,
      runs: row.completed,
      best: row.bestRun,
      bestHpmax: row.bestHpmax,
      hparams: namedSettings(hyperparameters, row.runSet.configuration),
    })),
  };
}

/** The settings by name, without inactive hyperparameters. */
function namedSettings(hyperparameters: readonly Hyperparameter[], configuration: Configuration): object {
  const settings = usedSettings(hyperparameters, configuration);
  return Object.fromEntries(hyperparameters.map(({ name }, i) => [name, settings[i]]));
}
