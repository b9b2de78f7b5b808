import assert from "node:assert/strict";
import { test } from "node:test";
import { sizeText } from "../../../../shared/domain/size-text.ts";

test("sizes are printed in kB below a million bytes and in MB from there, in thousands", () => {
  const sizes = [0, 1, 999_001, 1_000_000, 67_108_864, 536_870_912];
  assert.deepEqual(sizes.map(sizeText), ["0 kB", "1 kB", "1000 kB", "1.0 MB", "67.1 MB", "537 MB"]);
});
