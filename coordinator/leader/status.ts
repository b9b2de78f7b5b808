import type { WorkerId } from "../../shared/domain/names.ts";
import { type Bus, BusError } from "../../shared/ports.ts";
import { encodeStatus, type Status, type WorkerStatus } from "../../shared/wire/messages.ts";
import { hearersMs, statusEveryMs, statusTickMs, whoHears } from "../../shared/wire/status.ts";
import { status } from "../../shared/wire/subjects.ts";
import { lookOften } from "./look-often.ts";
import type { Presence, Reign } from "./reign/reign.ts";

/** Three quarters of the largest message that a broker takes. */
const mostBytes = 750_000;
/** A smaller difference says nothing about the clocks: a message takes time, and a busy leader reads it late. */
const leastSkewMs = 2000;

/** Most characters of a refusal, as the message allows (shared/wire/status.ts). */
const mostRefusal = 300;

const lends = { lending: null, lendingWhy: null, lendingUntil: null, lendingMs: null } as const;

const unsaid = { diskFree: null, memoryFree: null, load: null, cpu: null, memory: null, gpu: null } as const;

/** What the leader knows besides the journal: when it heard each worker, and how long each lease still lasts. */
export function statusOf(reign: Reign): Status {
  const now = reign.ports.clock.monotonic();
  return {
    term: reign.term,
    leader: reign.state.leader,
    leaseMs: reign.leaseMs,
    onlyResults: reign.onlyResults || null,
    workers: withFewUnfit(
      [...reign.presence].map(([worker, presence]) => rowOf(worker, presence, Math.round(now - presence.heardAt))),
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

/**
 * Runs every second for every worker, so it copies field by field: spreads and rests took half of an idle coordinator's
 * time (2026-11-28).
 */
function rowOf(worker: WorkerId, presence: Presence, silentMs: number): WorkerStatus {
  const { skewMs, lending, machine } = presence;
  const isOpen = lending.lending === "open";
  return {
    worker,
    silentMs,
    slots: presence.slots,
    opportunistic: presence.opportunistic,
    noCode: presence.noCode,
    gpus: presence.gpus || null,
    fetches: presence.fetches || null,
    unfit: presence.unfit && presence.unfit.length > 0 ? presence.unfit : null,
    targets: presence.targets,
    version: presence.version,
    skewMs: skewMs !== null && Math.abs(skewMs) > leastSkewMs ? skewMs : null,
    diskFree: machine?.diskFree ?? null,
    memoryFree: machine?.memoryFree ?? null,
    load: machine?.load ?? null,
    cpu: machine?.cpu ?? null,
    memory: machine?.memory ?? null,
    gpu: machine?.gpu ?? null,
    left: presence.left || null,
    lending: isOpen ? null : lending.lending,
    lendingWhy: isOpen ? null : lending.lendingWhy,
    lendingUntil: isOpen ? null : lending.lendingUntil,
    lendingMs: isOpen ? null : lending.lendingMs + silentMs,
    refusal: presence.refusal?.slice(0, mostRefusal) ?? null,
  };
}

/** Most reasons why workers cannot take a job, in all: so many fit the message of a large swarm. */
const mostUnfit = 1000;

function withFewUnfit(workers: readonly WorkerStatus[]): readonly WorkerStatus[] {
  let left = mostUnfit;
  return workers.map((row) => {
    if (!row.unfit) return row;
    const unfit = row.unfit.slice(0, left);
    left -= unfit.length;
    return { ...row, unfit: unfit.length > 0 ? unfit : null };
  });
}

/** If the status exceeds one message, drops leases and details of workers. Undefined if it still does not fit. */
export function fittingStatus(whole: Status): Uint8Array | undefined {
  const bytes = encodeStatus(whole);
  if (bytes.length <= mostBytes) return bytes;
  const workers = whole.workers.map((worker) => ({
    ...worker,
    targets: [],
    version: null,
    refusal: null,
    unfit: null,
    ...lends,
    ...unsaid,
  }));
  const less = encodeStatus({ ...whole, workers, leases: [] });
  return less.length <= mostBytes ? less : undefined;
}

/**
 * Publishes the status about once a second while this reign lasts and somebody hears it: with a thousand idle workers and nobody
 * who looks, it was a large part of what a coordinator did (2026-11-29). Returns what ends that.
 */
export function tellStatus(reign: Reign, bus: Pick<Bus, "publish" | "request">): () => void {
  const { clock, leads } = reign.ports;
  let toldAt = Number.NEGATIVE_INFINITY;
  let isHeard = false;
  const whole = (): Uint8Array | undefined => (leads() ? fittingStatus(statusOf(reign)) : undefined);
  return lookOften(clock, statusTickMs, async () => {
    const everyMs = statusEveryMs(reign.leases.size + reign.presence.size);
    // Half a tick: timers are not exact.
    if (clock.monotonic() - toldAt < everyMs - statusTickMs / 2) return;
    toldAt = clock.monotonic();
    const wasHeard = isHeard;
    const first = wasHeard ? whole() : whoHears;
    if (!first) return;
    isHeard = await hasHearers(bus, first);
    if (!isHeard) toldAt = Number.NEGATIVE_INFINITY;
    const bytes = isHeard && !wasHeard ? whole() : undefined;
    if (bytes) bus.publish(status, bytes);
  });
}

/** Sends the bytes to the listeners of the status, who never answer. If there are none, the broker says so at once. */
async function hasHearers(bus: Pick<Bus, "request">, bytes: Uint8Array): Promise<boolean> {
  try {
    await bus.request(status, bytes, hearersMs);
    return true;
  } catch (error) {
    if (!(error instanceof BusError)) throw error;
    return error.reason === "no answer in time";
  }
}
