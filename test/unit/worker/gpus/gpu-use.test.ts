import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { askProgram, type ProgramAnswer } from "../../../../worker/gpus/ask-program.ts";
import { meanUse, nvidiaUse } from "../../../../worker/gpus/gpu-use.ts";
import { temporaryFolder } from "../../../support/cleanup.ts";
import { eventually } from "../../../support/patience.ts";

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

test("the use of the lent GPUs is not asked again while an nvidia-smi that hangs in its driver is there", async () => {
  const asked: (() => void)[] = [];
  const ask: typeof askProgram = async (_name, _words, _asking, gone = () => undefined): Promise<ProgramAnswer> => {
    asked.push(gone);
    return asked.length === 1 ? { kind: "failed", why: "it said nothing for 5 s" } : { kind: "said", text: said };
  };
  const use = nvidiaUse(["0"], { path: "", patienceMs: 5000 }, ask);
  assert.deepEqual([await use(), await use(), asked.length], [null, null, 1]);
  asked[0]?.();
  assert.deepEqual([await use(), asked.length], [97, 2]);
});

test("a program that was asked counts as gone once its process has ended, which may be after its answer", async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "hangs"), "#!/bin/sh\nexec sleep 1000\n", { mode: 0o755 });
  const gone: string[] = [];
  for (const [name, kind] of [
    ["hangs", "failed"],
    ["absent", "none"],
  ] as const) {
    const answer = await askProgram(name, [], { path: folder, patienceMs: 50 }, () => gone.push(name));
    assert.equal(answer.kind, kind);
    await eventually(`${name} is gone`, () => gone.includes(name));
  }
  assert.deepEqual(gone, ["hangs", "absent"]);
});
