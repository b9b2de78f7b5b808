import type { Bus } from "../../ports.ts";
import { blobSubjects, evidenceSubjects, journalSubjects, streams } from "../../wire/subjects.ts";
import { type StreamInfo, streamInfo, updateStream } from "../client/jetstream-api.ts";

/**
 * Streams that accept nothing while the workspace is moved: they listen on other subjects, so publishers learn that nobody
 * listens, keep their messages, and try again. The streams hold what was acknowledged before, and acknowledge nothing after.
 */
const closedPrefix = "moving.";

/** The journal first, so that nothing more is decided; then the evidence, which cites what BLOB holds. */
const takes: readonly (readonly [string, readonly string[]])[] = [
  [streams.journal, journalSubjects],
  [streams.evidence, evidenceSubjects],
  [streams.blob, blobSubjects],
];

export async function closeStreams(bus: Bus): Promise<void> {
  for (const [name, subjects] of takes) {
    const info = await streamInfo(bus, name);
    if (!info || isClosed(info)) continue;
    await updateStream(bus, info, { subjects: subjects.map((subject) => closedPrefix + subject) });
  }
}

/** Undoes `closeStreams`; does nothing if they are open. */
export async function openStreams(bus: Bus): Promise<void> {
  for (const [name, subjects] of [...takes].reverse()) {
    const info = await streamInfo(bus, name);
    if (info && isClosed(info)) await updateStream(bus, info, { subjects });
  }
}

/** Whether a move was started and neither finished nor undone. */
export async function areClosed(bus: Bus): Promise<boolean> {
  const info = await streamInfo(bus, streams.journal);
  return info !== undefined && isClosed(info);
}

/** Whether this stream accepts nothing. */
export function isClosed({ config }: StreamInfo): boolean {
  const { subjects = [] } = config as { subjects?: readonly string[] };
  return subjects.some((subject) => subject.startsWith(closedPrefix));
}
