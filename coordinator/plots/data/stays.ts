import type { JournalEvent } from "../../../shared/domain/fold/events.ts";

/** How an attempt at a trial ended; open: it still runs. */
export type StayOutcome = "completed" | "failed" | "timed out" | "pruned" | "cancelled" | "lost" | "reclaimed" | "open";

/** The time that a worker held a trial: one attempt. */
export interface Stay {
  readonly worker: string;
  /** Wall clock, milliseconds. */
  readonly from: number;
  readonly to: number;
  readonly end: StayOutcome;
  readonly run: string;
}

/** The journal's records that say when a worker had a trial. */
type TrialRecord = Extract<JournalEvent, { type: "assigned" | "completed" | "ended" | "lost" }>;

export const isTrialRecord = (event: JournalEvent): event is TrialRecord =>
  event.type === "assigned" || event.type === "completed" || event.type === "ended" || event.type === "lost";

/**
 * The stays of all workers. A stay ends with the record that ends its attempt. If another attempt ended the trial, it counts as
 * lost. A stay that is still open ends with the journal's last record.
 */
export function staysOf(events: readonly JournalEvent[]): Stay[] {
  type Open = Pick<Stay, "worker" | "from" | "run"> & { readonly attempt: number };
  const open = new Map<string, Open[]>();
  const stays: Stay[] = [];
  const last = events.reduce((latest, { at }) => Math.max(latest, at), 0);
  // Coordinators' clocks may differ, but nothing ends before it began.
  const close = ({ worker, from, run }: Open, at: number, end: StayOutcome): void => {
    stays.push({ worker, from, to: Math.max(from, at), end, run });
  };
  for (const event of events) {
    if (!isTrialRecord(event)) continue;
    const { at, attempt } = event;
    const trial = `${event.job} ${event.n}`;
    const there = open.get(trial) ?? [];
    if (event.type === "assigned") {
      open.set(trial, [...there, { worker: event.worker, from: at, run: event.run, attempt }]);
    } else if (event.type === "lost") {
      for (const stay of there) if (stay.attempt === attempt) close(stay, at, event.outcome);
      const others = there.filter((stay) => stay.attempt !== attempt);
      open.set(trial, others);
    } else {
      const own = event.type === "completed" ? "completed" : event.outcome;
      for (const stay of there) close(stay, at, stay.attempt === attempt ? own : "lost");
      open.delete(trial);
    }
  }
  for (const there of open.values()) for (const stay of there) close(stay, last, "open");
  return stays;
}
