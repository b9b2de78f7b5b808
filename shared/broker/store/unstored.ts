import { type Bus, BusError } from "../../ports.ts";
import { lostSubject, streams } from "../../wire/subjects.ts";
import { askJetStream, retried, type StreamInfo, streamInfo, updateStream } from "../client/jetstream-api.ts";

/**
 * nats-server 2.10.27 takes every message that a connection sends into memory, and stores them one after the other,
 * each with an fsync. 300,000 messages that one worker had sent in 5 s blocked everybody else's for minutes, even after
 * that worker had been cut off (seen). No setting of this version limits that.
 *
 * A full stream refuses messages without touching the disk. So the stream is made full for a moment: 300,000 messages
 * were refused in 2.5 s, and nothing stored was lost (2026-11-28). Others whose messages were refused send them again.
 */
const key = "nexus-max-bytes";

/** Bytes that a stream accepts, whether or not it is made full at the moment; -1: not limited. */
export function mostBytesOf({ config }: StreamInfo): number {
  const { max_bytes: most = -1, metadata } = config as { max_bytes?: number; metadata?: Record<string, string> };
  return Number(metadata?.[key] ?? most);
}

/** Whether a stream refuses everything because `dropUnstored` was begun and has not ended. */
export const isMadeFull = ({ config }: StreamInfo): boolean =>
  key in ((config as { metadata?: Record<string, string> }).metadata ?? {});

const probeTimeoutMs = 30_000;
const getTimeoutMs = 2000;
const tries = 30;
const askAgainMs = 500;

/** Makes the broker refuse what it holds for EV and has not stored. A busy broker may need a minute to answer. */
export async function dropUnstored(bus: Bus): Promise<void> {
  await surely(async () => {
    const info = await streamInfo(bus, streams.evidence);
    if (!info) return;
    const { max_bytes: maxBytes = -1, metadata = {} } = info.config as { max_bytes?: number; metadata?: object };
    // Its limit is kept with the stream, in case this process dies now.
    const kept = key in metadata ? metadata : { ...metadata, [key]: String(maxBytes) };
    await updateStream(bus, info, { max_bytes: 1, metadata: kept });
  });
  try {
    await bus.store(lostSubject, new Uint8Array(1), { msgId: `probe.${Date.now()}`, timeoutMs: probeTimeoutMs });
  } catch (error) {
    // "full": everything before it has been refused too.
    if (!(error instanceof BusError)) throw error;
  } finally {
    await surely(() => endDrop(bus));
  }
}

/** Repeats `work` without an answer: it may have been done, so it must be safe to repeat. */
const surely = (work: () => Promise<void>): Promise<void> => retried(work, tries, askAgainMs);

/** Sequence of EV's newest message, and the bytes of all. */
export async function reachOf(bus: Bus): Promise<{ readonly lastSeq: number; readonly bytes: number }> {
  const { lastSeq = 0, bytes = 0 } = (await streamInfo(bus, streams.evidence, getTimeoutMs))?.state ?? {};
  return { lastSeq, bytes };
}

/** Subjects of messages of EV, asked of the broker one by one; those that are gone are left out. */
export async function subjectsOf(bus: Bus, seqs: readonly number[]): Promise<string[]> {
  const asked = seqs.map(async (seq) => {
    const answer = await askJetStream(bus, `STREAM.MSG.GET.${streams.evidence}`, { seq }, getTimeoutMs);
    const { message } = answer as { message?: { subject?: string } };
    return message?.subject ?? "";
  });
  const found = await Promise.allSettled(asked);
  return found.flatMap((each) => (each.status === "fulfilled" && each.value !== "" ? [each.value] : []));
}

/** Lets EV store again if `dropUnstored` was begun and did not end. */
export const endDropped = (bus: Bus): Promise<void> => surely(() => endDrop(bus));

async function endDrop(bus: Bus): Promise<void> {
  const info = await streamInfo(bus, streams.evidence);
  const { metadata = {} } = (info?.config ?? {}) as { metadata?: Readonly<Record<string, string>> };
  const { [key]: maxBytes, ...others } = metadata;
  if (!info || maxBytes === undefined) return;
  await updateStream(bus, info, { max_bytes: Number(maxBytes), metadata: others });
}
