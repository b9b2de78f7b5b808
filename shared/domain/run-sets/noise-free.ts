import type { RunSets } from "./run-set.ts";

/** So many configurations must have run more than once, and with so many different results. */
const fewestRepeated = 3;

/**
 * Whether the same settings always give the same number: at least three configurations have run more than once, their means are
 * three different ones, and no two runs of one configuration differ. Then a run can be as little luck as skill: measuring again says
 * nothing new.
 *
 * Three different means, because many metrics have ends (0 and 1) that noisy runs share too.
 */
export const isNoiseFree = ({ repeats: { sets, means, differ } }: Pick<RunSets, "repeats">): boolean =>
  !differ && sets >= fewestRepeated && means.length >= fewestRepeated;
