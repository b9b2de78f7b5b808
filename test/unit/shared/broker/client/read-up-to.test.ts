import assert from "node:assert/strict";
import { test } from "node:test";
import { readUpTo } from "../../../../../shared/broker/client/read-up-to.ts";
import type { Bus, StoredMessage } from "../../../../../shared/ports.ts";

/** A copy of a stream that has these messages when it is read, and the others a moment later. */
const copy = (there: readonly number[], later: readonly number[]): Pick<Bus, "read"> => ({
  read: async (_stream, _first, hear) => {
    for (const seq of there) hear({ seq } as StoredMessage);
    setTimeout(() => {
      for (const seq of later) hear({ seq } as StoredMessage);
    }, 20);
    return { caughtUp: Promise.resolve(), stop: async () => undefined };
  },
});

const read = async (bus: Pick<Bus, "read">, last: number): Promise<number[]> => {
  const heard: number[] = [];
  await readUpTo(bus, "EV", last, ({ seq }) => heard.push(seq));
  return heard;
};

test("a reading waits for a copy of a stream that is behind, up to the last message that there is to read", async () => {
  assert.deepEqual(await read(copy([1, 2], [3, 5, 6]), 5), [1, 2, 3, 5]);
});

test("a reading ends all the same if the last message of its stream is gone", async () => {
  assert.deepEqual(await read(copy([1, 2], []), 5), [1, 2]);
});
