import { WorkerNotes } from "../../../coordinator/live/worker-notes.ts";
import { OrdersSeen } from "../../../coordinator/words/why/orders-seen.ts";
import { changeText } from "../../../coordinator/words/why/why.ts";
import { Whys } from "../../../coordinator/words/why/whys.ts";
import type { JournalEvent, WorkerDuty, WorkerStanding } from "../../../shared/domain/fold/events.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import type { Trial } from "../../../shared/domain/fold/trial.ts";
import { apply, emptyWorkspace } from "../../../shared/domain/fold/workspace-state.ts";
import type { JobName } from "../../../shared/domain/names.ts";
import { type WorkerId, workerIdFrom } from "../../../shared/domain/names.ts";
import type { Status, WorkerStatus } from "../../../shared/wire/messages.ts";
import { type JobStory, storyStart } from "./job-story.ts";

/** Jobs and workers from a journal and a leader, and the answers of `nexus why`. Run run1.1 belongs to node-1. */
export class ToldWhys {
  readonly state = emptyWorkspace();
  readonly #said = new Map<WorkerId, Partial<WorkerStatus>>();
  readonly #notes = new WorkerNotes();
  readonly #orders = new OrdersSeen();
  readonly #read = new Map<JobStory, number>();
  readonly reportedAt = new Map<Trial, number>();
  leases: Status["leases"] = [];
  hasLeader = true;
  /** Whether the rest of EV is kept for results; undefined: an older leader, which does not report it. */
  onlyResults: boolean | undefined;
  /** Seconds since the story began. */
  seconds = 60;

  tell(event: JournalEvent): void {
    apply(this.state, event);
    this.#notes.event(event, event.at);
    this.#orders.event(event);
  }

  /** Ann pauses a run. */
  pauses(job: JobName, n: number, at = this.wall): void {
    this.tell({ type: "runs-ordered", job, trials: [n], order: "paused", by: "ann", op: "p", at });
  }

  /** Applies each story's events since the last call. */
  hear(...stories: readonly JobStory[]): void {
    for (const story of stories) {
      for (const event of story.events.slice(this.#read.get(story) ?? 0)) this.tell(event);
      this.#read.set(story, story.events.length);
    }
  }

  joins(name: string, said: Partial<WorkerStatus> = {}): WorkerId {
    const worker = workerIdFrom(name);
    if (!this.#said.has(worker)) {
      const at = storyStart;
      this.tell({ type: "worker-enrolled", worker, publicKey: "U", host: `${name}-host`, op: `e-${name}`, at });
    }
    this.#said.set(worker, said);
    return worker;
  }

  /** A person or the coordinator ordered a state or duty, ten seconds ago. */
  orders(name: string, state: WorkerStanding | WorkerDuty, reason: string, by = "ann", cutOff = false): void {
    const op = by === "coordinator" ? "" : `${state}-${name}`;
    const at = this.wall - 10_000;
    this.tell({ type: "worker-state", worker: workerIdFrom(name), state, reason, by, op, at, cutOff });
  }

  get wall(): number {
    return storyStart + 1000 * this.seconds;
  }

  get whys(): Whys {
    const usual = {
      silentMs: 100,
      slots: 2,
      opportunistic: false,
      noCode: false,
      targets: [],
      version: "1",
      skewMs: null,
    };
    const workers = [...this.#said].map(([worker, said]): WorkerStatus => ({ worker, ...usual, ...said }));
    const { leases, onlyResults } = this;
    const more = onlyResults === undefined ? {} : { onlyResults };
    const status: Status = { term: 1, leader: "a", leaseMs: 30_000, workers, leases, ...more };
    return new Whys({
      state: this.state,
      status: this.hasLeader ? status : null,
      wall: this.wall,
      version: "1",
      joinLine: "-",
      notes: this.#notes,
      orders: this.#orders,
      reportedAt: this.reportedAt,
    });
  }

  table(name = "job1"): RunTable {
    const found = [...this.state.jobs.values()].find(({ job }) => job === name);
    if (!found) throw new RangeError(`no ${name}`);
    return found;
  }

  trial(run: string, job = "job1"): Trial {
    const found = [...this.table(job).trials].find((each) => each.run === run);
    if (!found) throw new RangeError(`no ${run}`);
    return found;
  }

  /** `state | why | what would change it`. */
  worker(name: string): string {
    const { state, why, ...rest } = this.whys.worker(workerIdFrom(name));
    return [state, why, changeText(rest, "")].join(" | ");
  }

  run(run: string, job = "job1"): string {
    const { state, why, ...rest } = this.whys.run(this.table(job), this.trial(run, job));
    return [state, why, changeText(rest, "")].join(" | ");
  }

  job(job = "job1"): string {
    const { state, why, ...rest } = this.whys.job(this.table(job));
    return [state, why, changeText(rest, "")].join(" | ");
  }
}
