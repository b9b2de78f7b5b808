import { counted } from "../../../shared/domain/counted.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import type { Configuration } from "../../../shared/domain/hyperparameter.ts";
import { leastResults } from "../../../shared/domain/search/dgd.ts";
import { resultDigits } from "../../words/number-format.ts";
import { named } from "../../words/progress.ts";
import { chanceText, weighedNeighbourhood } from "../lists/neighbours-list.ts";
import { plansByModel } from "../lists/prospects-list.ts";
import { type Line, plain, span } from "../terminal/styled.ts";
import { wrapped } from "../terminal/wrap.ts";
import type { ViewModel } from "../view-model.ts";
import { settingsWithin } from "./settings-text.ts";
import { listLines } from "./table-view.ts";

/** Lines that the steps get, with their header, before any explanation. */
const leastRows = 6;

export function neighbourhoodLines(model: ViewModel, width: number, height: number, isFocused: boolean): Line[] {
  const { table, leader } = model.search;
  if (table && plansByModel(table)) return prospectLines(model, table, width, height, isFocused);
  const around = table && weighedNeighbourhood(table);
  if (!table || !around) return [plain("  until a run has completed, every hyperparameter is drawn at random")];
  const { best, members, totalWeight } = around;
  const [centre] = members;
  const tuning = table.submitted.settings.hpTuning;
  const { isOver } = table;
  const how =
    tuning === "dgd"
      ? `the weights add up to ${totalWeight}; neighbours with fewer runs weigh more`
      : `hp_tuning is ${String(tuning)}, which does not look at neighbours: "${isOver ? "would" : "next"}" is what dgd: paper would do`;
  const runs = `${counted(best.completed, "run")}${best.inFlight > 0 ? ` and ${best.inFlight} in flight` : ""}`;
  const isLeader = best.key === leader?.runSet.key;
  const other = isLeader ? "" : "; the standings, which allow for luck, rank another one first";
  const whole = headLines(table, "centre", best.configuration, width, [
    plain(
      `          ${table.goal.isLow ? `lowest mean ${table.goal.name}` : "highest mean"}: ${resultDigits(table.goal, best.mean)} of ${runs}; ${isOver ? "its chance of being tried, if the search went on" : "its chance of being tried next"}: ${chanceText(centre?.probability ?? 0)}${other}`,
    ),
    [span(`          ${how}`, "dim")],
  ]);
  // On a low screen the steps come first.
  const head = height - whole.length < leastRows ? whole.slice(0, 1) : whole;
  return [...head, ...listLines(model.lists.neighbourhood, width, Math.max(2, height - head.length), isFocused)];
}

function prospectLines(model: ViewModel, table: RunTable, width: number, height: number, isFocused: boolean): Line[] {
  const best = model.search.leader;
  if (!best) return [plain("  until a run has completed, choices are spread evenly")];
  const { completed } = table.runSets.totals;
  const spread = best.stDev === null ? "" : ` ± ${best.stDev.toPrecision(2)}`;
  const how = table.isOver
    ? "would try: how likely it is the best of all, which is how often a plan would try it if the search went on"
    : completed < leastResults
      ? `the first ${leastResults} results are spread evenly; then plans follow these chances`
      : "next: how likely it is the best of all, which is how often a plan tries it";
  const known = `${counted(best.runSet.completed, "run")}${best.runSet.inFlight > 0 ? ` and ${best.runSet.inFlight} in flight` : ""}`;
  const whole = headLines(table, "best", best.runSet.configuration, width, [
    plain(
      `          the model expects ${named(table)}${resultDigits(table.goal, best.estimate)}${spread} after ${known}`,
    ),
    [span(`          ${how}`, "dim")],
  ]);
  const head = height - whole.length < leastRows ? whole.slice(0, 1) : whole;
  return [...head, ...listLines(model.lists.prospects, width, Math.max(2, height - head.length), isFocused)];
}

/** A configuration by its role, with notes. */
const headLines = (table: RunTable, role: string, of: Configuration, width: number, said: readonly Line[]): Line[] => [
  [span(`  ${role.padEnd(8)}`, "heading"), span(settingsWithin(table, of, width - 10), "bold")],
  ...said.flatMap((line) => wrapped(line, width, 10)),
  plain(""),
];
