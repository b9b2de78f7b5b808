import { type Configuration, type Setting, settingsOf } from "../../../shared/domain/hyperparameter.ts";
import type {
  OwnSearch,
  OwnSearchEars,
  OwnSearches,
  OwnSearchJob,
  ToldRun,
  WhyNotStarted,
} from "../../../shared/domain/search/own-search.ts";

/**
 * A search in memory, ready from the start, whose answers the test gives; test/conformance checks it against the port.
 */
export class SearchHere implements OwnSearch {
  readonly job: OwnSearchJob;
  /** Direct access, to say what a search must never say. */
  readonly ears: OwnSearchEars;
  wantsReports = false;
  isClosed = false;
  /** How often it was told of new marks. */
  grownTimes = 0;
  /** Questions without an answer, the oldest first. */
  readonly asked: { readonly ask: number; readonly n: number }[] = [];
  /** Runs that it was told of, in order; each start adds the whole history. */
  readonly told: ToldRun[] = [];
  readonly reported: (readonly [run: number, iters: number, value: number])[] = [];
  readonly refused: { readonly ask: number; readonly why: string }[] = [];
  readonly excluded: Configuration[] = [];

  constructor(job: OwnSearchJob, ears: OwnSearchEars) {
    this.job = job;
    this.ears = ears;
    this.#begin();
  }

  doing(): string {
    return "thinks";
  }

  ask(ask: number, n: number): void {
    if (!this.isClosed) this.asked.push({ ask, n });
  }

  /** Answers the oldest question, as `choose`, `later` and `finish` do. @returns the question's number */
  answer(configuration: Configuration, why = ""): number {
    return this.choose(settingsOf(this.job.hyperparameters, configuration), why);
  }

  /** @param settings  in spec order; a number of a range need not be one of its marks */
  choose(settings: readonly Setting[], why = ""): number {
    const ask = this.#oldest();
    this.#say((ears) => ears.chosen(ask, settings, why));
    return ask;
  }

  later(why = ""): void {
    const ask = this.#oldest();
    this.#say((ears) => ears.later(ask, why));
  }

  finish(why = ""): void {
    const ask = this.#oldest();
    this.#say((ears) => ears.finished(ask, why));
  }

  prune(run: number, why = ""): void {
    this.#say((ears) => ears.prune(run, why));
  }

  /** The search's program dies and is restarted at once. */
  die(): void {
    this.asked.length = 0;
    this.#begin();
    this.#say((ears) => ears.restarted());
  }

  giveUp(why: string): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.ears.gaveUp(why);
  }

  tell(run: ToldRun): void {
    if (!this.isClosed) this.told.push(run);
  }

  report(run: number, iters: number, value: number): void {
    if (this.wantsReports && !this.isClosed) this.reported.push([run, iters, value]);
  }

  refuse(ask: number, why: string): void {
    if (!this.isClosed) this.refused.push({ ask, why });
  }

  exclude(configuration: Configuration): void {
    if (!this.isClosed) this.excluded.push(configuration);
  }

  grown(): void {
    if (!this.isClosed) this.grownTimes += 1;
  }

  close(): void {
    this.isClosed = true;
  }

  #say(words: (ears: OwnSearchEars) => void): void {
    if (!this.isClosed) words(this.ears);
  }

  #begin(): void {
    this.told.push(...this.job.history());
    this.excluded.push(...this.job.excluded());
  }

  #oldest(): number {
    const question = this.asked.shift();
    if (!question) throw new Error("nothing was asked");
    return question.ask;
  }
}

/** Keeps every opened search, the newest last. */
export class SearchesHere implements OwnSearches {
  barred: WhyNotStarted | null = null;
  readonly opened: SearchHere[] = [];

  whyNot(): WhyNotStarted | null {
    return this.barred;
  }

  refusalOf(): string | null {
    return null;
  }

  open(job: OwnSearchJob, ears: OwnSearchEars): OwnSearch {
    const search = new SearchHere(job, ears);
    this.opened.push(search);
    return search;
  }

  get newest(): SearchHere {
    const search = this.opened.at(-1);
    if (!search) throw new Error("no search was opened");
    return search;
  }
}
