import { type Rng, rngFrom } from "./rng.ts";

/**
 * Choice n of a job draws from rng(jobSeed, n), so that it can be repeated from the journal. A trial's seed is
 * f(jobSeed, n); each `randint` is f(trialSeed, path in the spec), the same in every attempt. So a run depends only on
 * its seeds, kernels and engine.
 */

/** Largest randint, as in the original system. */
export const largestRandint = 999_999_999;

const draw = (seed: string): number => rngFrom(seed).below(largestRandint + 1);

/** The generator for choice `n` of a job. */
export const choiceRng = (jobSeed: number, n: number): Rng => rngFrom(`${jobSeed}/choice/${n}`);

/** The generator for the plan that is made after `ended` runs of a job have ended. */
export const planRng = (jobSeed: number, ended: number): Rng => rngFrom(`${jobSeed}/plan/${ended}`);

/** The seed of trial `n`, which determines every randint of its run, in every attempt. */
export const trialSeed = (jobSeed: number, n: number): number => draw(`${jobSeed}/trial/${n}`);

/** The integer that replaces a randint at this path of the runspec: 0 to 999,999,999. */
export const randintAt = (seed: number, path: string): number => draw(`${seed}/randint/${path}`);
