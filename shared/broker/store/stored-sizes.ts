import type { Bus } from "../../ports.ts";
import { allChunks, streams } from "../../wire/subjects.ts";
import { streamInfo } from "../client/jetstream-api.ts";
import { readUpTo } from "../client/read-up-to.ts";
import { mostBytesOf } from "./unstored.ts";

/** Bytes that the broker keeps besides a message's subject and data: its frame and its headers. */
const besides = 100;

/** How full EV and BLOB are, and how large the messages are in them. */
export const storedSizes = (bus: Bus) => ({
  async fullness(of: "evidence" | "blob") {
    const info = await streamInfo(bus, streams[of]);
    const { bytes = 0, messages = 0, lastSeq = 0 } = info?.state ?? {};
    return { bytes, messages, lastSeq, most: info ? mostBytesOf(info) : -1 };
  },
  sizes(of: "evidence" | "blob", first: number, last: number, hear: (subject: string, bytes: number) => void) {
    const take = ({ subject, data, size = data.length }: { subject: string; data: Uint8Array; size?: number }): void =>
      hear(subject, subject.length + size + besides);
    return readUpTo(bus, streams[of], last, take, { first, sizesOnly: true });
  },
  pieces: (): Promise<string[]> => bus.subjects(streams.blob, allChunks),
});
