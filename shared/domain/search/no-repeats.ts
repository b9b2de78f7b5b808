import { isNoiseFree } from "../run-sets/noise-free.ts";
import type { RunSet, RunSets } from "../run-sets/run-set.ts";

/** auto: a configuration may run again, unless the same settings always give the same result. never: none runs twice. */
export type RepeatRule = "auto" | "never";

/** Why no configuration may run twice, for people; null if they may. */
export function whyNoRepeats(rule: RepeatRule, runSets: RunSets): string | null {
  if (rule === "never") return "repeat is never";
  return isNoiseFree(runSets) ? "the same settings have always given the same result" : null;
}

/** Whether a run of the configuration has ended, or is under way. */
export const isTried = (runSet: RunSet | undefined): boolean =>
  runSet !== undefined && (runSet.inFlight > 0 || runSet.ended > 0);
