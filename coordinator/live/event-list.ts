import type { JournalEvent } from "../../shared/domain/fold/events.ts";
import type { RunTable } from "../../shared/domain/fold/run-table.ts";
import type { JobName } from "../../shared/domain/names.ts";
import { eventText } from "../words/event-words.ts";
import { narrow } from "../words/narrow.ts";
import { troubleCause } from "../words/trouble-cause.ts";

/** Ordinary lines kept, so that a screen does not grow for ever. Older events are in the journal and in `nexus view events`. */
const mostLines = 5000;
/** At least this many are kept for each job, however much happens in others ... */
const leastOfJob = 100;
/** ... unless there are very many jobs. */
const mostOfAll = 4 * mostLines;
/** Most lines about troubles, one for each cause, kept besides the ordinary lines. */
const mostTroubles = 2000;
/** Workers that a folded line remembers by name. */
const mostWorkers = 100;
/** Lines are dropped in steps: removing the first of a long array moves all the others. */
const slack = 1.2;

export type EventLevel = "info" | "trouble";

export interface EventLine {
  /** Unique; rises. A line keeps it when it moves. */
  readonly id: number;
  /** Wall clock of the newest event that this line stands for, and of the first. */
  readonly at: number;
  readonly since: number;
  readonly text: string;
  readonly level: EventLevel;
  /** The job that it concerns; null: the workspace. */
  readonly job: JobName | null;
  /** How many events of one cause it stands for. */
  readonly count: number;
  /** The workers that they happened on, if any did. */
  readonly workers: ReadonlySet<string>;
}

class Kept implements EventLine {
  readonly id: number;
  at: number;
  readonly since: number;
  readonly level: EventLevel;
  readonly job: JobName | null;
  count = 1;
  #workers: Set<string> | undefined;
  #text: string | (() => string);

  constructor(id: number, { at, since = at, text, level, job = null, workers }: NewLine) {
    this.id = id;
    this.at = at;
    this.since = since;
    this.#text = text;
    this.level = level;
    this.job = job;
    // The text of an ordinary line names its only worker.
    if (level === "trouble") this.#metOn(workers);
  }

  /** Made when first read: most lines about the past are never read. */
  get text(): string {
    if (typeof this.#text !== "string") this.#text = clean(this.#text());
    return this.#text;
  }

  get workers(): ReadonlySet<string> {
    return this.#workers ?? nobody;
  }

  again({ at, text, workers }: NewLine, times: number): void {
    this.at = at;
    this.#text = text;
    this.count += times;
    this.#metOn(workers);
  }

  #metOn(workers: Iterable<string> = nobody): void {
    for (const worker of workers) {
      this.#workers ??= new Set();
      if (this.#workers.size < mostWorkers) this.#workers.add(worker);
    }
  }
}

const nobody: ReadonlySet<string> = new Set();
const clean = (text: string): string => narrow(text.replaceAll("\n", " "));

/** A line to come. */
export interface NewLine {
  readonly at: number;
  readonly text: string | (() => string);
  readonly level: EventLevel;
  readonly job?: JobName | null | undefined;
  readonly workers?: Iterable<string>;
  /** When the first of its events happened. Default: `at`. */
  readonly since?: number;
  /** Troubles with the same cause become one line. */
  readonly cause?: string | undefined;
}

/**
 * What happened, newest last. Troubles of one cause are one line with a count, whatever came between, and ordinary
 * lines never push them out.
 */
export class EventList {
  #lines: Kept[] = [];
  #next = 1;
  #ordinary = 0;
  readonly #byCause = new Map<string, Kept>();
  /** Rises with each change. */
  version = 0;
  #shown: { readonly job: JobName; readonly version: number; readonly lines: readonly EventLine[] } | undefined;

  get lines(): readonly EventLine[] {
    return this.#lines;
  }

