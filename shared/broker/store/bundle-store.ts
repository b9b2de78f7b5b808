import type { Bus } from "../../ports.ts";
import { allBundlePieces, parseBundlePiece, streams } from "../../wire/subjects.ts";
import { askJetStream } from "../client/jetstream-api.ts";
import { readUpTo } from "../client/read-up-to.ts";

/** The pieces in BLOB of what jobs bring along, for the leader. */
export const bundleStore = (bus: Bus) => ({
  async pieces(): Promise<Map<string, number[]>> {
    const found = new Map<string, number[]>();
    // Without any, which is usual, nothing is read.
    if ((await bus.subjects(streams.blob, allBundlePieces)).length === 0) return found;
    const hear = ({ subject, seq }: { readonly subject: string; readonly seq: number }): void => {
      const name = parseBundlePiece(subject);
      if (name !== undefined) found.set(name, [...(found.get(name) ?? []), seq]);
    };
    const last = await bus.lastSeq(streams.blob);
    await readUpTo(bus, streams.blob, last, hear, { subjects: [allBundlePieces], sizesOnly: true });
    return found;
  },
  async drop(seq: number): Promise<void> {
    // Pieces are sealed, so the bytes need not be overwritten.
    await askJetStream(bus, `STREAM.MSG.DELETE.${streams.blob}`, { seq, no_erase: true });
  },
});
