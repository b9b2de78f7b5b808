/**
 * What stops runs that will not be the best, `pruning` in the job_launcher. model: predicts a run's end from its curve and its
 * configuration together. median and asha look at the curves alone, which suits searches that spread their runs (random, grid): before
 * a search that spends its runs on good configurations they do harm.
 */
export const prunerNames = ["none", "model", "median", "asha"] as const;
export type PrunerName = (typeof prunerNames)[number];
