import assert from "node:assert/strict";
import { test } from "node:test";
import { sizeText } from "../../../../shared/domain/size-text.ts";

test("sizes are printed in kB up to 999 and in MB from there, with a tenth below 100 MB", () => {
  const sizes = [0, 1, 998_001, 999_000, 999_001, 1_000_000, 67_108_864, 99_949_999, 99_960_000, 1e8, 536_870_912, 1e9];
  assert.deepEqual(sizes.map(sizeText), [
    ...["0 kB", "1 kB", "999 kB", "999 kB", "1.0 MB", "1.0 MB"],
    ...["67.1 MB", "99.9 MB", "100 MB", "100 MB", "537 MB", "1000 MB"],
  ]);
});
