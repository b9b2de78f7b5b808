import assert from "node:assert/strict";
import { test } from "node:test";
import { meanUse } from "../../../../worker/gpus/gpu-use.ts";

// As nvidia-smi 535 prints with --query-gpu=index,uuid,utilization.gpu --format=csv,noheader,nounits.
const said = [
  "0, GPU-5c89852c-d268-c3f3-1b07-005d5ae1dc3f, 97",
  "1, GPU-6d99852c-d268-c3f3-1b07-005d5ae1dc40, 0",
  "2, GPU-7e99852c-d268-c3f3-1b07-005d5ae1dc41, [N/A]",
  "",
].join("\n");

test("the use of the lent GPUs is their mean, by number or UUID, and others do not count", () => {
  assert.equal(meanUse(said, ["0"]), 97);
  assert.equal(meanUse(said, ["0", "1"]), 49);
  assert.equal(meanUse(said, ["GPU-6d99852c-d268-c3f3-1b07-005d5ae1dc40"]), 0);
  assert.equal(meanUse(said, ["2"]), null, "one that does not say");
  assert.equal(meanUse(said, ["7"]), null);
  assert.equal(meanUse("Failed to initialize NVML", ["0"]), null);
});
