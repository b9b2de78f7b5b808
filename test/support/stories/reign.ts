import type { BundleStore, Purger } from "../../../coordinator/leader/reign/ports.ts";
import { Reign } from "../../../coordinator/leader/reign/reign.ts";
import { follow } from "../../../coordinator/leader/rules/consequences.ts";
import type { JournalEvent } from "../../../shared/domain/fold/events.ts";
import { emptyWorkspace, type WorkspaceState } from "../../../shared/domain/fold/workspace-state.ts";
import type { JobName, WorkerId } from "../../../shared/domain/names.ts";
import type { QuotaLimits } from "../../../shared/domain/quotas.ts";
import { defaultSettings, type JobSettings } from "../../../shared/domain/runspec/job-settings.ts";
import type { OwnSearches } from "../../../shared/domain/search/own-search.ts";
import type { StoredMessage } from "../../../shared/ports.ts";
import { systemClock } from "../../../shared/time/clock.ts";
import { type Claim, encodeEvidence } from "../../../shared/wire/messages.ts";
import { evidence } from "../../../shared/wire/subjects.ts";

import { hyperparameter, specText, testDefaults } from "./spec-defaults.ts";

export const leaseMs = 3000;
export const silentLog = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/** The spec of a TestReign's job, with its two hyperparameters. */
const specLines = specText(
  ["hyperparameters:", ...hyperparameter("a", "[1, 2, 3, 4]", "2"), ...hyperparameter("b", "[x, y]", "x", "unordered")],
  ["notes: [*a, *b]"],
);
const defaults = testDefaults();
const sources = Object.fromEntries(defaults.names().map((name) => [name, defaults.text(name) ?? ""]));

/** A reign on a clock that the test moves, with a journal in memory. */
export class TestReign {
  readonly events: JournalEvent[] = [];
  /** Hints sent to one worker, or to all (null). */
  readonly told: { readonly worker: WorkerId | null; readonly kind: string }[] = [];
  /** Subjects of the deleted pieces, then of the pieces that lie in BLOB. */
  readonly discarded: string[] = [];
  readonly stateSubjects: string[] = [];
  /** Each append waits for this: a slow broker. */
  storing: Promise<void> = Promise.resolve();
  now = 0;
  /** Delays of the timers that the reign set, in milliseconds. */
  readonly waitsMs: number[] = [];
  leads = true;
  /** How often the broker was given its list of users. */
  published = 0;
  /** The broker's last sequence of EV. */
  lastEvidence = Number.POSITIVE_INFINITY;
  /** The store of bundles that jobs bring along; undefined: the reign looks for none. */
  bundles: BundleStore | undefined;
  /** Deletes stored messages; undefined: nothing can. */
  purger: Purger | undefined;
  readonly reign: Reign;
  #evidence = 0;

  constructor(
    state: WorkspaceState = emptyWorkspace(),
    term = state.term + 1,
    quotas?: QuotaLimits,
    ownSearches?: OwnSearches,
  ) {
    const purger = (): Purger | undefined => this.purger;
    const bundles = (): BundleStore | undefined => this.bundles;
    this.reign = new Reign(
      state,
      term,
      leaseMs,
      {
        clock: {
          ...systemClock,
          monotonic: () => this.now,
          wall: () => this.now,
          after: (ms, action) => {
            this.waitsMs.push(ms);
            return systemClock.after(ms, action);
          },
        },
        log: silentLog,
        append: async (event) => {
          this.events.push(structuredClone(event));
          await this.storing;
          return this.events.length;
        },
        flushed: async () => this.storing,
        tell: (worker, control) => void this.told.push({ worker, kind: control.kind }),
        discard: (subject) => void this.discarded.push(subject),
        lastEvidence: async () => this.lastEvidence,
        stateSubjects: async (pattern) => this.stateSubjects.filter((each) => each.startsWith(pattern.slice(0, -1))),
        publishUsers: async () => {
          this.published += 1;
        },
        leads: () => this.leads,
        get bundles() {
          return bundles();
        },
        get purger() {
          return purger();
        },
        ...(quotas ? { quotas } : {}),
        ownSearches,
      },
      follow,
    );
    void this.reign.record({ type: "led", term, leader: "test", at: 0 });
  }

