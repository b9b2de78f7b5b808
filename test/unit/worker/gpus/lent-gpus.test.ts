import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Ending } from "../../../../shared/time/ending.ts";
import type { ChosenGpus } from "../../../../worker/gpus/choose-gpus.ts";
import type { GpuMaker } from "../../../../worker/gpus/gpu.ts";
import { variablesFor, withVariables } from "../../../../worker/gpus/gpu-variables.ts";
import { type GpuLoan, LentGpus } from "../../../../worker/gpus/lent-gpus.ts";

const chosen = (ids: readonly string[], more: Partial<ChosenGpus> = {}): ChosenGpus => ({
  maker: "nvidia",
  gpus: ids.map((id) => ({ id, uuid: null, name: "A100", memory: 40 * 2 ** 30 })),
  isNumberedByBus: true,
  isRestricted: false,
  note: "",
  ...more,
});
const never = new Ending();
const whole = { gpus: 1, share: 1 };
const half = { gpus: 1, share: 1 / 2 };
const seen = (loan: GpuLoan | null): unknown => loan?.view.variables?.["CUDA_VISIBLE_DEVICES"];
const now = async <T>(promise: Promise<T>): Promise<T | "waits"> =>
  Promise.race([promise, new Promise<"waits">((resolve) => setImmediate(() => resolve("waits")))]);

describe("lent GPUs", () => {
  test("each GPU is given to one run at a time, and the next run waits for one", async () => {
    const gpus = new LentGpus(chosen(["2", "3"]));
    const [a, b] = [await gpus.take(whole, never), await gpus.take(whole, never)];
    assert.deepEqual([seen(a), seen(b)], ["2", "3"]);
    assert.deepEqual(gpus.free, [0, 0]);
    const third = gpus.take(whole, never);
    assert.equal(await now(third), "waits");
    b?.end();
    b?.end();
    assert.equal(seen(await third), "3");
    assert.deepEqual(gpus.free, [0, 0], "given back once, however often it is said");
  });

  test("a GPU is shared only by runs that take parts, and only when all GPUs are in use", async () => {
    const gpus = new LentGpus(chosen(["0", "1"]));
    const loans = [];
    for (let i = 0; i < 4; i += 1) loans.push(await gpus.take(half, never));
    assert.deepEqual(loans.map(seen), ["0", "1", "0", "1"]);
    assert.equal(await now(gpus.take(half, never)), "waits");
  });

  test("runs that take parts of a GPU do not take them for ever while another waits for a whole one", async () => {
    const gpus = new LentGpus(chosen(["0"]));
    const first = await gpus.take(half, never);
    const large = gpus.take(whole, never);
    const small = gpus.take(half, never);
    assert.equal(await now(small), "waits");
    first?.end();
    assert.equal(seen((await large) as GpuLoan), "0");
  });

  test("several GPUs come to one run, and thirds of one add up", async () => {
    const gpus = new LentGpus(chosen(["0", "1", "2"]));
    const third = { gpus: 1, share: 1 / 3 };
    const one = await gpus.take(third, never);
    assert.equal(seen(await gpus.take({ gpus: 2, share: 1 }, never)), "1,2");
    await gpus.take(third, never);
    await gpus.take(third, never);
    assert.deepEqual(gpus.free, [0, 0, 0]);
    assert.equal(seen(one), "0");
  });

  test("a run that is no longer wanted does not wait for a GPU", async () => {
    const gpus = new LentGpus(chosen(["0"]));
    const held = await gpus.take(whole, never);
    const unwanted = new Ending();
    const waits = gpus.take(whole, unwanted);
    unwanted.abort();
    assert.equal(await waits, null);
    const next = gpus.take(whole, never);
    held?.end();
    assert.equal(seen((await next) as GpuLoan), "0");
    assert.equal(await gpus.take(whole, unwanted), null);
  });

  test("GPUs come to the next run once one before it, which needs more, is no longer wanted", async () => {
    const gpus = new LentGpus(chosen(["0", "1"]));
    await gpus.take(whole, never);
    const unwanted = new Ending();
    const both = gpus.take({ gpus: 2, share: 1 }, unwanted);
    const one = gpus.take(whole, never);
    assert.equal(await now(one), "waits");
    unwanted.abort();
    assert.equal(await both, null);
    assert.equal(await now(one.then(seen)), "1");
  });

  test("GPUs are not promised to a run that needs more than there are", () => {
    const gpus = new LentGpus(chosen(["0"]));
    assert.equal(gpus.refusal(whole), null);
    assert.equal(gpus.refusal({ gpus: 2, share: 1 }), "the run takes 2 GPUs, and this worker lends 1 GPU (--gpus)");
  });
});

