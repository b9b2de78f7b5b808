import type { JournalEvent } from "../../shared/domain/fold/events.ts";
import type { Stay, StayEnd } from "./timeline.ts";

/** Records that tell when a worker had a trial. */
export const isOfTimeline = (event: JournalEvent): boolean =>
  event.type === "assigned" || event.type === "completed" || event.type === "ended" || event.type === "lost";

/**
 * Who had which trial from when to when. A stay ends with the record that ends it; where another attempt's result ended its trial, it
 * counts as lost. What goes on at the end of the journal ends with its last record.
 */
export function staysOf(events: readonly JournalEvent[]): Stay[] {
  interface Open {
    readonly worker: string;
    readonly from: number;
    readonly run: string;
    readonly attempt: number;
  }
  const open = new Map<string, Open[]>();
  const stays: Stay[] = [];
  const last = events.reduce((latest, { at }) => Math.max(latest, at), 0);
  // Clocks of different coordinators may differ: nothing ends before it began.
  const close = ({ worker, from, run }: Open, at: number, end: StayEnd): void => {
    stays.push({ worker, from, to: Math.max(from, at), end, run });
  };
  for (const event of events) {
    switch (event.type) {
      case "assigned": {
        const key = `${event.job} ${event.n}`;
        const { worker, at: from, run, attempt } = event;
        open.set(key, [...(open.get(key) ?? []), { worker, from, run, attempt }]);
        break;
      }
      case "completed":
      case "ended":
        for (const stay of open.get(`${event.job} ${event.n}`) ?? []) {
          const own = event.type === "completed" ? "completed" : event.outcome;
          close(stay, event.at, stay.attempt === event.attempt ? own : "lost");
        }
        open.delete(`${event.job} ${event.n}`);
        break;
      case "lost": {
        const key = `${event.job} ${event.n}`;
        const there = open.get(key) ?? [];
        for (const stay of there) if (stay.attempt === event.attempt) close(stay, event.at, event.outcome);
        open.set(
          key,
          there.filter(({ attempt }) => attempt !== event.attempt),
        );
        break;
      }
      default:
        break;
    }
  }
  for (const there of open.values()) for (const stay of there) close(stay, last, "open");
  return stays;
}
