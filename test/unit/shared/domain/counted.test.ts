import assert from "node:assert/strict";
import { test } from "node:test";
import { counted } from "../../../../shared/domain/counted.ts";

test("a count of one takes the singular, every other count the plural", () => {
  assert.deepEqual(
    [0, 1, 2].map((count) => counted(count, "run")),
    ["0 runs", "1 run", "2 runs"],
  );
  assert.deepEqual(
    [1, 2].map((count) => counted(count, "run is", "runs are")),
    ["1 run is", "2 runs are"],
  );
});
