import type { JournalEvent } from "../../shared/domain/fold/events.ts";
import type { RunTable } from "../../shared/domain/fold/run-table.ts";
import type { JobName } from "../../shared/domain/names.ts";
import { eventText } from "../words/event-words.ts";
import { troubleCause } from "../words/trouble-cause.ts";
import { type EventList, headOf, jobOf } from "./event-list.ts";

/** Ordinary events remembered: of all jobs together, and of one job at most and at least. */
const ofAll = 10_000;
const mostOfJob = 1000;
const leastOfJob = 100;
/** Causes of trouble that are remembered. */
const mostCauses = 2000;

interface Past {
  /** Its place in the journal. */
  readonly place: number;
  readonly event: JournalEvent;
}

interface PastTrouble extends Past {
  readonly times: number;
  readonly workers: Set<string>;
  readonly since: number;
}

/**
 * What happened before somebody looked, as far as it will be shown: the last events of each job, and troubles by cause.
 * Nothing is put into words while the journal is read: a million events would take a minute.
 */
export class PastEvents {
  readonly #byJob = new Map<JobName | null, Past[]>();
  /** By cause; the oldest first. */
  readonly #troubles = new Map<string, PastTrouble>();
  #read = 0;

  add(event: JournalEvent): void {
    this.#read += 1;
    const past = { place: this.#read, event };
    const cause = troubleCause(event);
    if (cause !== undefined) {
      this.#trouble(cause, past);
      return;
    }
    const job = jobOf(event);
    const kept = this.#byJob.get(job) ?? [];
    if (kept.length === 0) this.#byJob.set(job, kept);
    kept.push(past);
    const most = Math.max(leastOfJob, Math.min(mostOfJob, Math.floor(ofAll / this.#byJob.size)));
    if (kept.length > 2 * most) kept.splice(0, kept.length - most);
  }

  forget(job: JobName): void {
    this.#byJob.delete(job);
    for (const [cause, { event }] of this.#troubles) if (jobOf(event) === job) this.#troubles.delete(cause);
  }

  #trouble(cause: string, past: Past): void {
    const { event } = past;
    const known = this.#troubles.get(cause);
    const workers = known?.workers ?? new Set();
    if ("worker" in event && event.worker !== undefined) workers.add(event.worker);
    this.#troubles.delete(cause);
    this.#troubles.set(cause, { ...past, times: (known?.times ?? 0) + 1, workers, since: known?.since ?? event.at });
    if (this.#troubles.size <= 2 * mostCauses) return;
    for (const oldest of this.#troubles.keys()) {
      if (this.#troubles.size <= mostCauses) break;
      this.#troubles.delete(oldest);
    }
  }

  /** Hands everything to the list, oldest first, and forgets it. */
  tell(list: EventList, tableOf: (event: JournalEvent) => RunTable | undefined): void {
    const all: (Past | PastTrouble)[] = [...[...this.#byJob.values()].flat(), ...this.#troubles.values()];
    for (const past of all.sort((a, b) => a.place - b.place)) {
      const { event } = past;
      const table = tableOf(event);
      const head = headOf(event);
      if ("times" in past) {
        const told = eventText(event, table);
        const { workers, since, times } = past;
        if (told) list.put({ ...head, text: told.text, workers, since }, times);
      } else if (event.type === "assigned" || event.type === "completed" || event.type === "ended") {
        // Nearly all events are of these types, and these always have a text: word them when read.
        list.put({ ...head, text: () => eventText(event, table)?.text ?? "" });
      } else list.event(event, table);
    }
    this.#byJob.clear();
    this.#troubles.clear();
  }
}
