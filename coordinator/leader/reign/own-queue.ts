import type { Setting } from "../../../shared/domain/hyperparameter.ts";
import type { WorkerId } from "../../../shared/domain/names.ts";
import type { OwnSearch } from "../../../shared/domain/search/own-search.ts";

/** A choice that waits for a worker. */
export interface ReadyChoice {
  /** The question that it answers; null if a process of the search gave it that has died since. */
  readonly ask: number | null;
  /** In spec order; for a range, any number within it. */
  readonly settings: readonly Setting[];
  readonly why: string;
}

/** Questions and choices that are under way at once. */
const mostAhead = 64;

/** What the leader keeps of one search of a user's own; rules/own-search.ts works with it. Nothing of it is journalled. */
export class OwnQueue {
  readonly search: OwnSearch;
  readonly ready: ReadyChoice[] = [];
  /** Questions without an answer. */
  readonly asked = new Set<number>();
  /** Which question each open run answers, and each failed one. */
  readonly askOf = new Map<number, number>();
  /** Workers that asked while there was no choice, the longest first. */
  readonly missed = new Set<WorkerId>();
  /** Choices in a row that were excluded. */
  refused = 0;
  /** Whether the search wants to hear of another result before it is asked again. */
  isResting = false;
  /** Why it has nothing left to try; null: it has not said so. */
  finishedWhy: string | null = null;
  /** Whether its program ended after that, so that nobody answers any more. */
  isGone = false;
  /** 1 or -1: what makes a reported value one to be maximised; and the stage whose reports count. */
  readonly metric: { readonly sign: 1 | -1; readonly stage: number };
  readonly #ahead: number;
  #questions = 0;

  constructor(search: OwnSearch, ahead: number, metric: OwnQueue["metric"]) {
    this.search = search;
    this.#ahead = ahead;
    this.metric = metric;
  }

  /** How many more choices are wanted now. @param room  runs that may still start */
  lacking(room: number): number {
    if (this.isResting || this.finishedWhy !== null) return 0;
    const wanted = Math.min(mostAhead, room, this.#ahead + this.missed.size);
    return Math.max(0, wanted - this.ready.length - this.asked.size);
  }

  nextQuestion(): number {
    this.#questions += 1;
    this.asked.add(this.#questions);
    return this.#questions;
  }

  /** Another process answers from now on. What the old one chose is as good as before. */
  forgetQuestions(): void {
    this.asked.clear();
    this.askOf.clear();
    this.isResting = false;
    for (const [i, choice] of this.ready.entries()) this.ready[i] = { ...choice, ask: null };
  }
}
