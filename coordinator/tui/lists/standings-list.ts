import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import { type Setting, settingsOf } from "../../../shared/domain/hyperparameter.ts";
import type { RunSet } from "../../../shared/domain/run-sets/run-set.ts";
import { type Standing, standings } from "../../../shared/domain/run-sets/standings.ts";
import type { LiveSearch } from "../../live/live-search.ts";
import { column, keptColumns, type ScreenColumn, settingColumns } from "./columns.ts";
import { ListView } from "./list-view.ts";

export interface StandingRow {
  readonly runSet: RunSet;
  readonly key: string;
  /** In spec order. */
  readonly settings: readonly Setting[];
  /** Undefined until a run has completed: it has no rank and is listed after those that have one. */
  readonly standing: Standing | undefined;
  /** Ranks gained in the last minute or so. */
  readonly climbed: number;
}

/** Age of the ranks that the present ones are compared with. */
const trendMs = 60_000;

export function standingsList(search: LiveSearch): ListView<StandingRow> {
  const trend = new Trend();
  return new ListView<StandingRow>({
    total: () => search.table?.runSets.size ?? 0,
    rows: (most) => {
      const { table } = search;
      if (!table) return [];
      const ranked = standings(table.runSets, table.submitted.hyperparameters, { top: most });
      const rows = trend.rows(table.job, ranked, search.now);
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

/** Run sets without a completed run: those with a run in flight, then those whose runs all failed; newest first. */
function unmeasured({ runSets, submitted }: RunTable): StandingRow[] {
  const sets = [...runSets].filter(({ completed }) => completed === 0).reverse();
  const inFlight = sets.filter((runSet) => runSet.inFlight > 0);
  const ended = sets.filter((runSet) => runSet.inFlight === 0);
  return [...inFlight, ...ended].map((runSet) => ({
    runSet,
    key: runSet.key,
    settings: settingsOf(submitted.hyperparameters, runSet.configuration),
    standing: undefined,
    climbed: 0,
  }));
}

/** Remembers former ranks, to show who climbs. */
class Trend {
  #job = "";
  #old = new Map<string, number>();
  #since = 0;

  rows(job: string, ranked: readonly Standing[], now: number): StandingRow[] {
    const old = job === this.#job ? this.#old : new Map<string, number>();
    const rows = ranked.map((standing): StandingRow => {
      const { runSet, settings, rank } = standing;
      const { key } = runSet;
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
  return [
    column("#", "count", 0, ({ standing }) => standing?.rank, { best: "low" }),
    column("^", "text", 50, ({ climbed }) => (climbed > 0 ? "up" : climbed < 0 ? "down" : ""), {
      text: ({ climbed }) => (climbed > 0 ? "▲" : climbed < 0 ? "▼" : " "),
      style: ({ climbed }) => (climbed > 0 ? "good" : "warn"),
    }),
    column("hpmax", "measure", 0, ({ standing }) => standing?.estimate),
    column("sd", "measure", 0, ({ standing }) => standing?.stDev ?? undefined, { best: "low" }),
    column("runs", "count", 0, ({ runSet }) => runSet.completed, {
      text: ({ runSet }) => (runSet.inFlight > 0 ? `${runSet.completed}+${runSet.inFlight}` : String(runSet.completed)),
    }),
    column("best", "text", 0, ({ runSet }) => runSet.bestRun ?? undefined),
    column("top", "measure", 40, ({ runSet }) => (Number.isFinite(runSet.bestHpmax) ? runSet.bestHpmax : undefined)),
    column("led", "count", 45, ({ key }) => (search.lead?.key === key ? search.lead.runs : undefined)),
    column("failed", "count", 42, ({ runSet }) => runSet.failed || undefined, {
      best: "low",
      isHiddenEmpty: true,
      style: () => "bad",
    }),
    // Earlier hyperparameters of a spec matter more to its writer.
    ...settingColumns<StandingRow>(search.table, 10, ({ settings }, i) => settings[i] ?? null),
  ];
}
