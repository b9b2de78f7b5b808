import seedrandom from "seedrandom";

/** The whole state of a generator: four integers below 2^32. */
export type RngState = readonly [number, number, number, number];

/** A seeded random number generator whose state can be saved. The same seed gives the same draws on every machine. */
export interface Rng {
  /** In [0, 1), a multiple of 2^-32; takes one draw. */
  uniform(): number;
  /** An integer in [0, n), uniform to within 2^-52; takes two draws. `n` is an integer from 1 to 2^53 - 1. */
  below(n: number): number;
  state(): RngState;
  /** Continues from a saved state. */
  restore(state: RngState): void;
}

const two32 = 0x100000000;

/** A generator for this seed; a number and its decimal text are the same seed. */
export function rngFrom(seed: string | number): Rng {
  return new AleaRng(seed);
}

/**
 * Baagøe's Alea, as seedrandom implements it. Its three lagged values are multiples of 2^-32 below 1 and its carry is an integer
 * below 2^21, so four integers hold the whole state without rounding.
 */
class AleaRng implements Rng {
  private generator: seedrandom.StatefulPRNG<seedrandom.State.Alea>;

  constructor(seed: string | number) {
    this.generator = seedrandom.alea(String(seed), { state: true });
  }

  uniform(): number {
    return this.generator();
  }

  below(n: number): number {
    if (!Number.isSafeInteger(n) || n < 1) throw new RangeError(`below(${n}): expected an integer of at least 1`);
    return Math.floor(this.generator.double() * n);
  }

  state(): RngState {
    const { s0, s1, s2, c } = this.generator.state();
    return [s0 * two32, s1 * two32, s2 * two32, c];
  }

  restore(state: RngState): void {
    for (const part of state) {
      if (!Number.isInteger(part) || part < 0 || part >= two32)
        throw new RangeError(`not a generator's state: [${state}]`);
    }
    const [s0, s1, s2, c] = state;
    this.generator = seedrandom.alea("", { state: { s0: s0 / two32, s1: s1 / two32, s2: s2 / two32, c } });
  }
}
