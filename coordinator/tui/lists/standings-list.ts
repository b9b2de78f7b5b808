import { usedSettings } from "../../../shared/domain/conditions/activity.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import { boundName, boundText } from "../../../shared/domain/goal.ts";
import type { Setting } from "../../../shared/domain/hyperparameter.ts";
import { type Standing, standings } from "../../../shared/domain/model/standings.ts";
import type { RunSet } from "../../../shared/domain/run-sets/run-set.ts";
import type { LiveSearch } from "../../live/live-search.ts";
import { column, goalColumn, keptColumns, type ScreenColumn, settingColumns, shownGoal } from "./columns.ts";
import { ListView } from "./list-view.ts";

export interface StandingRow {
  readonly runSet: RunSet;
  readonly key: string;
  /** In spec order. */
  readonly settings: readonly (Setting | undefined)[];
  /** Undefined until a feasible run has completed: it has no rank and is listed after those that have one. */
  readonly standing: Standing | undefined;
  /** Ranks gained in the last minute or so. */
  readonly climbed: number;
}

/** The ranks that the present ones are compared with are at most about this old. */
const trendMs = 60_000;

export function standingsList(search: LiveSearch): ListView<StandingRow> {
  const trend = new Trend();
  return new ListView<StandingRow>({
    prepare: () => search.table?.model.now?.ranked,
    total: () => search.table?.runSets.size ?? 0,
    rows: (most) => {
      const { table } = search;
      if (!table) return [];
      const ranked = standings(table.model.now, table.runSets, { top: most });
      const rows = trend.rows(table, ranked, search.now);
      return rows.length < most ? [...rows, ...unmeasured(table)] : rows;
    },
    keyOf: ({ key }) => key,
    nameOf: ({ standing }) => (standing ? `run set #${standing.rank}` : "the run set"),
    isLast: ({ standing }) => standing === undefined,
    columns: keptColumns(
      () => [search.table?.submitted],
      () => columnsFor(search),
    ),
  });
}

/** Run sets without a rank: infeasible ones, those with a run in flight, then the others; each part newest first. */
function unmeasured({ runSets, submitted }: RunTable): StandingRow[] {
  const sets = [...runSets].filter(({ completed, isFeasible }) => completed === 0 || !isFeasible).reverse();
  const infeasible = sets.filter(({ isFeasible }) => !isFeasible);
  const others = sets.filter(({ isFeasible }) => isFeasible);
  const inFlight = others.filter((runSet) => runSet.inFlight > 0);
  const ended = others.filter((runSet) => runSet.inFlight === 0);
  return [...infeasible, ...inFlight, ...ended].map((runSet) => ({
    runSet,
    key: runSet.key,
    settings: usedSettings(submitted.hyperparameters, runSet.configuration),
    standing: undefined,
    climbed: 0,
  }));
}

/** Remembers former ranks, to show who climbs. */
class Trend {
  #job = "";
  #old = new Map<string, number>();
  #since = 0;

  rows({ job, submitted }: RunTable, ranked: readonly Standing[], now: number): StandingRow[] {
    const { hyperparameters } = submitted;
    const old = job === this.#job ? this.#old : new Map<string, number>();
    const rows = ranked.map((standing): StandingRow => {
      const { runSet, rank } = standing;
      const { key } = runSet;
      const settings = usedSettings(hyperparameters, runSet.configuration);
      return { runSet, key, settings, standing, climbed: (old.get(key) ?? rank) - rank };
    });
    if (job !== this.#job || now - this.#since > trendMs) {
      this.#job = job;
      this.#since = now;
      this.#old = new Map(ranked.map(({ runSet, rank }) => [runSet.key, rank]));
    }
    return rows;
  }
}

function columnsFor(search: LiveSearch): readonly ScreenColumn<StandingRow>[] {
  const goal = shownGoal(search);
  return [
    column("#", "count", 0, ({ standing }) => standing?.rank, {
      about: `rank by ${boundName(goal)}; the best by the model is first`,
      best: "low",
    }),
    column("^", "text", 50, ({ climbed }) => (climbed > 0 ? "up" : climbed < 0 ? "down" : ""), {
      about: "whether it rose or fell in the last minute",
      text: ({ climbed }) => (climbed > 0 ? "▲" : climbed < 0 ? "▼" : " "),
      style: ({ climbed }) => (climbed > 0 ? "good" : "warn"),
    }),
    goalColumn(goal, goal.name, 0, ({ standing }) => standing?.estimate, {
      about: "what a new run of the configuration is expected to reach",
      absent: ({ runSet }) => (runSet.isFeasible ? "" : "infeasible"),
    }),
    column("sd", "measure", 0, ({ standing }) => standing?.stDev ?? undefined, {
      about: "standard deviation of that expectation",
      best: "low",
    }),
    goalColumn(goal, boundName(goal), 1, ({ standing }) => standing?.cautious ?? undefined, {
      about: `what the list is ranked by: ${boundText(goal)}, so that one lucky run is not first`,
    }),
    column("runs", "count", 0, ({ runSet }) => runSet.completed, {
      about: "completed runs + those in flight",
      text: ({ runSet }) => (runSet.inFlight > 0 ? `${runSet.completed}+${runSet.inFlight}` : String(runSet.completed)),
    }),
    column("best", "text", 0, ({ runSet }) => runSet.bestRun ?? undefined, { about: "its best run" }),
    goalColumn(goal, "top", 40, ({ runSet }) => (Number.isFinite(runSet.bestHpmax) ? runSet.bestHpmax : undefined), {
      about: `${goal.name} of its best run, luck included`,
    }),
    column("led", "count", 45, ({ key }) => (search.lead?.key === key ? search.lead.runs : undefined), {
      about: "completed runs for which the first has led",
    }),
    column("infeasible", "count", 43, ({ runSet }) => runSet.infeasible || undefined, {
      about: "runs that break what the job requires",
      best: "low",
      isHiddenEmpty: true,
      style: () => "warn",
    }),
    column("failed", "count", 42, ({ runSet }) => runSet.failed || undefined, {
      about: "runs that failed",
      best: "low",
      isHiddenEmpty: true,
      style: () => "bad",
    }),
    // Earlier hyperparameters of a spec matter more to its writer.
    ...settingColumns<StandingRow>(search.table, 10, ({ settings }, i) => settings[i]),
  ];
}
