import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import { type Setting, settingsOf } from "../../../shared/domain/hyperparameter.ts";
import type { RunSet } from "../../../shared/domain/run-sets/run-set.ts";
import { type Standing, standings } from "../../../shared/domain/run-sets/standings.ts";
import type { LiveSearch } from "../../live/live-search.ts";
import type { ScreenColumn } from "./columns.ts";
import { ListView } from "./list-view.ts";

export interface StandingRow {
  readonly runSet: RunSet;
  readonly key: string;
  /** In spec order. */
  readonly settings: readonly Setting[];
  /** Undefined while no run has completed: it has no place yet, and is listed after those that have one. */
  readonly standing: Standing | undefined;
  /** Places won since a minute ago or so; 0 where there was none. */
  readonly climbed: number;
}

/** Ranks are compared with those of so long ago. */
const trendMs = 60_000;

export function standingsList(search: LiveSearch): ListView<StandingRow> {
  const trend = new Trend();
  let known: { readonly of: unknown; readonly columns: readonly ScreenColumn<StandingRow>[] } | undefined;
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
    isLast: ({ standing }) => standing === undefined,
    columns: () => {
      const of = search.table?.submitted;
      if (!known || known.of !== of) known = { of, columns: columnsFor(search) };
      return known.columns;
    },
  });
}

/** Run sets without a completed run: first those that one is on its way to, then those that only failed; the newest first. */
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

/** Remembers ranks of those that were shown, so that one sees who climbs. */
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
  const { table } = search;
  const dials = (table?.submitted.hyperparameters ?? []).flatMap(({ name, values }, i) =>
    values.length > 1 ? [{ name, i }] : [],
  );
  const settings = dials.map(
    ({ name, i }, place): ScreenColumn<StandingRow> => ({
      name,
      kind: "setting",
      // The first hyperparameters of a spec are those that its writer thought of first.
      priority: 10 + place,
      value: ({ settings }): Setting => settings[i] ?? null,
    }),
  );
  return [
    { name: "#", kind: "count", priority: 0, best: "low", value: ({ standing }) => standing?.rank },
    {
      name: "^",
      kind: "text",
      priority: 50,
      value: ({ climbed }) => (climbed > 0 ? "up" : climbed < 0 ? "down" : ""),
      text: ({ climbed }) => (climbed > 0 ? "▲" : climbed < 0 ? "▼" : " "),
      style: ({ climbed }) => (climbed > 0 ? "good" : "warn"),
    },
    { name: "hpmax", kind: "measure", priority: 0, value: ({ standing }) => standing?.estimate },
    { name: "sd", kind: "measure", priority: 0, best: "low", value: ({ standing }) => standing?.stDev ?? undefined },
    {
      name: "runs",
      kind: "count",
      priority: 0,
      value: ({ runSet }) => runSet.completed,
      text: ({ runSet }) => (runSet.inFlight > 0 ? `${runSet.completed}+${runSet.inFlight}` : String(runSet.completed)),
    },
    { name: "best", kind: "text", priority: 0, value: ({ runSet }) => runSet.bestRun ?? undefined },
    {
      name: "top",
      kind: "measure",
      priority: 40,
      value: ({ runSet }) => (Number.isFinite(runSet.bestHpmax) ? runSet.bestHpmax : undefined),
    },
    {
      name: "led",
      kind: "count",
      priority: 45,
      value: ({ key }) => (search.lead?.key === key ? search.lead.runs : undefined),
    },
    {
      name: "failed",
      kind: "count",
      best: "low",
      priority: 42,
      isHiddenEmpty: true,
      value: ({ runSet }) => runSet.failed || undefined,
      style: () => "bad",
    },
    ...settings,
  ];
}
