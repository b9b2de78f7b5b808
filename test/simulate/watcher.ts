import { createHash } from "node:crypto";
import type { JournalEvent } from "../../shared/domain/fold/events.ts";
import { InvariantCheck } from "../../shared/domain/invariants/invariants.ts";
import type { WorkerId } from "../../shared/domain/names.ts";
import type { StoredMessage } from "../../shared/ports.ts";
import { decodeEvents, encodeEvents, isJournalRecord } from "../../shared/wire/messages.ts";
import { testimonyOf } from "../../shared/wire/testimony.ts";

/** Watches the broker and checks each message as it is stored. */
export class Watcher {
  readonly check: InvariantCheck;
  readonly #hash = createHash("sha256");
  readonly counts = new Map<string, number>();
  /** Number of messages in each stream. */
  journalMessages = 0;
  evidenceMessages = 0;
  /** Leaders have judged all evidence before this sequence. */
  citedUpTo = 0;
  lastDecisionAt = 0;
  lastEndAt = 0;
  /** Called when the job has paused itself because its runs only fail. */
  onPaused: () => void = () => undefined;
  /** Called with every journal record as it is stored. */
  onRecord: (event: JournalEvent) => void = () => undefined;

  constructor(isLiar: (worker: WorkerId) => boolean) {
    this.check = new InvariantCheck({ isLiar });
  }

  journal({ subject, data, msgId }: StoredMessage, now: number): void {
    this.journalMessages += 1;
    this.#hash.update(`${subject}\n${msgId}\n`);
    if (!isJournalRecord(msgId)) {
      this.#hash.update(data);
      return;
    }
    const events = decodeEvents(data);
    // Only the keys of checkpoints differ between simulations with the same seed.
    const isSecret = events.some((event) => event.type === "checkpoint");
    this.#hash.update(isSecret ? encodeEvents(events.map(withoutKey)) : data);
    for (const event of events) {
      this.check.event(event);
      this.#count(event);
      this.onRecord(event);
      this.lastDecisionAt = now;
      if (event.type === "completed" || event.type === "ended") this.lastEndAt = now;
      if ("ev" in event && event.ev > this.citedUpTo) this.citedUpTo = event.ev;
    }
  }

  evidence(message: StoredMessage): void {
    this.evidenceMessages += 1;
    const told = testimonyOf(message);
    if (told) this.check.testimony(told);
  }

  count(what: string): number {
    return this.counts.get(what) ?? 0;
  }

  /** SHA-256 of the whole journal so far, byte for byte except keys. */
  digest(): string {
    return this.#hash.copy().digest("hex");
  }

  #count(event: JournalEvent): void {
    const what = event.type === "ended" ? event.outcome : event.type === "lost" ? event.outcome : event.type;
    this.counts.set(what, this.count(what) + 1);
    if (event.type === "job-state" && (event.state === "completed" || event.state === "cancelled"))
      this.counts.set("over", this.count("over") + 1);
    if (event.type === "job-state" && event.cause === "failures") {
      this.counts.set("paused by itself", this.count("paused by itself") + 1);
      this.onPaused();
    }
  }
}

const withoutKey = (event: JournalEvent): JournalEvent =>
  event.type === "checkpoint" ? { ...event, key: new Uint8Array(0) } : event;
