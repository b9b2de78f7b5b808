import { pause } from "../../../shared/time/deadline.ts";

/** Turns one after another, with a pause of `everyMs` milliseconds after each. */
export class Turns {
  readonly #everyMs: number;
  #last: Promise<void> = Promise.resolve();

  constructor(everyMs: number) {
    this.#everyMs = everyMs;
  }

  next(): Promise<void> {
    const turn = this.#last;
    this.#last = turn.then(() => pause(this.#everyMs));
    return turn;
  }
}