  submit(settings: Partial<JobSettings> = {}): JobName {
    const job = `job${this.reign.state.nextJob}` as JobName;
    void this.reign.record({
      type: "job",
      job,
      op: `op-${job}`,
      by: "test",
      at: this.now,
      file: "test.yaml",
      text: specLines,
      sources,
      commandLine: {},
      hyperparameters: [
        { name: "a", ordered: true, values: [1, 2, 3, 4], tuned: 2 },
        { name: "b", ordered: false, values: ["x", "y"], tuned: "x" },
      ],
      settings: { ...defaultSettings, enabled: true, hpTuning: "dgd", ...settings },
      seed: 5,
      firstParent: this.reign.state.nextRun,
      parents: settings.computeNodes ?? 0,
    });
    return job;
  }

  /** The next message of EV, with the body that the worker sent. */
  said(
    worker: WorkerId,
    job: JobName,
    n: number,
    kind: "report" | "result" | "checkpoint",
    body: Parameters<typeof encodeEvidence>[0],
  ): StoredMessage {
    this.#evidence += 1;
    const subject = evidence(worker, job, n, kind);
    return { seq: this.#evidence, subject, data: encodeEvidence(body), msgId: `${this.#evidence}` };
  }

  /** The next message of EV. */
  message(
    worker: WorkerId,
    job: JobName,
    n: number,
    kind: "result" | "failed" | "released" | "died",
    attempt: number,
    hpmax = 1,
    console = "",
    metrics: Readonly<Record<string, number>> = { "s1-val": hpmax },
    /** Left out: as from a worker of an earlier version. */
    claim?: string,
  ): StoredMessage {
    this.#evidence += 1;
    const base = { attempt, reports: [], ...(claim === undefined ? {} : { claim }) };
    const body = {
      result: { ...base, hpmax, iters: 10, metrics, console },
      failed: { ...base, outcome: "failed", reason: "told to", console } as const,
      released: { attempt, fault: "owner", reason: "told to" } as const,
      died: { attempt, fault: "runner", reason: "the runner died", console: `last line ${attempt}\n` } as const,
    }[kind];
    return {
      seq: this.#evidence,
      subject: evidence(worker, job, n, kind === "died" ? "released" : kind),
      data: encodeEvidence(body),
      msgId: `${this.#evidence}`,
    };
  }
}

export const claim = (claimId: string, bootId = "boot", more: Partial<Claim> = {}): Claim => ({
  kind: "claim",
  claimId,
  bootId,
  version: "test",
  slots: 4,
  lastResultSeq: 0,
  after: null,
  targets: [],
  opportunistic: false,
  noCode: false,
  ...more,
});

/** The state as plain data for comparison: objects with private fields compare as equal whatever they hold. */
export function plain(state: WorkspaceState): unknown {
  return {
    ...state,
    jobs: [...state.jobs].map(([job, table]) => [
      job,
      {
        ...table,
        trials: [...table.trials],
        waiting: [...table.waiting],
        holding: [...table.holding],
        parents: table.parents,
        runSets: [...table.runSets].map((set) => [
          set.key,
          set.completed,
          set.mean,
          set.ended,
          set.inFlight,
          set.failed,
          set.bestRun,
          set.predictedWeight,
          set.predictedMean,
          set.infeasible,
          set.firstSeen,
          set.sampleVariance,
        ]),
        repeats: { ...table.runSets.repeats },
        modelled: table.model.now?.best.runSet.key,
        best: table.runSets.best()?.key,
        bestFor: table.runSets.bestFor(),
        totals: { ...table.runSets.totals },
      },
    ]),
    workers: [...state.workers].map(([id, worker]) => [
      id,
      { ...worker, retiredBoots: [...worker.retiredBoots], claims: [...worker.claims] },
    ]),
    orders: [...state.orders],
  };
}
