import { rngFrom } from "../rng.ts";

/** One run in so many is never stopped, however hopeless: how it ends shows whether the predictions are right. */
const oneIn = 10;

/** A function of job and trial alone, so that every coordinator spares the same runs. */
export const isSpared = (jobSeed: number, n: number): boolean =>
  rngFrom(`${jobSeed}/spared/${n}`).uniform() < 1 / oneIn;
