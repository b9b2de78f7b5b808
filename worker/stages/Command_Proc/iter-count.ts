import { countIn, countState } from "../count-state.ts";

/** Bytes of a state that has `#said` behind the count and the shift, as a float64, big-endian. */
const orderedBytes = 13;

/** The iterations of a program's reports: whole numbers from 1 that only rise, whatever the program counts from. */
export class IterCount {
  #done: number;
  /** 1 if the program counts from 0, so that its first report counts too. */
  #shift: number;
  /** Whether the program counts in fractions, such as half epochs: then its counts only say in which order reports come. */
  #isByOrder: boolean;
  /** What the program said in the earlier attempts' last report, if they went by order, until this attempt has passed it. */
  #saidBefore: number;
  /** What the program said in the last report that counted. */
  #said: number;

  /** @param state  of an earlier attempt */
  constructor(state: Uint8Array | undefined) {
    this.#done = countIn(state);
    this.#shift = state?.[4] ?? 0; // earlier versions wrote 4 bytes
    const said = saidIn(state);
    this.#isByOrder = said !== undefined;
    this.#saidBefore = said ?? Number.NEGATIVE_INFINITY;
    this.#said = this.#saidBefore;
  }

  /** Iterations of the newest report that counted; 0 before the first. */
  get done(): number {
    return this.#done;
  }

  /** Counts a report. Returns its iterations; undefined if it repeats what was reported before. */
  next(said: number | undefined): number | undefined {
    if (said === 0 && this.#done === 0) this.#shift = 1;
    if (isCount(said) && !Number.isInteger(said)) this.#isByOrder = true;
    const iters = (this.#isByOrder ? undefined : whole(said, this.#shift)) ?? this.#done + 1;
    if (this.#isRepeated(said, iters)) return undefined;
    this.#done = iters;
    if (isCount(said)) {
      this.#said = said;
      this.#saidBefore = Number.NEGATIVE_INFINITY;
    }
    return iters;
  }

  #isRepeated(said: number | undefined, iters: number): boolean {
    if (!this.#isByOrder) return iters <= this.#done || (said === 0 && this.#done > 0);
    // Within an attempt nothing is a repetition: many programs round their fractions, and each fold begins at 0 again.
    return isCount(said) && said <= this.#saidBefore;
  }

  state(): Uint8Array {
    const count = countState(this.#done);
    if (!this.#isByOrder) return this.#shift === 0 ? count : Uint8Array.of(...count, this.#shift);
    const state = new Uint8Array(orderedBytes);
    state.set([...count, this.#shift]);
    new DataView(state.buffer).setFloat64(5, this.#said);
    return state;
  }
}

const isCount = (said: number | undefined): said is number => said !== undefined && Number.isFinite(said) && said >= 0;

function whole(said: number | undefined, shift: number): number | undefined {
  const value = said === undefined ? Number.NaN : said + shift;
  return Number.isInteger(value) && value > 0 && value < 2 ** 32 ? value : undefined;
}

const saidIn = (state: Uint8Array | undefined): number | undefined =>
  state && state.length >= orderedBytes ? new DataView(state.buffer, state.byteOffset).getFloat64(5) : undefined;
