import type { ParentRun } from "../../../shared/domain/fold/parent-runs.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import { holderOf, type Trial } from "../../../shared/domain/fold/trial.ts";
import type { WorkspaceState } from "../../../shared/domain/fold/workspace-state.ts";
import type { WorkerId } from "../../../shared/domain/names.ts";
import type { LeaseStatus, Status } from "../../../shared/wire/messages.ts";
import { whyJob } from "./job-why.ts";
import { OrdersSeen } from "./orders-seen.ts";
import { whyParent, whyRun } from "./run-why.ts";
import { byWeight, type Why } from "./why.ts";
import { nothingSeen, type WorkerNote } from "./worker-note.ts";
import { type WorkerRow, workerRows } from "./worker-rows.ts";
import { runsByWorker, type WorkerContext, whyWorker } from "./worker-why.ts";

/** What there is to know; what is left out is not known. */
export interface WhyFacts {
  readonly state: WorkspaceState;
  /** What the leader said last; null: nobody leads. */
  readonly status: Status | null;
  /** Wall clock of the machine that asks. */
  readonly wall: number;
  /** Of the program that asks. */
  readonly version: string;
  /** What follows `nexus-worker` on a machine that should join. */
  readonly joinLine: string;
  readonly notes?: { of(worker: WorkerId): WorkerNote };
  readonly orders?: OrdersSeen;
  /** When runs last reported, wall clock. */
  readonly reportedAt?: ReadonlyMap<Trial, number>;
}

/** Why each job, worker and run of a workspace is as it is. */
export class Whys {
  readonly rows: ReadonlyMap<WorkerId, WorkerRow>;
  readonly #known: WhyFacts;
  readonly #orders: OrdersSeen;
  readonly #workers: WorkerContext;
  readonly #leases: ReadonlyMap<string, LeaseStatus>;
  readonly #jobs = new Map<RunTable, Why>();

  constructor(known: WhyFacts) {
    const { state, status, wall, version } = known;
    this.#known = known;
    this.#orders = known.orders ?? new OrdersSeen();
    this.#leases = new Map(status?.leases.map((lease) => [`${lease.job} ${lease.n}`, lease]));
    const leaseOf = this.#leaseOf.bind(this);
    this.#workers = { state, status, version, wall, leaseOf, held: runsByWorker(state) };
    const rows = workerRows(state, known.notes ?? this.#foldedNotes(), { status, statusAgeMs: 0, wall });
    this.rows = new Map(rows.map((row) => [row.record.id, row]));
  }

  job(table: RunTable): Why {
    let why = this.#jobs.get(table);
    if (!why) {
      const { state, status, joinLine } = this.#known;
      why = whyJob(table, { state, status, joinLine, rows: this.rows, orderedAt: this.#orders.ofJob(table.job) });
      this.#jobs.set(table, why);
    }
    return why;
  }

  worker(id: WorkerId): Why {
    const row = this.rows.get(id);
    if (!row) throw new RangeError(`no worker ${id}`);
    return whyWorker(row, this.#workers);
  }

  run(table: RunTable, trial: Trial): Why {
    const { status, wall, reportedAt } = this.#known;
    const holder = holderOf(trial)?.worker;
    return whyRun(table, trial, {
      wall,
      lease: this.#leaseOf(table, trial),
      leaseMs: status?.leaseMs,
      holder: holder === undefined ? undefined : this.rows.get(holder),
      reportedAt: reportedAt?.get(trial),
      paused: this.#orders.ofRun(table.job, trial.n),
      job: this.job(table),
    });
  }

  parent(table: RunTable, parent: ParentRun): Why {
    return whyParent(table, parent);
  }

  #leaseOf({ job }: RunTable, { n }: Trial): LeaseStatus | undefined {
    return this.#leases.get(`${job} ${n}`);
  }

  /** Everything that could run and does not, the most important first. */
  standing(): Why[] {
    const open = [...this.#known.state.jobs.values()].filter(({ isOver }) => !isOver);
    const all = [
      ...open.map((table) => this.job(table)),
      ...[...this.rows.keys()].map((id) => this.worker(id)),
      ...open.flatMap((table) => [...table.trials.open()].map((trial) => this.run(table, trial))),
    ];
    return all.filter(({ weight }) => weight !== "runs" && weight !== "over").sort(byWeight);
  }

  /** What the fold alone says of workers: since when they have had the runs that they hold. */
  #foldedNotes(): { of(worker: WorkerId): WorkerNote } {
    const { held } = this.#workers;
    const since = (id: WorkerId): number =>
      (held.get(id) ?? []).reduce((least, { trial }) => Math.min(least, holderOf(trial)?.at ?? least), Infinity);
    return {
      of: (id) => {
        const busySince = since(id);
        return { ...nothingSeen, busySince: Number.isFinite(busySince) ? busySince : 0 };
      },
    };
  }
}
