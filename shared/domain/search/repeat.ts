import { tunedConfiguration } from "../hyperparameter.ts";
import type { Search } from "./search.ts";

/**
 * `hp_tuning: false`: the tuned configuration in every run, which measures the winner of a search without the luck that made it
 * win. It is repeated even if excluded, because there is no other.
 */
export const repeatSearch: Search = {
  choose(view) {
    const configuration = tunedConfiguration(view.hyperparameters);
    const excluded = view.isExcluded(configuration) ? ", although it fails again and again" : "";
    return { configuration, why: `hp_tuning is false: the tuned values, as in every run of this job${excluded}` };
  },
};
