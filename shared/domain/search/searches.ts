import { type DgdOptions, dgdSearch } from "./dgd.ts";
import { gridSearch } from "./grid.ts";
import { randomSearch } from "./random.ts";
import { repeatSearch } from "./repeat.ts";
import type { Search } from "./search.ts";
import { tpeSearch } from "./tpe.ts";

/** The algorithms that choose configurations; own is a program of the user's (own-search.ts). */
export const searchNames = ["random", "grid", "dgd", "bayesian", "own"] as const;

/** Which of them a job uses; false repeats the tuned configuration. */
export type HpTuning = (typeof searchNames)[number] | false;

export interface SearchOptions {
  /** Default: by the model. */
  readonly dgd?: DgdOptions;
}

/** The search that a job's `hp_tuning` names. @throws RangeError for "own", which answers in its own time */
export function createSearch(
  tuning: HpTuning,
  { dgd = { rule: "model", countInFlight: true } }: SearchOptions = {},
): Search {
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
      return tpeSearch;
    case "own":
      throw new RangeError("a search of the user's own answers in its own time");
    default: {
      const never: never = tuning;
      throw new RangeError(`no search for hp_tuning ${String(never)}; expected dgd, bayesian, random, grid or false`);
    }
  }
}
