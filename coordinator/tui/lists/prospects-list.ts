import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import { searchView } from "../../../shared/domain/fold/search-view.ts";
import type { Goal } from "../../../shared/domain/goal.ts";
import { settingText } from "../../../shared/domain/hyperparameter.ts";
import type { RunSet } from "../../../shared/domain/run-sets/run-set.ts";
import { type Prospect, prospectsOf } from "../../../shared/domain/search/prospects.ts";
import type { LiveSearch } from "../../live/live-search.ts";
import { column, columnsOfNext, goalColumn, type ScreenColumn } from "./columns.ts";
import { ListView } from "./list-view.ts";
import { chanceText } from "./neighbours-list.ts";

/** A configuration that the search may try next. */
export interface ProspectRow extends Prospect {
  readonly key: string;
  /** Undefined if it was never assigned. */
  readonly runSet: RunSet | undefined;
  /** How it differs from the best: `lr 0.1 -> 0.2`; "" for the best itself. */
  readonly differences: string;
}

/** Whether the job's search plans by the model, and not by the steps round one centre. */
export const plansByModel = ({ submitted: { settings } }: RunTable): boolean =>
  settings.hpTuning === "dgd" && settings.dgd.rule === "model";

/** What a search by the model would try next. It takes milliseconds, so it is kept until a result comes. */
export function prospectList(search: LiveSearch): ListView<ProspectRow> {
  let kept: { readonly table: RunTable; readonly version: number; readonly rows: readonly ProspectRow[] } | undefined;
  return new ListView<ProspectRow>({
    prepare: () => search.table?.model.now?.best,
    rows: () => {
      const { table } = search;
      if (!table) return [];
      const { version } = table.runSets;
      if (kept?.table !== table || kept.version !== version) kept = { table, version, rows: rowsOf(table) };
      return kept.rows.slice();
    },
    keyOf: ({ key }) => key,
    columns: columnsOfNext(search, columnsFor),
  });
}

function rowsOf(table: RunTable): readonly ProspectRow[] {
  const { runSets, submitted } = table;
  const model = table.model.now;
  if (model === null) return [];
  const best = model.best.runSet.configuration;
  return prospectsOf(searchView(table), model).map((prospect) => {
    const { configuration } = prospect;
    const changed = submitted.hyperparameters.flatMap(({ name, values }, i) => {
      const [from, to] = [best[i] ?? 0, configuration[i] ?? 0];
      return from === to ? [] : [`${name} ${settingText(values[from] ?? null)} -> ${settingText(values[to] ?? null)}`];
    });
    return {
      ...prospect,
      key: configuration.join("."),
      runSet: runSets.of(configuration),
      differences: changed.join(", "),
    };
  });
}

/** @param isOver  then nothing comes next, and the chances are what it would try */
const columnsFor = (isOver: boolean, goal: Goal): readonly ScreenColumn<ProspectRow>[] => [
  column(isOver ? "would try" : "next", "measure", 0, ({ chance }) => chance, {
    about: `how likely it is the best of all, which is how often a plan ${isOver ? "would try" : "tries"} it`,
    text: ({ chance }) => chanceText(chance),
    style: () => "accent",
  }),
  goalColumn(goal, goal.name, 0, ({ expected }) => expected.hpmax, {
    about: "what the model expects of it, whether it has run or not",
  }),
  column("sd", "measure", 2, ({ expected }) => expected.stDev, {
    about: "standard deviation of that expectation",
    best: "low",
  }),
  column("runs", "count", 1, ({ runSet }) => runSet?.completed ?? 0, {
    about: "completed runs + those in flight",
    text: ({ runSet }) =>
      runSet && runSet.inFlight > 0 ? `${runSet.completed}+${runSet.inFlight}` : String(runSet?.completed ?? 0),
  }),
  column("differs from the best", "text", 0, ({ differences }) => differences || "the best itself", {
    about: "settings that differ from the best configuration's",
    widest: 120,
  }),
];
