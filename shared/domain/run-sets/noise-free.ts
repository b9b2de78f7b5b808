import type { RunSets } from "./run-set.ts";
import { fineValues, type Repeats } from "./run-set-columns.ts";

/** This many configurations must have run more than once, with this many different means. */
const fewestMeans = 3;
/**
 * The same for a coarse metric, whose runs often agree by chance. Of searches that count successes in 3, 9, 19, 50 or 100
 * episodes, 0 to 0.22% are misjudged, and 0.1 to 13% would be if three means were enough everywhere (four distributions of the
 * rates, 12,000 searches of each, 2026-11-29).
 */
const fewestCoarseMeans = 5;
/** Of a fine metric nearly every configuration has a value of its own. */
const fineShare = 0.9;
const fewestFineValues = 16;

/**
 * Whether the same settings always give the same number: enough configurations have run more than once, with as many
 * different means, and no two runs of one configuration differ. Then measuring a configuration again says nothing new.
 *
 * Different means, because many metrics have limits (0 and 1) that noisy runs reach too.
 */
export const isNoiseFree = ({ repeats }: Pick<RunSets, "repeats">): boolean =>
  !repeats.differ && repeats.means.length >= (isFine(repeats) ? fewestMeans : fewestCoarseMeans);

const isFine = ({ values, measured }: Repeats): boolean =>
  values.size >= Math.min(fineValues, Math.max(fewestFineValues, fineShare * measured));
