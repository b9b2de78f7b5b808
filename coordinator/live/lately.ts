import type { SideWork } from "./side-work.ts";

/** The share of time that recomputing one value may take. */
const share = 0.02;

export interface Making<Of, Value> {
  readonly make: (of: Of) => Value;
  /** What the value depends on. Left out: it changes with the time. */
  readonly versionOf?: (of: Of) => string | number;
  /** How long a value holds at least, in milliseconds, whatever it cost. Default: 0. */
  readonly leastMs?: (value: Value) => number;
  /** Tells what making a value costs, in milliseconds. */
  readonly clock?: () => number;
}

interface Kept<Of, Value> {
  readonly of: Of;
  readonly version: string | number | undefined;
  readonly value: Value;
  /** When it may next be recomputed, in the caller's milliseconds. */
  readonly again: number;
}

/**
 * The latest known form of a value that takes part of a frame to compute. When it is out of date, the side work recomputes it,
 * but not too often. The first is computed at once: there is nothing else to show.
 */
export class Lately<Of extends object, Value> {
  readonly #work: SideWork;
  readonly #making: Making<Of, Value>;
  #kept: Kept<Of, Value> | undefined;

  constructor(work: SideWork, making: Making<Of, Value>) {
    this.#work = work;
    this.#making = making;
  }

  /** @param now  monotonic milliseconds */
  of(source: Of, now: number): Value {
    const kept = this.#kept;
    if (kept?.of !== source) return this.#renewed(source, now);
    const { versionOf } = this.#making;
    const isSame = versionOf !== undefined && kept.version === versionOf(source);
    if (isSame || now < kept.again) return kept.value;
    this.#work.ask(this, () => this.#renew(source, now));
    return this.#kept?.value ?? kept.value;
  }

  // biome-ignore lint/correctness/useYield: one step.
  *#renew(source: Of, now: number): Generator<void, void> {
    this.#renewed(source, now);
  }

  #renewed(of: Of, now: number): Value {
    const { make, versionOf, leastMs = () => 0, clock = () => performance.now() } = this.#making;
    const version = versionOf?.(of);
    const began = clock();
    const value = make(of);
    const again = now + Math.max(leastMs(value), (clock() - began) / share);
    this.#kept = { of, version, value, again };
    return value;
  }
}
