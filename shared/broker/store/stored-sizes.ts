import type { JobName } from "../../domain/names.ts";
import type { Bus, StoredMessage } from "../../ports.ts";
import { allChunks, chunksOfJob, evidenceOfJob, streams } from "../../wire/subjects.ts";
import { streamInfo } from "../client/jetstream-api.ts";
import { readUpTo } from "../client/read-up-to.ts";
import { mostBytesOf } from "./unstored.ts";

/** Bytes that the broker keeps besides a message's subject and data: its frame and its headers. */
const besides = 100;

const bytesOf = ({ subject, data, size = data.length }: StoredMessage): number => subject.length + size + besides;

/** At most this many messages of one job are looked at. */
const mostLookedAt = 50_000;

/** What the runs of a job have stored in EV and BLOB: its bytes, and whether there are more. */
export async function bytesOfJob(
  bus: Bus,
  job: JobName,
): Promise<{ readonly bytes: number; readonly isMore: boolean }> {
  let bytes = 0;
  let left = mostLookedAt;
  const take = (message: StoredMessage): boolean => {
    bytes += bytesOf(message);
    left -= 1;
    return left > 0;
  };
  for (const [stream, pattern] of [
    [streams.blob, chunksOfJob(job)],
    [streams.evidence, evidenceOfJob(job)],
  ] as const) {
    if (left > 0)
      await readUpTo(bus, stream, await bus.lastSeq(stream), take, { subjects: [pattern], sizesOnly: true });
  }
  return { bytes, isMore: left === 0 };
}

/** How full EV and BLOB are, and how large the messages are in them. */
export const storedSizes = (bus: Bus) => ({
  async fullness(of: "evidence" | "blob") {
    const info = await streamInfo(bus, streams[of]);
    const { bytes = 0, messages = 0, lastSeq = 0 } = info?.state ?? {};
    return { bytes, messages, lastSeq, most: info ? mostBytesOf(info) : -1 };
  },
  sizes: (of: "evidence" | "blob", first: number, last: number, hear: (subject: string, bytes: number) => void) =>
    readUpTo(bus, streams[of], last, (message) => hear(message.subject, bytesOf(message)), { first, sizesOnly: true }),
  pieces: (): Promise<string[]> => bus.subjects(streams.blob, allChunks),
});
