import { statfs } from "node:fs/promises";
import { BrokerError } from "../errors.ts";
import { blobSubjects, evidenceSubjects, journalSubjects, streams } from "../wire/subjects.ts";
import type { CoordinatorBus, StreamPlan } from "./bus.ts";

const gib = 2 ** 30;

/**
 * Makes the workspace's streams where they are missing.
 *
 * @param storeDir  the embedded broker's store, whose free space is shared out; null for a broker of someone else's
 * @param replicas  copies of each stream: 1 for one broker, 3 in a cluster
 */
export async function ensureStreams(bus: CoordinatorBus, storeDir: string | null, replicas: number): Promise<void> {
  try {
    await bus.makeStreams(await streamPlans(storeDir), replicas);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const where = storeDir === null ? "on the broker" : `on the disk of ${storeDir}`;
    throw new BrokerError(`the broker could not make its streams: ${why}\n  free space ${where}, then start again`, {
      cause,
    });
  }
}

/** The workspace's streams, the journal first: what it cites is in those that follow. */
export async function streamPlans(storeDir: string | null): Promise<StreamPlan[]> {
  const bytes = await shares(storeDir);
  return [
    { name: streams.journal, subjects: journalSubjects, maxBytes: bytes.journal },
    { name: streams.evidence, subjects: evidenceSubjects, maxBytes: bytes.evidence },
    { name: streams.blob, subjects: blobSubjects, maxBytes: bytes.blob },
  ];
}

/** Bytes for each stream: most of what is free now, the journal's share kept apart so that evidence cannot crowd it out. */
async function shares(storeDir: string | null): Promise<{ journal: number; evidence: number; blob: number }> {
  if (storeDir === null) return { journal: -1, evidence: -1, blob: -1 };
  const disk = await statfs(storeDir);
  const free = 0.7 * disk.bavail * disk.bsize;
  const journal = Math.floor(Math.min(8 * gib, free / 8));
  const rest = Math.floor(Math.min(32 * gib, (free - journal) / 2));
  return { journal, evidence: rest, blob: rest };
}
