/** The data that plots are built from, and its sources. */

import { completedRuns } from "../../../shared/domain/evaluation/completed-runs.ts";
import { labelOf, type SearchHistory, searchHistory } from "../../../shared/domain/evaluation/history.ts";
import { leaderOf } from "../../../shared/domain/evaluation/lead.ts";
import type { WorkspaceState } from "../../../shared/domain/fold/workspace-state.ts";
import type { Goal } from "../../../shared/domain/goal.ts";
import type { JobName } from "../../../shared/domain/names.ts";
import type { Bus } from "../../../shared/ports.ts";
import { readEvidence } from "../../reading/evidence-reader.ts";
import { readEvents } from "../../reading/journal-events.ts";
import { namedJob } from "../../runs/named-job.ts";
import { namesJobs, selectRuns } from "../../runs/run-list.ts";
import { isSearch, nothingCompleted } from "../../runs/searched.ts";
import { type ChosenRuns, chooseRuns, completedOnly, type RunChoice } from "./chosen-runs.ts";
import { curvesOfRuns, type RunCurve } from "./curves-of-runs.ts";
import { isTrialRecord, type Stay, staysOf } from "./stays.ts";

export interface PlotSource {
  readonly state: WorkspaceState;
  readonly workspace: string;
  /** What a command must add to reach the same workspace. */
  readonly flags: string;
  /** For the reports in the evidence stream, and for single records of the journal. */
  readonly bus: Bus;
}

export interface PlotReads {
  /** The named runs, in any status, from the journal; and their curves, from the evidence, when asked for. */
  readonly runs: ChosenRuns & {
    /** @throws UsageError if a metric was never reported, NotFoundError if nothing was */
    readonly curves: (names: readonly string[], x: "iters" | "hours") => Promise<RunCurve[]>;
  };
  /** The completed ones among the named runs, in order of completion, from the journal. */
  readonly "completed runs": ChosenRuns;
  /** One job, evaluated after each of its completed runs, from the journal. */
  readonly search: {
    readonly job: JobName;
    readonly history: SearchHistory;
    readonly goal: Goal;
    /** Results of all completed runs, in order of completion. */
    readonly hpmax: ArrayLike<number>;
    /** First of the standings, which need not be the last of the history: `configurationKey` and `labelOf`. */
    readonly leader: {
      readonly key: string;
      readonly label: string;
      readonly estimate: number;
      readonly runs: number;
    } | null;
    /** `labelOf` of the only configuration of a job that does not search; null: the job searches. */
    readonly repeats: string | null;
  };
  /** Which worker had which trial from when to when, from the journal's records. */
  readonly stays: {
    /** Names of the jobs, or of the runs as they were typed, for titles. */
    readonly names: string;
    /** Of the named runs. */
    readonly stays: readonly Stay[];
  };
}

/** @throws UsageError, NotFoundError if a named job or run does not exist */
export const readers: {
  readonly [What in keyof PlotReads]: (
    choice: RunChoice,
    source: PlotSource,
  ) => PlotReads[What] | Promise<PlotReads[What]>;
} = {
  runs(choice, { state, workspace, flags, bus }) {
    const runs = chooseRuns(choice, state, workspace, flags);
    const curves = async (names: readonly string[], x: "iters" | "hours"): Promise<RunCurve[]> =>
      curvesOfRuns(runs, await readEvidence(bus, runs.rows), names, { x, workspace });
    return { ...runs, curves };
  },
  "completed runs": (choice, { state, workspace, flags }) => completedOnly(chooseRuns(choice, state, workspace, flags)),
  search({ runs: [job = ""] }, { state, workspace, flags }) {
    const table = namedJob(job, state, workspace, flags);
    const runs = completedRuns(table);
    if (runs.length === 0) throw nothingCompleted(table, flags);
    const { hyperparameters } = table.submitted;
    const best = leaderOf(table);
    const leader = best && {
      key: best.runSet.key,
      label: labelOf(hyperparameters, best.runSet.configuration),
      estimate: best.estimate,
      runs: best.completed,
    };
    const repeats = isSearch(table) ? null : labelOf(hyperparameters, runs.configuration(0));
    const { goal } = table;
    return { job: table.job, goal, history: searchHistory(runs, hyperparameters), hpmax: runs.hpmax, leader, repeats };
  },
  async stays({ runs }, { state, workspace, flags, bus }) {
    const { tables, rows } = selectRuns(runs, state, workspace, flags);
    const jobs = new Set<string>(tables.map(({ job }) => job));
    // Those of other runs too: a stay that is still open ends with the last of them.
    const entries = await readEvents(bus, (event) => isTrialRecord(event) && jobs.has(event.job));
    const named = new Set(rows.map(({ parent, child }) => `run${parent}.${child}`));
    const stays = staysOf(entries.map(({ event }) => event)).filter(({ run }) => named.has(run));
    const words = runs.flatMap((word) => word.split(",")).filter((word) => word !== "");
    return { names: (words.every(namesJobs) ? [...jobs] : words).join(", "), stays };
  },
};
