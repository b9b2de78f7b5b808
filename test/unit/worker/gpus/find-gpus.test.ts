import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { UsageError } from "../../../../shared/errors.ts";
import { amdGpus } from "../../../../worker/gpus/amd.ts";
import { chooseGpus, readGpuChoice } from "../../../../worker/gpus/choose-gpus.ts";
import type { GpuAnswer } from "../../../../worker/gpus/gpu.ts";
import { nvidiaGpus } from "../../../../worker/gpus/nvidia.ts";
import { type FakeSmi, fakeSmi, written } from "../../../support/processes/fake-smi.ts";

const nvidia = (smi: FakeSmi, patienceMs = 20_000): Promise<GpuAnswer | null> =>
  nvidiaGpus({ path: `${fakeSmi({ "nvidia-smi": smi })}:/usr/bin:/bin`, patienceMs });
const amd = (smi: FakeSmi): Promise<GpuAnswer | null> =>
  amdGpus({ path: fakeSmi({ "rocm-smi": smi }), patienceMs: 20_000 });
const whyNot = (found: GpuAnswer | null): string => (found && !found.ok ? found.why : "");
const idsOf = (found: GpuAnswer | null): string[] => (found?.ok ? found.gpus.map(({ id }) => id) : []);

describe("nvidia-smi", () => {
  test("nvidia-smi names GPUs by number, with what they are", async () => {
    const found = await nvidia({ prints: written.twoH100, list: written.twoH100List });
    assert.deepEqual(found?.ok && found.gpus[1], {
      id: "1",
      uuid: "GPU-1f2a3b4c-0001-0002-0003-000000000001",
      name: "NVIDIA H100 80GB HBM3",
      memory: 81559 * 2 ** 20,
    });
    assert.deepEqual(idsOf(found), ["0", "1"]);
  });

  test("nvidia-smi names the parts of a divided GPU in its place", async () => {
    const found = await nvidia({ prints: written.twoH100, list: written.dividedList });
    assert.deepEqual(idsOf(found), [
      "MIG-06c97d93-94ac-5a0c-a3ae-0ba8bf8f0b5c",
      "MIG-7d1c2a5e-0f65-5f0a-9c9d-1b2c3d4e5f60",
      "1",
    ]);
    assert.deepEqual(found?.ok && [found.gpus[0]?.name, found.gpus[0]?.memory], [
      "NVIDIA H100 80GB HBM3 MIG 3g.40gb",
      40 * 2 ** 30,
    ]);
  });

  test("nvidia-smi may say nothing of a GPU's memory", async () => {
    const found = await nvidia({ prints: "0, GPU-0f, NVIDIA GB10, [N/A]\n" });
    assert.deepEqual(found?.ok && found.gpus[0]?.memory, null);
  });

  test("nvidia-smi may find no GPU, in either of its ways to say so", async () => {
    assert.deepEqual(await nvidia({ prints: "No devices were found\n", code: 6 }), { ok: true, gpus: [] });
    assert.deepEqual(await nvidia({ prints: "No devices were found\n" }), { ok: true, gpus: [] });
    assert.deepEqual(await nvidia({ prints: "" }), { ok: true, gpus: [] });
  });

  test("nvidia-smi that fails, prints something else or hangs lends nothing, and says why", async () => {
    const failed = whyNot(await nvidia({ prints: written.noDriver, code: 9 }));
    assert.match(failed, /^nvidia-smi: it ended with code 9: NVIDIA-SMI has failed because/);
    const other = whyNot(await nvidia({ prints: "index;uuid\n0;GPU-1" }));
    assert.match(other, /^nvidia-smi: found the line "index;uuid", expected lines such as "0, GPU-/);
    const hangs = whyNot(await nvidia({ prints: "", hangs: true }, 200));
    assert.equal(hangs, "nvidia-smi: it said nothing for 0.2 s, and was killed");
  });

  test("nvidia-smi and rocm-smi may not be there", async () => {
    assert.equal(await nvidiaGpus({ path: fakeSmi({}), patienceMs: 20_000 }), null);
    assert.equal(await amdGpus({ path: undefined, patienceMs: 20_000 }), null);
  });
});

describe("rocm-smi", () => {
  test("rocm-smi names GPUs by number, with what they are", async () => {
    const found = await amd({ prints: written.twoMi250 });
    assert.deepEqual(found?.ok && found.gpus, [
      { id: "0", uuid: null, name: "AMD INSTINCT MI250X", memory: 68702699520 },
      { id: "1", uuid: null, name: "AMD INSTINCT MI250X", memory: 68702699520 },
    ]);
  });

  test("rocm-smi may warn before its JSON, or find no GPU", async () => {
    assert.equal(
      idsOf(await amd({ prints: `WARNING: AMD GPU device(s) is/are in a low-power state\n${written.twoMi250}` }))
        .length,
      2,
    );
    assert.deepEqual(await amd({ prints: "WARNING: No AMD GPUs specified\n" }), { ok: true, gpus: [] });
  });

  test("rocm-smi that prints something else says what", async () => {
    assert.match(whyNot(await amd({ prints: '{"card0": ' })), /^rocm-smi: what it prints is no JSON: /);
    assert.match(
      whyNot(await amd({ prints: "segmentation fault" })),
      /^rocm-smi: found "segmentation fault", expected JSON/,
    );
  });
});

const two: GpuAnswer = {
  ok: true,
  gpus: ["0", "1"].map((id) => ({ id, uuid: `GPU-${id}abc`, name: "NVIDIA A100", memory: 2 ** 35 })),
};
const onlyNvidia = { nvidia: two, amd: null };
const nothing = { nvidia: null, amd: null };
const told = (typed: string) => readGpuChoice(typed) ?? assert.fail(`${typed} is refused`);
const lent = (...given: Parameters<typeof chooseGpus>): string[] => chooseGpus(...given).gpus.map(({ id }) => id);

describe("the GPUs that are lent", () => {
  test("the GPUs that are lent are all that were found, unless the owner says which", () => {
    assert.deepEqual(lent(undefined, {}, onlyNvidia), ["0", "1"]);
    assert.deepEqual(lent("all", {}, onlyNvidia), ["0", "1"]);
    assert.deepEqual(lent("none", {}, onlyNvidia), []);
    assert.deepEqual(lent(told("1"), {}, onlyNvidia), ["1"]);
    assert.deepEqual(lent(told("GPU-1a"), {}, onlyNvidia), ["GPU-1a"]);
    assert.equal(chooseGpus(told("GPU-1a"), {}, onlyNvidia).gpus[0]?.name, "NVIDIA A100");
    assert.deepEqual(lent(undefined, {}, nothing), []);
  });

  test("the GPUs that are lent are those that the environment leaves, as a batch system sets it", () => {
    assert.deepEqual(lent(undefined, { CUDA_VISIBLE_DEVICES: "1" }, onlyNvidia), ["1"]);
    assert.deepEqual(lent("all", { CUDA_VISIBLE_DEVICES: "GPU-1abc" }, onlyNvidia), ["GPU-1abc"]);
    assert.deepEqual(lent(undefined, { CUDA_VISIBLE_DEVICES: "MIG-06c97d93" }, nothing), ["MIG-06c97d93"]);
    for (const none of ["", "-1", "NoDevFiles"])
      assert.deepEqual(lent(undefined, { CUDA_VISIBLE_DEVICES: none }, onlyNvidia), []);
    assert.deepEqual(lent(undefined, { CUDA_VISIBLE_DEVICES: "1,7,0" }, onlyNvidia), ["1"], "as the driver reads it");
    const amdOnly = { nvidia: null, amd: two };
    assert.deepEqual(lent(undefined, { ROCR_VISIBLE_DEVICES: "1" }, amdOnly), ["1"]);
    const both = { ROCR_VISIBLE_DEVICES: "3,5,7", HIP_VISIBLE_DEVICES: "2,0" };
    assert.deepEqual(lent(undefined, both, nothing), ["7", "3"], "HIP counts among those that ROCR leaves");
    assert.deepEqual(lent(undefined, { ZE_AFFINITY_MASK: "0,1.1" }, nothing), ["0", "1.1"]);
  });

  test("GPUs that the owner names are taken on trust where no program names them", () => {
    assert.deepEqual(lent(told("0,1"), {}, nothing), ["0", "1"]);
    assert.equal(chooseGpus(told("intel:0"), {}, nothing).maker, "intel");
    const broken = chooseGpus(told("0"), {}, { nvidia: { ok: false, why: "nvidia-smi: it hangs" }, amd: null });
    assert.deepEqual([broken.gpus.length, broken.note], [1, "nvidia-smi: it hangs"]);
  });

  test("GPUs that the owner names and that are not there are refused, with those that are", () => {
    assert.throws(
      () => chooseGpus(told("0,2"), {}, onlyNvidia),
      new UsageError(
        "--gpus 0,2: there is no GPU 2 for it: found 2 GPUs, 0,1\n" +
          "  expected all, none, or GPUs such as 0,1 or GPU-5c89852c or amd:0,1",
      ),
    );
    assert.throws(
      () => chooseGpus(told("0"), { CUDA_VISIBLE_DEVICES: "1" }, onlyNvidia),
      /there is no GPU 0 for it: CUDA_VISIBLE_DEVICES of this worker is "1"/,
    );
    assert.throws(
      () => chooseGpus("all", {}, nothing),
      /--gpus all: found no GPU: neither nvidia-smi nor rocm-smi names one\n/,
    );
  });

  test("--gpus is refused where nobody can read it", () => {
    for (const typed of ["", "0,,1", "0,0", "two", "0;1", "nvidia:", "GPU-", "../x"])
      assert.equal(readGpuChoice(typed), undefined, typed);
  });

  test("no GPU is lent where the program that names them is broken, which is told", () => {
    const { gpus, note } = chooseGpus(undefined, {}, { nvidia: { ok: false, why: "nvidia-smi: it hangs" }, amd: null });
    assert.deepEqual([gpus.length, note], [0, "nvidia-smi: it hangs"]);
  });
});
