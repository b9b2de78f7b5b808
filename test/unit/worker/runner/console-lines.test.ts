import assert from "node:assert/strict";
import { test } from "node:test";
import { leftOutLine } from "../../../../worker/runner/console-lines.ts";

test("a run says what its checkpoints leave out, and when that is nothing any more", () => {
  assert.equal(leftOutLine("secret (not a file)"), "checkpoints leave out secret (not a file)");
  assert.equal(leftOutLine(""), "checkpoints leave out nothing any more");
});
