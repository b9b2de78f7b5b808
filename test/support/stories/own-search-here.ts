import { type Configuration, settingsOf } from "../../../shared/domain/hyperparameter.ts";
import type {
  OwnSearch,
  OwnSearchEars,
  OwnSearches,
  OwnSearchJob,
  ToldRun,
} from "../../../shared/domain/search/own-search.ts";

/** A search in memory, which the test lets answer. */
export class SearchHere implements OwnSearch {
  readonly job: OwnSearchJob;
  readonly ears: OwnSearchEars;
  wantsReports = false;
  isClosed = false;
  /** How often it heard of new marks. */
  grownTimes = 0;
  /** What it was asked and told, in order. */
  readonly asked: { readonly ask: number; readonly n: number }[] = [];
  readonly told: ToldRun[] = [];
  readonly reported: (readonly [run: number, iters: number, value: number])[] = [];
  readonly refused: { readonly ask: number; readonly why: string }[] = [];
  readonly excluded: Configuration[] = [];

  constructor(job: OwnSearchJob, ears: OwnSearchEars) {
    this.job = job;
    this.ears = ears;
  }

  doing(): string {
    return "thinks";
  }

  ask(ask: number, n: number): void {
    this.asked.push({ ask, n });
  }

  /** Answers the oldest question. */
  answer(configuration: Configuration, why = ""): number {
    const question = this.asked.shift();
    if (!question) throw new Error("nothing was asked");
    this.ears.chosen(question.ask, settingsOf(this.job.hyperparameters, configuration), why);
    return question.ask;
  }

  tell(run: ToldRun): void {
    this.told.push(run);
  }

  report(run: number, iters: number, value: number): void {
    this.reported.push([run, iters, value]);
  }

  refuse(ask: number, why: string): void {
    this.refused.push({ ask, why });
  }

  exclude(configuration: Configuration): void {
    this.excluded.push(configuration);
  }

  grown(): void {
    this.grownTimes += 1;
  }

  close(): void {
    this.isClosed = true;
  }
}

/** Keeps every search that was opened, the newest last. */
export class SearchesHere implements OwnSearches {
  refusal: string | null = null;
  readonly opened: SearchHere[] = [];

  refusalOf(): string | null {
    return this.refusal;
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
