import type { RunSets } from "./run-set.ts";
import { fineValues } from "./run-set-columns.ts";

/** So many configurations must have run more than once, with so many different means. */
const fewestMeans = 3;
/**
 * The same for a coarse metric, whose runs often agree by chance. Of searches that count successes in 3, 9 or 19 episodes,
 * five means take at most 0.32% for free of noise, and three take 0.6 to 12% (four distributions of the rates, 40,000
 * searches of each, 2026-11-29). Of 100 episodes, three take 0.1 to 1.1%.
 */
const fewestCoarseMeans = 5;

/**
 * Whether the same settings always give the same number: enough configurations have run more than once, with as many
 * different means, and no two runs of one configuration differ. Then measuring a configuration again says nothing new.
 *
 * Different means, because many metrics have limits (0 and 1) that noisy runs reach too. A metric is taken for coarse until
 * it has had `fineValues` different values.
 */
export const isNoiseFree = ({ repeats: { means, values, differ } }: Pick<RunSets, "repeats">): boolean =>
  !differ && means.length >= (values.size < fineValues ? fewestCoarseMeans : fewestMeans);
