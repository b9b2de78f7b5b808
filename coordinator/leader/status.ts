import type { Bus } from "../../shared/ports.ts";
import { encodeStatus, type Status } from "../../shared/wire/messages.ts";
import { statusEveryMs, statusTickMs } from "../../shared/wire/status.ts";
import { status } from "../../shared/wire/subjects.ts";
import type { Reign } from "./reign/reign.ts";

/** Three quarters of the largest message that a broker takes. */
const mostBytes = 750_000;
/** A smaller difference says nothing about the clocks: a message takes time, and a busy leader reads it late. */
const leastSkewMs = 2000;

/** What the leader knows besides the journal: when it heard each worker, and how long each lease still lasts. */
export function statusOf(reign: Reign): Status {
  const now = reign.ports.clock.monotonic();
  return {
    term: reign.term,
    leader: reign.state.leader,
    leaseMs: reign.leaseMs,
    workers: [...reign.presence].map(([worker, { heardAt, bootId: _, retired: __, skewMs, ...said }]) => ({
      ...said,
      worker,
      silentMs: Math.round(now - heardAt),
      skewMs: skewMs !== null && Math.abs(skewMs) > leastSkewMs ? skewMs : null,
    })),
    leases: [...reign.leases.all()].map(({ job, n, attempt, expiresAt }) => ({
      job,
      n,
      attempt,
      leftMs: Math.round(expiresAt - now),
      iters: reign.itersOf(job, n),
    })),
  };
}

/** If the status exceeds one message, the leases are dropped; if it still does not fit, nothing is sent. */
export function fittingStatus(whole: Status): Uint8Array | undefined {
  const bytes = encodeStatus(whole);
  if (bytes.length <= mostBytes) return bytes;
  const workers = whole.workers.map((worker) => ({ ...worker, targets: [], version: null }));
  const less = encodeStatus({ ...whole, workers, leases: [] });
  return less.length <= mostBytes ? less : undefined;
}

/** Publishes the status about once a second while this reign lasts. Returns what ends that. */
export function tellStatus(reign: Reign, bus: Bus): () => void {
  let skip = 0;
  const timer = reign.ports.clock.every(statusTickMs, () => {
    if (skip > 0) {
      skip -= 1;
      return;
    }
    skip = statusEveryMs(reign.leases.size + reign.presence.size) / statusTickMs - 1;
    const bytes = fittingStatus(statusOf(reign));
    if (bytes && reign.ports.leads()) bus.publish(status, bytes);
  });
  return () => timer.cancel();
}
