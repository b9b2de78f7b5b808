import { tunedConfiguration } from "../hyperparameter.ts";
import type { Search } from "./search.ts";

/**
 * `hp_tuning: false`: the same spec again and again, which is how the winner of a search is measured without the luck that
 * made it win. There is no other configuration, so this one is repeated even when excluded.
 */
export const repeatSearch: Search = {
  choose(view) {
    const configuration = tunedConfiguration(view.hyperparameters);
    const excluded = view.isExcluded(configuration) ? ", although it fails again and again" : "";
    return { configuration, why: `hp_tuning is false: the tuned values, as in every run of this job${excluded}` };
  },
};