  /** The lines of one job and of the workspace. */
  of(job: JobName): readonly EventLine[] {
    const known = this.#shown;
    if (known?.job === job && known.version === this.version) return known.lines;
    const lines = this.#lines.filter((line) => line.job === job || line.job === null);
    this.#shown = { job, version: this.version, lines };
    return lines;
  }

  event(event: JournalEvent, table: RunTable | undefined): void {
    const told = eventText(event, table);
    if (told) this.put({ ...headOf(event), text: told.text });
  }

  /** Something that no record says. Returns whether it became a line of its own. */
  add(at: number, text: string, level: EventLevel): boolean {
    return this.put({ at, text, level });
  }

  /** Returns whether it became a line of its own. @param times  how many events of one cause it stands for */
  put(line: NewLine, times = 1): boolean {
    this.version += 1;
    const text = typeof line.text === "string" ? clean(line.text) : line.text;
    const told = { ...line, text };
    const cause = line.level === "trouble" ? (line.cause ?? `${line.job ?? ""} ${causeIn(text)}`) : undefined;
    const known = cause === undefined ? undefined : this.#byCause.get(cause);
    if (cause !== undefined && known) {
      known.again(told, times);
      this.#moveToEnd(known);
      // The oldest cause is the first one of the map.
      this.#byCause.delete(cause);
      this.#byCause.set(cause, known);
      return false;
    }
    const made = new Kept(this.#next, told);
    made.count = times;
    this.#next += 1;
    this.#lines.push(made);
    if (cause === undefined) this.#ordinary += 1;
    else this.#byCause.set(cause, made);
    if (this.#ordinary > mostLines * slack) this.#dropOrdinary();
    if (this.#byCause.size > mostTroubles * slack) this.#dropTroubles();
    return true;
  }

  /** Drops all lines of a job. */
  forget(job: JobName): void {
    this.version += 1;
    for (const [cause, line] of this.#byCause) if (line.job === job) this.#byCause.delete(cause);
    this.#lines = this.#lines.filter((line) => line.job !== job);
    this.#ordinary = this.#lines.filter(({ level }) => level === "info").length;
  }

  #moveToEnd(line: Kept): void {
    if (this.#lines.at(-1) === line) return;
    this.#lines.splice(this.#lines.lastIndexOf(line), 1);
    this.#lines.push(line);
  }

  #dropOrdinary(): void {
    const left = new Map<JobName | null, number>();
    for (const { level, job } of this.#lines) if (level === "info") left.set(job, (left.get(job) ?? 0) + 1);
    const drop = (least: number, most: number): void => {
      this.#lines = this.#lines.filter(({ level, job }) => {
        const count = left.get(job) ?? 0;
        if (level !== "info" || this.#ordinary <= most || count <= least) return true;
        left.set(job, count - 1);
        this.#ordinary -= 1;
        return false;
      });
    };
    drop(leastOfJob, mostLines);
    if (this.#ordinary > mostOfAll * slack) drop(0, mostOfAll);
  }

  #dropTroubles(): void {
    const gone = new Set<Kept>();
    for (const [cause, line] of this.#byCause) {
      if (this.#byCause.size <= mostTroubles) break;
      this.#byCause.delete(cause);
      gone.add(line);
    }
    this.#lines = this.#lines.filter((line) => !gone.has(line));
  }
}

/** The job among whose events an event is listed; null: the workspace. */
export const jobOf = (event: JournalEvent): JobName | null =>
  "job" in event && event.type !== "job-deleted" ? event.job : null;

/** Everything about an event's line but its words. */
export function headOf(event: JournalEvent): Omit<NewLine, "text"> {
  const cause = troubleCause(event);
  return {
    at: event.at,
    level: cause === undefined ? "info" : "trouble",
    job: jobOf(event),
    workers: "worker" in event && event.worker !== undefined ? [event.worker] : nobody,
    cause,
  };
}

/** A text without the run's name, so that it is the same for all runs. */
const causeIn = (text: string | (() => string)): string =>
  (typeof text === "string" ? text : text()).replace(/\brun\d+(\.\d+)?/, "");
