import { statfs } from "node:fs/promises";
import { BrokerError, messageOf } from "../../errors.ts";
import { BusError } from "../../ports.ts";
import { pause } from "../../time/deadline.ts";
import { blobSubjects, bucket, evidenceSubjects, journalSubjects, streams } from "../../wire/subjects.ts";
import type { CoordinatorBus, StreamPlan } from "../client/bus.ts";
import { JetStreamRefusal, type StreamInfo, streamInfo, updateStream } from "../client/jetstream-api.ts";
import { openStreams } from "./closed-streams.ts";
import { isMadeFull, mostBytesOf } from "./unstored.ts";

const gib = 2 ** 30;
const retryMs = 500;
/**
 * A cluster that has just started knows its servers only after some seconds, and refuses copies until then. On starved
 * machines it also takes running servers for gone (seen: 10 s).
 */
const peerPatienceMs = 30_000;
/** How long to ask a broker that is frozen, or was just restarted. */
const silencePatienceMs = 60_000;

/**
 * Makes the workspace's missing streams. Existing ones get the copies that they lack, more room where the disk has more by now,
 * and accept messages again if an interrupted move had closed them.
 *
 * @param storeDir  the embedded broker's store, whose free space the streams share; null for someone else's broker
 * @param replicas  copies of each stream: 1 for one broker, 3 in a cluster
 * @throws BrokerError that says what to do
 */
export async function ensureStreams(bus: CoordinatorBus, storeDir: string | null, replicas: number): Promise<void> {
  const plans = await streamPlans(storeDir);
  const make = async (): Promise<void> => {
    await bus.makeStreams(plans, replicas);
    await openStreams(bus);
    for (const name of [...plans.map((plan) => plan.name), `KV_${bucket}`]) await raiseCopies(bus, name, replicas);
    if (storeDir !== null && replicas === 1) await raiseLimits(bus, storeDir);
  };
  try {
    await makePatiently(make);
  } catch (cause) {
    const why = messageOf(cause);
    const where = storeDir === null ? "on the broker" : `on the disk of ${storeDir}`;
    const advice = isRefusal(cause, noSuitablePeers, notInACluster)
      ? `${replicas} copies need a NATS cluster of as many servers that run`
      : isSilence(cause) || hasNoJetStream(cause)
        ? "check that it runs and has JetStream, then start again"
        : `free space ${where}, then start again`;
    throw new BrokerError(`the broker could not make its streams: ${why}\n  ${advice}`, { cause });
  }
}

/** Tries again as long as the trouble may pass by itself. */
async function makePatiently(make: () => Promise<void>): Promise<void> {
  const startedAt = performance.now();
  for (;;) {
    try {
      return await make();
    } catch (error) {
      if (performance.now() - startedAt > patienceWith(error)) throw error;
    }
    await pause(retryMs);
  }
}

function patienceWith(error: unknown): number {
  if (isRefusal(error, noSuitablePeers)) return peerPatienceMs;
  // Another coordinator has made it meanwhile, when another share of the disk was free. The next try finds it.
  return isSilence(error) || isRefusal(error, nameInUse) ? silencePatienceMs : 0;
}

const noSuitablePeers = 10005;
const notInACluster = 10074;
const nameInUse = 10058;

const isRefusal = (error: unknown, ...codes: readonly number[]): boolean =>
  error instanceof JetStreamRefusal && codes.includes(error.errorCode);

const hasNoJetStream = (error: unknown): boolean => error instanceof BusError && error.reason === "nobody answered";

const isSilence = (error: unknown): boolean =>
  error instanceof BusError && (error.reason === "no answer in time" || error.reason === "not connected");

/** Never lowers them: only the broker's administrator removes copies. */
async function raiseCopies(bus: CoordinatorBus, name: string, replicas: number): Promise<void> {
  const info = await streamInfo(bus, name);
  const { num_replicas: now = 1 } = (info?.config ?? {}) as { num_replicas?: number };
  if (!info || now >= replicas) return;
  // A copy that is behind must not answer who leads.
  const changes =
    name === `KV_${bucket}` ? { num_replicas: replicas, allow_direct: false } : { num_replicas: replicas };
  await updateStream(bus, info, changes);
}

/** A limit is raised by a tenth at least, so that files that come and go on the disk change nothing. */
const leastRise = 1.1;

/**
 * Raises the limits of streams that were made when less of the disk was free. Never lowers them. With peers, whose disks differ,
 * they stay as they were made.
 */
async function raiseLimits(bus: CoordinatorBus, storeDir: string): Promise<void> {
  const infos = new Map<string, StreamInfo>();
  for (const { name } of await streamPlans(null)) {
    const info = await streamInfo(bus, name);
    if (info) infos.set(name, info);
  }
  const stored = [...infos.values()].reduce((bytes, { state }) => bytes + state.bytes, 0);
  for (const { name, maxBytes } of await streamPlans(storeDir, stored)) {
    const info = infos.get(name);
    if (!info || isMadeFull(info)) continue;
    const most = mostBytesOf(info);
    if (most < 0 || maxBytes < leastRise * most) continue;
    try {
      await updateStream(bus, info, { max_bytes: maxBytes });
    } catch (error) {
      // The stream goes on with the limit that it had.
      if (!(error instanceof JetStreamRefusal)) throw error;
    }
  }
}

/**
 * The workspace's streams, the journal first: the others hold what it cites.
 *
 * @param stored  bytes that the streams hold already, which are theirs as well as what is free
 */
export async function streamPlans(storeDir: string | null, stored = 0): Promise<StreamPlan[]> {
  const bytes = await shares(storeDir, stored);
  return [
    { name: streams.journal, subjects: journalSubjects, maxBytes: bytes.journal },
    { name: streams.evidence, subjects: evidenceSubjects, maxBytes: bytes.evidence },
    { name: streams.blob, subjects: blobSubjects, maxBytes: bytes.blob },
  ];
}

/**
 * Bytes for each stream: most of what is free now, and of what they hold. The journal has a share of its own, so that evidence
 * cannot crowd it out.
 */
async function shares(
  storeDir: string | null,
  stored: number,
): Promise<{ journal: number; evidence: number; blob: number }> {
  if (storeDir === null) return { journal: -1, evidence: -1, blob: -1 };
  const disk = await statfs(storeDir);
  const free = 0.7 * (disk.bavail * disk.bsize + stored);
  const journal = Math.floor(Math.min(8 * gib, free / 8));
  const rest = Math.floor(Math.min(32 * gib, (free - journal) / 2));
  return { journal, evidence: rest, blob: rest };
}
