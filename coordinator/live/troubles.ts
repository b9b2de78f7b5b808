import { counted } from "../../shared/domain/counted.ts";
import type { RunTable } from "../../shared/domain/fold/run-table.ts";
import { holderOf, type Trial } from "../../shared/domain/fold/trial.ts";
import type { WorkerId } from "../../shared/domain/names.ts";
import { duration } from "../words/duration.ts";
import { infeasibleLines } from "../words/progress.ts";
import { type FailureCause, failureCauses, failuresOf } from "../words/trouble/failure-causes.ts";
import { fewOf } from "../words/why/why.ts";
import type { LiveSearch } from "./live-search.ts";

/** Something wrong that a person should know first. */
export interface Trouble {
  /** What is wrong and how often: `30 of 30 failed: CUDA out of memory`. */
  readonly text: string;
  /** Wall clock; 0: not known. */
  readonly since: number;
  /** Where more of it is seen. */
  readonly place: TroublePlace;
  /** Whether nothing can come of the search as long as it lasts. */
  readonly isGrave: boolean;
}

export type TroublePlace =
  | { readonly kind: "run"; readonly n: number; readonly filter: string }
  | { readonly kind: "worker"; readonly worker: WorkerId | null };

/** Failures stay news for this long after the last of them. */
const newsMs = 300_000;
/** Above this share of ended runs, failures stay news longer. */
const manyFailures = 0.1;
/** How often troubles are looked for. */
const lookMs = 1000;

/** What is wrong with the shown search, the most important first. Times named `now` are the search's. */
export class Troubles {
  readonly #search: LiveSearch;
  #looked: { readonly at: number; readonly table: RunTable | undefined; readonly all: readonly Trouble[] } | undefined;
  #causes: { readonly table: RunTable; readonly of: string; readonly causes: readonly FailureCause[] } | undefined;

  constructor(search: LiveSearch) {
    this.#search = search;
  }

  get all(): readonly Trouble[] {
    const { now, table } = this.#search;
    const known = this.#looked;
    if (known?.table === table && known && now >= known.at && now - known.at < lookMs) return known.all;
    const all = table ? this.#find(table) : [];
    this.#looked = { at: now, table, all };
    return all;
  }

  /** Why runs of the shown job failed, the most frequent cause first. */
  get causes(): readonly FailureCause[] {
    const { table } = this.#search;
    if (!table || failuresOf(table) === 0) return [];
    const of = `${failuresOf(table)} ${table.reopened}`;
    if (this.#causes?.table !== table || this.#causes.of !== of)
      this.#causes = { table, of, causes: failureCauses(table) };
    return this.#causes.causes;
  }

  #find(table: RunTable): Trouble[] {
    return [
      ...this.#failures(table),
      ...this.#standstill(table),
      ...this.#infeasible(table),
      ...this.#silentRuns(table),
      ...this.#workers(table),
    ].sort((a, b) => Number(b.isGrave) - Number(a.isGrave));
  }

  #failures(table: RunTable): Trouble[] {
    const [most] = this.causes;
    if (!most) return [];
    const failed = failuresOf(table);
    const { ended, failingRow } = table;
    const last = this.causes.reduce((newest, { lastAt }) => Math.max(newest, lastAt), 0);
    const isGrave = failed === ended;
    const isNews = !table.isOver && (failingRow.size > 0 || this.#search.wall - last < newsMs);
    if (!isGrave && !isNews && failed < manyFailures * ended) return [];
    const others = this.causes.length > 1 ? `, ${most.count} of them` : "";
    return [
      {
        text: `${failed} of ${ended} failed${others}: ${most.reason}`,
        since: most.firstAt,
        place: { kind: "run", n: most.newest, filter: "failed" },
        isGrave,
      },
    ];
  }

  #standstill(table: RunTable): Trouble[] {
    const { standstill } = this.#search;
    if (standstill === "") return [];
    const newest = table.state === "paused" ? this.causes[0]?.newest : undefined;
    const place: TroublePlace =
      newest === undefined ? { kind: "worker", worker: null } : { kind: "run", n: newest, filter: "failed" };
    return [{ text: standstill, since: this.#search.standsSince, place, isGrave: true }];
  }

  /** At least half of the results are infeasible. If some of a finished job are feasible, its verdict is shown instead. */
  #infeasible(table: RunTable): Trouble[] {
    const { infeasible, completed } = table.runSets.totals;
    if (infeasible === 0 || completed > infeasible || (table.isOver && completed > 0)) return [];
    const [first = "", second] = infeasibleLines(table);
    const n = table.completions.findLast((each) => !table.trials.isFeasible(each)) ?? 1;
    const text = (second ?? first).split("\n")[0] ?? "";
    return [{ text, since: 0, place: { kind: "run", n, filter: "infeasible" }, isGrave: completed === 0 }];
  }

  #silentRuns(table: RunTable): Trouble[] {
    const { silence, now, wall, isAway, isLeaderSilent } = this.#search;
    if (isAway || isLeaderSilent) return [];
    const silent: { readonly trial: Trial; readonly worker: WorkerId; readonly ms: number }[] = [];
    for (const trial of table.trials.glanceOpen()) {
      const held = holderOf(trial);
      if (!held || trial.order !== "" || this.#search.frozen(trial) !== "") silence.forget(trial.n);
      else {
        const ms = silence.silentMs(trial.n, now);
        if (ms !== undefined) silent.push({ trial, worker: held.worker, ms });
      }
    }
    const [first] = silent.sort((a, b) => b.ms - a.ms);
    if (!first) return [];
    const who =
      silent.length === 1
        ? `${first.trial.run} on ${first.worker} has`
        : `${fewOf(silent.map(({ trial }) => trial.run))} have`;
    const text = `${who} sent no report for ${duration(first.ms)}`;
    return [
      { text, since: wall - first.ms, place: { kind: "run", n: first.trial.n, filter: "running" }, isGrave: false },
    ];
  }

  /** Benched workers, and lost ones that hold runs of this job. */
  #workers(table: RunTable): Trouble[] {
    if (table.isOver) return [];
    const sick = this.#search
      .workers()
      .filter(({ record, state }) => state === "benched" || (state === "lost" && table.holding.has(record.id)));
    const [first] = sick;
    if (!first) return [];
    const { record, state, why, since } = first;
    const name = sick.length === 1 ? record.id : counted(sick.length, "worker");
    const text =
      sick.length === 1 ? `${name} is ${state}${why === "" ? "" : `: ${why}`}` : `${name} are lost or benched`;
    return [{ text, since, place: { kind: "worker", worker: record.id }, isGrave: false }];
  }
}
