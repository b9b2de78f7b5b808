import { type LendingWord, mostUntil, mostWhy } from "../../shared/wire/lending.ts";

/** What the machine's owner allows now (shared/wire/lending.ts); `why` and `until` are words for people. */
export interface Lending {
  readonly word: LendingWord;
  /** "somebody types at pts/3"; "" while it lends. */
  readonly why: string;
  /** "after 5 min without a sign of use"; "" if nobody can say, and while it lends. */
  readonly until: string;
}

export const openLending: Lending = { word: "open", why: "", until: "" };

/** What keeps all slots from claiming. */
type Closer = "lending" | "memory";

/** Lets a slot claim while the owner lends, there is memory, and the owner's limits on runs are not reached. */
export class Gate {
  readonly #closedBy = new Set<Closer>();
  /** Slots that ask for a run or hold one. */
  #inside = 0;
  #most = Number.POSITIVE_INFINITY;
  /** Most runs that may finish here; `#ends` counts those that have. */
  #mostEnds = Number.POSITIVE_INFINITY;
  #ends = 0;
  #waiting: (() => void)[] = [];

  close(by: Closer): void {
    this.#closedBy.add(by);
  }

  open(by: Closer): void {
    if (this.#closedBy.delete(by)) this.#wake();
  }

  /** Sets the most runs at once. Runs above it continue to their end. */
  limit(most: number): void {
    this.#most = most;
    this.#wake();
  }

  /** Sets the most runs that may finish here, counted from the start. */
  limitEnds(most: number): void {
    this.#mostEnds = most;
    this.#wake();
  }

  get isDone(): boolean {
    return this.#ends >= this.#mostEnds;
  }

  /** Whether one more slot may ask. If so, it counts as inside until `leave`. */
  enter(): boolean {
    if (this.#closedBy.size > 0 || this.#inside >= Math.min(this.#most, this.#mostEnds - this.#ends)) return false;
    this.#inside += 1;
    return true;
  }

  leave(): void {
    this.#inside -= 1;
    this.#wake();
  }

  /** A run has come to its end, while its slot was inside. */
  ended(): void {
    this.#ends += 1;
  }

  /** Resolves when it is worth trying `enter` again. */
  changed(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const go of waiting) go();
  }
}

/** The owner, the state of his machine, or the worker's own program. */
export type LendingVoice = "owner" | "disk" | "program";

const strictness: readonly LendingWord[] = ["open", "frozen", "closed"];

/** Each voice can keep the machine from working. The strictest counts; of equals, the first to have spoken. */
export class LendingVoices {
  readonly #said = new Map<LendingVoice, Lending>();

  /** @returns what counts from now on */
  say(by: LendingVoice, lending: Lending): Lending {
    this.#said.set(by, sayable(lending));
    const rank = ({ word }: Lending): number => strictness.indexOf(word);
    return [...this.#said.values()].reduce((most, each) => (rank(each) > rank(most) ? each : most), openLending);
  }
}

/** Shortens the texts: a coordinator would not answer a message with longer ones, and leases would run out. */
const sayable = (lending: Lending): Lending =>
  lending.why.length <= mostWhy && lending.until.length <= mostUntil
    ? lending
    : { ...lending, why: lending.why.slice(0, mostWhy), until: lending.until.slice(0, mostUntil) };

/** One line for the owner's terminal. */
export function lendingText({ word, why, until }: Lending, running: number): string {
  const runs = running === 1 ? "1 run" : `${running} runs`;
  const done = word === "closed" ? `${runs} handed back` : `${runs} frozen`;
  const then = until === "" ? "" : `; lends again ${until}`;
  return word === "open" ? "the machine is lent again" : `${why}: ${running === 0 ? "no run in hand" : done}${then}`;
}
