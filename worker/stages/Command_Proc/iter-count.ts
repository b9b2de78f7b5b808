import { countIn, countState } from "../count-state.ts";

/** The iterations of a program's reports: whole numbers from 1 that only rise, whatever the program counts from. */
export class IterCount {
  #done: number;
  /** 1 if the program counts from 0, so that its first report counts too. */
  #shift: number;

  /** @param state  of an earlier attempt */
  constructor(state: Uint8Array | undefined) {
    this.#done = countIn(state);
    this.#shift = state?.[4] ?? 0; // earlier versions wrote 4 bytes
  }

  /** Iterations of the newest report that counted; 0 before the first. */
  get done(): number {
    return this.#done;
  }

  /** Counts a report. Returns its iterations; undefined if it repeats what was reported before. */
  next(said: number | undefined): number | undefined {
    if (said === 0 && this.#done === 0) this.#shift = 1;
    const iters = whole(said === undefined ? undefined : said + this.#shift) ?? this.#done + 1;
    if (said === 0 && this.#done > 0) return undefined;
    if (iters <= this.#done) return undefined;
    this.#done = iters;
    return iters;
  }

  state(): Uint8Array {
    return this.#shift === 0 ? countState(this.#done) : Uint8Array.of(...countState(this.#done), this.#shift);
  }
}

const whole = (value: number | undefined): number | undefined =>
  value !== undefined && Number.isInteger(value) && value > 0 && value < 2 ** 32 ? value : undefined;
