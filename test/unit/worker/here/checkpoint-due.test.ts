import assert from "node:assert/strict";
import { test } from "node:test";
import { isCheckpointDue } from "../../../../worker/here/checkpoint-due.ts";

test("nexus check takes a checkpoint after the first report, however early, and then every five seconds", () => {
  assert.equal(isCheckpointDue(0, undefined, 60_000), false, "nothing was reported");
  assert.equal(isCheckpointDue(1, undefined, 1000), true);
  assert.equal(isCheckpointDue(9, 1000, 6000), false);
  assert.equal(isCheckpointDue(9, 1000, 6001), true);
});
