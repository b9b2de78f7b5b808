import type { LiveSearch } from "../../../coordinator/live/live-search.ts";
import type { JournalEvent } from "../../../shared/domain/fold/events.ts";
import { apply, emptyWorkspace } from "../../../shared/domain/fold/workspace-state.ts";
import type { RunName, WorkerId } from "../../../shared/domain/names.ts";
import { JobStory, storyStart } from "./job-story.ts";
import { searchOf } from "./shown-story.ts";

const leaseMs = 30_000;
const worker = "lab-1" as WorkerId;
const job = new JobStory({ number: 1 }).job;

/** A search in which one worker, lab-1, is watched second by second. */
export class WatchedWorker {
  readonly search: LiveSearch;
  readonly #state = emptyWorkspace();
  /** Wall clock, ms, and when the worker was last heard. */
  now = storyStart;
  heardAt = storyStart;

  constructor() {
    this.search = searchOf(new JobStory({ number: 9 }), { wall: () => this.now });
    this.search.job = job;
    for (const event of new JobStory({ number: 1 }).events) this.tell(event);
    this.tell({ type: "worker-enrolled", worker, publicKey: "", host: "lab", op: "enrol", at: this.now });
  }

  tell(event: JournalEvent): void {
    apply(this.#state, event);
    this.search.happened(event, this.#state);
  }

  assign(attempt: number): void {
    const claim = { claimId: `claim-${attempt}`, bootId: "boot", seed: 1, why: "" };
    const run = "run1.1" as RunName;
    this.tell({ type: "assigned", job, n: 1, attempt, worker, run, configuration: [], at: this.now, ...claim });
  }

  lose(attempt: number, how: { outcome: "lost" | "reclaimed"; reason: string; ev: number }): void {
    const cause = how.outcome === "lost" ? "silent" : "owner";
    this.tell({ type: "lost", job, n: 1, attempt, worker, cause, charged: false, at: this.now, ...how });
  }

  /** Time passes; the leader says each second when it heard the worker. */
  pass(seconds: number, isHeard: boolean, left: boolean | null = null): void {
    for (let i = 0; i < seconds; i += 1) {
      this.now += 1000;
      if (isHeard) this.heardAt = this.now;
      const one = { worker, slots: 1, opportunistic: false, noCode: false, targets: [], version: null, skewMs: null };
      const workers = [{ ...one, silentMs: this.now - this.heardAt, left }];
      this.search.heard({ term: 9, leader: "", leaseMs, workers, leases: [] }, this.now);
      this.search.now = this.now;
    }
  }

  /** The worker's state, and for how many seconds it has had it. */
  get row(): string {
    const found = this.search.workers().find(({ record }) => record.id === worker);
    if (!found) throw new RangeError(`no worker ${worker}`);
    return `${found.state} ${Math.round((this.now - found.since) / 1000)}`;
  }

  /** The event lines about the worker. */
  get events(): string[] {
    return this.search.events.lines.map(({ text }) => text).filter((text) => text.startsWith("worker lab-1 "));
  }
}
