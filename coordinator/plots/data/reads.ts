/** What plots are built from, and where each comes from. */

import { completedRuns } from "../../../shared/domain/evaluation/completed-runs.ts";
import { type SearchHistory, searchHistory } from "../../../shared/domain/evaluation/history.ts";
import type { WorkspaceState } from "../../../shared/domain/fold/workspace-state.ts";
import type { JobName } from "../../../shared/domain/names.ts";
import type { Bus } from "../../../shared/ports.ts";
import { readEvidence } from "../../reading/evidence-reader.ts";
import { readEvents } from "../../reading/journal-events.ts";
import { namedJob } from "../../runs/named-job.ts";
import { selectRuns } from "../../runs/run-list.ts";
import { checkIsSearch, nothingCompleted } from "../../runs/searched.ts";
import { type ChosenRuns, chooseRuns, completedOnly, type RunChoice } from "./chosen-runs.ts";
import { curvesOfRuns, type RunCurve } from "./curves-of-runs.ts";
import { isTrialRecord, type Stay, staysOf } from "./stays.ts";

export interface PlotSource {
  /** The journal, folded. */
  readonly state: WorkspaceState;
  readonly workspace: string;
  /** For reports, which are evidence, and for the journal's single records. */
  readonly bus: Bus;
}

export interface PlotReads {
  /** From the journal: the runs that were named, whatever has become of them; and their reports, from the evidence, if wanted. */
  readonly runs: ChosenRuns & {
    /** @throws UsageError, NotFoundError where a metric was never reported */
    readonly curves: (names: readonly string[], x: "iters" | "hours") => Promise<RunCurve[]>;
  };
  /** From the journal: those that have a result, in the order in which they completed. */
  readonly "completed runs": ChosenRuns;
  /** From the journal: one job, evaluated after each of its completed runs. */
  readonly search: {
    readonly job: JobName;
    readonly history: SearchHistory;
    /** Of all completed runs, in the order of their completion. */
    readonly hpmax: ArrayLike<number>;
  };
  /** From the journal's records: who had which trial from when to when. */
  readonly stays: { readonly jobs: readonly JobName[]; readonly stays: readonly Stay[] };
}

/** @throws UsageError, NotFoundError where something is named that there is not */
export const readers: {
  readonly [What in keyof PlotReads]: (
    choice: RunChoice,
    source: PlotSource,
  ) => PlotReads[What] | Promise<PlotReads[What]>;
} = {
  runs(choice, { state, workspace, bus }) {
    const runs = chooseRuns(choice, state, workspace);
    const curves = async (names: readonly string[], x: "iters" | "hours"): Promise<RunCurve[]> =>
      curvesOfRuns(runs, await readEvidence(bus, runs.rows), names, { x, workspace });
    return { ...runs, curves };
  },
  "completed runs": (choice, { state, workspace }) => completedOnly(chooseRuns(choice, state, workspace)),
  search({ runs: [job = ""] }, { state, workspace }) {
    const table = namedJob(job, state, workspace);
    checkIsSearch(table);
    const runs = completedRuns(table);
    if (runs.length === 0) throw nothingCompleted(table);
    return { job: table.job, history: searchHistory(runs, table.submitted.hyperparameters), hpmax: runs.hpmax };
  },
  async stays({ runs }, { state, workspace, bus }) {
    const jobs = selectRuns(runs, state, workspace).tables.map(({ job }) => job);
    const isOne = new Set<string>(jobs);
    const entries = await readEvents(bus, (event) => isTrialRecord(event) && isOne.has(event.job));
    return { jobs, stays: staysOf(entries.map(({ event }) => event)) };
  },
};
