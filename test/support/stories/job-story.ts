import type {
  EndedOutcome,
  ImportedRun,
  JournalEvent,
  PrunedBy,
  ResultsVerdict,
} from "../../../shared/domain/fold/events.ts";
import { apply, emptyWorkspace, type WorkspaceState } from "../../../shared/domain/fold/workspace-state.ts";
import type { Configuration, Hyperparameter } from "../../../shared/domain/hyperparameter.ts";
import { type JobName, jobName, parseRunName, type RunName, workerIdFrom } from "../../../shared/domain/names.ts";
import type { CarriedSpec } from "../../../shared/domain/runspec/carried-spec.ts";
import { defaultSettings, type JobSettings } from "../../../shared/domain/runspec/job-settings.ts";

/** 2026-11-24 08:00:00 UTC. */
export const storyStart = Date.UTC(2026, 10, 24, 8);

/** Builds a job's journal, event by event; each parent run has its own worker. */
export class JobStory {
  readonly job: JobName;
  readonly events: JournalEvent[] = [];
  readonly imported: readonly ImportedRun[];
  /** Wall clock of the next event, in milliseconds; each event advances it by a second. */
  at = storyStart;
  #trials = 0;

  constructor(options: {
    readonly number: number;
    readonly hyperparameters?: readonly Hyperparameter[];
    readonly settings?: Partial<JobSettings>;
    readonly firstParent?: number;
    readonly parents?: number;
    readonly imported?: readonly ImportedRun[];
    /** The job's spec; left out: none, and hpmax is maximised as reported. */
    readonly carried?: Pick<CarriedSpec, "text" | "sources">;
  }) {
    const { number, hyperparameters = [], settings = {}, firstParent = 1, parents = 0, imported = [] } = options;
    const { text, sources } = options.carried ?? { text: "", sources: {} };
    this.imported = imported;
    this.job = jobName(number);
    this.#tell((at) => ({
      type: "job",
      job: this.job,
      op: `op-${number}`,
      by: "ann",
      at,
      file: "spec.yaml",
      text,
      sources,
      commandLine: {},
      hyperparameters,
      settings: { ...defaultSettings, enabled: true, totalRuns: 100, hpTuning: "dgd", ...settings },
      seed: 1,
      firstParent,
      parents,
      ...(imported.length === 0 ? {} : { imported }),
    }));
  }

  /** A run starts; returns its trial's number. */
  started(run: string, configuration: Configuration): number {
    this.#trials += 1;
    const n = this.#trials;
    this.#assigned(n, 1, run as RunName, configuration);
    return n;
  }

  /** A run that was lost starts again on its own worker. */
  startedAgain(n: number, attempt: number, run: string, configuration: Configuration): void {
    this.#assigned(n, attempt, run as RunName, configuration);
  }

  completed(n: number, run: string, hpmax: number, iters = 100, metrics: Readonly<Record<string, number>> = {}): void {
    const { job } = this;
    this.#tell((at) => ({
      type: "completed",
      job,
      n,
      attempt: 1,
      worker: workerOf(run),
      hpmax,
      iters,
      metrics,
      ev: n,
      at,
    }));
  }

  endedWithout(n: number, run: string, outcome: EndedOutcome, reason: string, prunedBy?: PrunedBy): void {
    const { job } = this;
    const end = { outcome, reason, ...(prunedBy && { prunedBy }) };
    this.#tell((at) => ({ type: "ended", job, n, attempt: 1, worker: workerOf(run), ...end, ev: 0, at }));
  }

  lost(n: number, run: string, reason: string): void {
    const { job } = this;
    const rest = { outcome: "lost", cause: "silent", charged: true, reason, ev: 0 } as const;
    this.#tell((at) => ({ type: "lost", job, n, attempt: 1, worker: workerOf(run), ...rest, at }));
  }

  /** An operator rejects results, or accepts them again. */
  judged(verdict: ResultsVerdict, trials: readonly number[], reason = "forged"): void {
    const { job } = this;
    const op = `judged-${this.at}`;
    this.#tell((at) => ({ type: "results-judged", job, trials, verdict, reason, by: "ann", op, at }));
  }

  /** The job's state changes. */
  over(
    state: "completed" | "cancelled" | "held" | "stopping" | "paused" | "searching" = "completed",
    reason = "",
  ): void {
    const { job } = this;
    this.#tell((at) => ({ type: "job-state", job, state, reason, by: "", op: "", at }));
  }

  /** A finished job is deleted. @param messages  number of messages deleted from EV; null: deletion begins */
  deleted(messages: number | null = null): void {
    const { job } = this;
    this.#tell((at) => ({
      type: "job-deleted",
      job,
      before: 100,
      messages,
      by: "ann",
      op: messages === null ? "deleted" : "",
      at,
    }));
  }

  #assigned(n: number, attempt: number, run: RunName, configuration: Configuration): void {
    const { job } = this;
    const claim = { claimId: `claim-${n}-${attempt}`, bootId: "boot", seed: n, why: "the best run set's neighbour" };
    this.#tell((at) => ({
      type: "assigned",
      job,
      n,
      attempt,
      worker: workerOf(run),
      ...claim,
      run,
      configuration,
      at,
    }));
  }

  #tell(event: (at: number) => JournalEvent): void {
    this.events.push(event(this.at));
    this.at += 1000;
  }
}

/** The worker behind a run's parent: `node-660` for run660.7. */
export const workerOf = (run: string) => workerIdFrom(`node-${parseRunName(run)?.parent}`);

export function stateOf(...stories: readonly JobStory[]): WorkspaceState {
  const state = emptyWorkspace();
  for (const story of stories) for (const event of story.events) apply(state, event);
  return state;
}
