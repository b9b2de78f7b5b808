import type { Bus } from "../../ports.ts";
import { lostSubject, streams } from "../../wire/subjects.ts";
import { askJetStream, streamInfo } from "../client/jetstream-api.ts";

/** nats-server reads the blocks that hold the messages, and rewrites them. */
const purgeTimeoutMs = 120_000;

async function purge(bus: Bus, stream: string, question: object): Promise<number> {
  const { purged } = await askJetStream(bus, `STREAM.PURGE.${stream}`, question, purgeTimeoutMs);
  return typeof purged === "number" ? purged : 0;
}

/** Deletes messages of EV and pieces in BLOB by their subjects; see the port. */
export const storePurger = (bus: Bus) => ({
  evidence: (pattern: string): Promise<string[]> => bus.subjects(streams.evidence, pattern),
  pieces: (pattern: string): Promise<string[]> => bus.subjects(streams.blob, pattern),
  purgeEvidence: (pattern: string, before: number): Promise<number> =>
    purge(bus, streams.evidence, { filter: pattern, seq: before }),
  purgePieces: (pattern: string): Promise<number> => purge(bus, streams.blob, { filter: pattern }),
  async end(): Promise<number> {
    const { seq } = await bus.store(lostSubject, new Uint8Array(1), { msgId: `end.${Date.now()}` });
    return seq;
  },
  async missing(): Promise<number> {
    const { lastSeq = 0, messages = 0 } = (await streamInfo(bus, streams.evidence))?.state ?? {};
    return lastSeq - messages;
  },
});
