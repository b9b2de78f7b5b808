import assert from "node:assert/strict";
import { test } from "node:test";
import { decode, encode } from "../../../../shared/wire/codec.ts";

test("what is decoded from a message stays as it was when the next message is read", () => {
  const first = decode(encode({ key: Uint8Array.of(1, 2, 3), text: "a text of more than a few letters, é" }));
  decode(encode({ key: Uint8Array.of(9, 9, 9), text: "another, which lies where the first one was read" }));
  const { key, text } = first as { key: Uint8Array; text: string };
  assert.deepEqual([...key], [1, 2, 3]);
  assert.equal(text, "a text of more than a few letters, é");
});

test("a message that was cut off is not completed with bytes of the one before it", () => {
  const whole = encode({
    a: "1234567890",
    b: Uint8Array.of(1, 2, 3, 4),
    c: [1, 2, 3],
    d: 1.5,
    e: "a text ".repeat(40),
  });
  assert.deepEqual(Object.keys(decode(whole) as object), ["a", "b", "c", "d", "e"]);
  for (let length = 0; length < whole.length; length += 1) {
    decode(whole);
    assert.throws(() => decode(whole.subarray(0, length)), `the first ${length} of ${whole.length} bytes`);
  }
});

test("large and small messages are read alike, and bytes after a message are refused", () => {
  for (const size of [10, 65_000, 65_536, 70_000, 200_000]) {
    const value = { bytes: new Uint8Array(size).fill(7), rest: [1, null, "x"] };
    const read = decode(encode(value)) as { bytes: Uint8Array; rest: unknown[] };
    assert.equal(Buffer.compare(read.bytes, value.bytes), 0);
    assert.deepEqual(read.rest, value.rest);
    assert.throws(
      () => decode(Buffer.concat([encode(value), Buffer.of(1)])),
      /^BadMessage: 1 bytes more than the value at its start/,
    );
  }
});

test("no MessagePack extension reads beyond its message or builds a graph of references", () => {
  decode(encode({ secret: "a text that must not be read again" }));
  // Bundled strings: a position behind the message, where the message before left its texts.
  const beyond = Buffer.from([0xd6, 0x62, 0x00, 0x00, 0x00, 0x02, 0x92, 0x01, 0x02]);
  assert.throws(() => decode(beyond), /^BadMessage: an extension/);
  // A list whose two items are the same list, 40 levels deep: 2^40 nodes for whoever walks it.
  const level = (depth: number): number[] =>
    depth === 0 ? [0x01] : [0x92, 0xd6, 0x69, 0, 0, 0, depth, ...level(depth - 1), 0xd6, 0x70, 0, 0, 0, depth];
  assert.throws(() => decode(Buffer.from(level(40))), /^BadMessage: an extension/);
});
