import assert from "node:assert/strict";
import { test } from "node:test";
import { EarlyEvidence } from "../../../../coordinator/reading/early-evidence.ts";

const message = (seq: number, bytes = 10) => ({ seq, subject: "ev", data: new Uint8Array(bytes), msgId: `${seq}` });

test("evidence that comes before its assignment is kept by run, the newest 64 messages and 4 MB at most", () => {
  const early = new EarlyEvidence();
  for (let seq = 1; seq <= 100; seq += 1) early.keep(seq % 2, message(seq));
  const odd = early.take(1).map(({ seq }) => seq);
  assert.deepEqual([odd.length, odd[0], odd.at(-1), early.take(1)], [32, 37, 99, []]);
  for (let seq = 1; seq <= 9; seq += 1) early.keep(2, message(seq, 1024 ** 2));
  assert.deepEqual(
    early.take(2).map(({ seq }) => seq),
    [6, 7, 8, 9],
  );
  early.keep(0, message(1, 5 * 1024 ** 2));
  assert.deepEqual(early.take(0), []);
});
