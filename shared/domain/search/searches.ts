import { type DgdOptions, dgdSearch } from "./dgd.ts";
import { gridSearch } from "./grid.ts";
import { randomSearch } from "./random.ts";
import { repeatSearch } from "./repeat.ts";
import type { Search } from "./search.ts";

/** Which algorithm chooses configurations; false repeats the tuned configuration. */
export type HpTuning = "random" | "grid" | "dgd" | "bayesian" | false;

export interface SearchOptions {
  /** Default: runs in flight count. */
  readonly dgd?: DgdOptions;
}

/**
 * The search that a job's `hp_tuning` names.
 *
 * @throws RangeError for "bayesian", which the reader of specs refuses earlier
 */
export function createSearch(tuning: HpTuning, { dgd = { countInFlight: true } }: SearchOptions = {}): Search {
  switch (tuning) {
    case "dgd":
      return dgdSearch(dgd);
    case "random":
      return randomSearch;
    case "grid":
      return gridSearch;
    case false:
      return repeatSearch;
    case "bayesian":
      break;
    default: {
      const never: never = tuning;
      throw new RangeError(`no search for hp_tuning ${String(never)}; expected dgd, random, grid or false`);
    }
  }
  throw new RangeError(`no search for hp_tuning "${tuning}"; expected dgd, random, grid or false`);
}
