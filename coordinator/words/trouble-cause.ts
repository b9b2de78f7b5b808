import type { JournalEvent } from "../../shared/domain/fold/events.ts";

/**
 * What an event has in common with others of the same cause, whatever run it concerns and whichever worker told it; undefined if it
 * is no trouble. Nothing is put into words here: a view that opens late asks it for a million events.
 */
export function troubleCause(event: JournalEvent): string | undefined {
  switch (event.type) {
    case "ended":
      return event.outcome === "pruned" ? undefined : `${event.job} ${event.outcome} ${common(event)}`;
    case "lost":
      return `${event.job} ${event.outcome} ${common(event)}`;
    case "reopened":
      return `${event.job} reopened ${common(event)}`;
    case "checkpoint-lost":
      return `${event.job} checkpoint ${event.what} ${common(event)}`;
    case "set-aside":
      return `set aside ${common(event)}`;
    case "invite-ended":
      return event.cutOff ? `invitation ${event.invite} ${event.reason}` : undefined;
    case "worker-state":
      return event.state === "admitted" || event.state === "working"
        ? undefined
        : `${event.worker} ${event.state} ${event.reason}`;
    default:
      return undefined;
  }
}

/** The reason without the name of the worker: `no sign of life from lab-1 for 30 s` is the same for lab-2. */
const common = ({ worker, reason }: { readonly worker: string; readonly reason: string }): string =>
  reason.includes(worker) ? reason.replaceAll(worker, "a worker") : reason;
