import { type Rng, rngFrom } from "./rng.ts";

/** Largest randint, as the original has it. */
export const largestRandint = 999_999_999;

const draw = (seed: string): number => rngFrom(seed).below(largestRandint + 1);

/** The generator that choice `n` of a job draws from. */
export const choiceRng = (jobSeed: number, n: number): Rng => rngFrom(`${jobSeed}/choice/${n}`);

/** The seed of trial `n`: every randint of its run follows from it, in every attempt. */
export const trialSeed = (jobSeed: number, n: number): number => draw(`${jobSeed}/trial/${n}`);

/** The integer that a randint at this path of the runspec becomes: 0 to 999,999,999. */
export const randintAt = (seed: number, path: string): number => draw(`${seed}/randint/${path}`);
