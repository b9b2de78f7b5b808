import type { RunSets } from "./run-set.ts";

/** This many configurations must have run more than once, with this many different means. */
const fewestRepeated = 3;

/**
 * Whether the same settings always give the same number: at least three configurations have run more than once, with
 * three different means, and no two runs of one configuration differ. Then measuring a configuration again says nothing
 * new.
 *
 * Three different means, because many metrics have limits (0 and 1) that noisy runs reach too.
 */
export const isNoiseFree = ({ repeats: { sets, means, differ } }: Pick<RunSets, "repeats">): boolean =>
  !differ && sets >= fewestRepeated && means.length >= fewestRepeated;
