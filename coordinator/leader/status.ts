import type { Bus } from "../../shared/ports.ts";
import { encodeStatus, type Status } from "../../shared/wire/messages.ts";
import { statusEveryMs, statusTickMs } from "../../shared/wire/status.ts";
import { status } from "../../shared/wire/subjects.ts";
import type { Reign } from "./reign/reign.ts";

/** Three quarters of what a broker takes at once. */
const mostBytes = 750_000;
/** A message takes time on its way, and a busy leader reads it later still: a difference below this says nothing of the clocks. */
const leastSkewMs = 2000;

/** What the leader knows beyond the journal: who was heard when, and how long each lease still lasts. */
export function statusOf(reign: Reign): Status {
  const now = reign.ports.clock.monotonic();
  return {
    term: reign.term,
    leader: reign.state.leader,
    leaseMs: reign.leaseMs,
    workers: [...reign.presence].map(
      ([worker, { heardAt, slots, opportunistic, noCode, targets, version, skewMs }]) => ({
        worker,
        silentMs: Math.round(now - heardAt),
        slots,
        opportunistic,
        noCode,
        targets,
        version,
        skewMs: skewMs !== null && Math.abs(skewMs) > leastSkewMs ? skewMs : null,
      }),
    ),
    leases: [...reign.leases.all()].map(({ job, n, attempt, expiresAt }) => ({
      job,
      n,
      attempt,
      leftMs: Math.round(expiresAt - now),
      iters: reign.itersOf(job, n),
    })),
  };
}

/** Of a swarm too large for one message, who is there without what they hold; of a still larger one nothing. */
export function fittingStatus(whole: Status): Uint8Array | undefined {
  const bytes = encodeStatus(whole);
  if (bytes.length <= mostBytes) return bytes;
  const workers = whole.workers.map((worker) => ({ ...worker, targets: [], version: null }));
  const less = encodeStatus({ ...whole, workers, leases: [] });
  return less.length <= mostBytes ? less : undefined;
}

/** Tells it to whoever listens, about once a second, while this reign lasts. Returns what ends it. */
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
