/**
 * Rules that stop runs that will not be the best: `pruning` in the job_launcher. model predicts a run's end from its
 * curve and its configuration together. median and asha look at the curves alone. That suits searches that spread their
 * runs (random, grid), and harms a search that spends its runs on good configurations.
 */
export const prunerNames = ["none", "model", "median", "asha"] as const;
export type PrunerName = (typeof prunerNames)[number];