describe("a run that asks for no GPU", () => {
  test("a run that asks for no GPU sees what its worker sees, unless the owner said which are lent", () => {
    assert.equal(new LentGpus(chosen(["0"])).viewWithout(false).variables, null);
    const one = new LentGpus(chosen(["1"], { isRestricted: true })).viewWithout(false);
    assert.equal(one.variables?.["CUDA_VISIBLE_DEVICES"], "1");
    const none = new LentGpus(chosen([], { isRestricted: true })).viewWithout(false);
    assert.deepEqual([none.variables?.["CUDA_VISIBLE_DEVICES"], none.isGiven], ["-1", false]);
  });

  test("a run whose job says 0 GPUs sees none", () => {
    const { variables, isGiven } = new LentGpus(chosen(["0"])).viewWithout(true);
    assert.deepEqual(
      [variables?.["CUDA_VISIBLE_DEVICES"], variables?.["HIP_VISIBLE_DEVICES"], isGiven],
      ["-1", "-1", false],
    );
  });
});

test("each maker's variables name a run's GPUs, and leave none of the worker's own beside them", () => {
  const own = { PATH: "/bin", CUDA_VISIBLE_DEVICES: "4,5", HIP_VISIBLE_DEVICES: "4,5", ROCR_VISIBLE_DEVICES: "4,5" };
  const seenBy = (maker: GpuMaker, ids: string[]) => withVariables(own, variablesFor(maker, ids, true));
  const cuda = seenBy("nvidia", ["4"]);
  assert.deepEqual(
    [cuda["CUDA_VISIBLE_DEVICES"], cuda["CUDA_DEVICE_ORDER"], cuda["NEXUS_GPUS"]],
    ["4", "PCI_BUS_ID", "4"],
  );
  assert.equal(cuda["PATH"], "/bin");
  const rocm = seenBy("amd", ["4", "5"]);
  assert.deepEqual(
    [rocm["ROCR_VISIBLE_DEVICES"], rocm["HIP_VISIBLE_DEVICES"], "CUDA_VISIBLE_DEVICES" in rocm],
    ["4,5", "0,1", false],
  );
  const intel = seenBy("intel", ["1"]);
  assert.deepEqual([intel["ZE_AFFINITY_MASK"], intel["ONEAPI_DEVICE_SELECTOR"]], ["1", "level_zero:*"]);
  assert.equal(seenBy("unknown", ["1"])["HIP_VISIBLE_DEVICES"], "1");
  assert.equal(withVariables(own, null), own);
});

test("the owner is told which GPUs are lent, or why none is", () => {
  assert.equal(
    new LentGpus(chosen(["0", "1"])).text,
    "lends 2 GPUs (A100, 40 GiB), 0, 1, to jobs that ask for one (gpus_per_run: 1)",
  );
  const unseen = [{ id: "0", uuid: null, name: "", memory: null }];
  assert.equal(
    new LentGpus(chosen([], { gpus: unseen, isRestricted: true })).text,
    "lends 1 GPU, 0, to jobs that ask for one (gpus_per_run: 1); no program here can say whether it is there",
  );
  assert.equal(new LentGpus(chosen([], { isRestricted: true })).text, "no run sees a GPU (--gpus none)");
  assert.equal(new LentGpus(chosen([], { note: "nvidia-smi: it hangs" })).text, "lends no GPU: nvidia-smi: it hangs");
  assert.equal(new LentGpus(chosen([])).text, "");
});
