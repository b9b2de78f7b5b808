import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { lastAttempt } from "../../../shared/domain/fold/trial.ts";
import { exitCode } from "../../../shared/errors.ts";
import { eventually } from "../../support/patience.ts";
import { fakeSmi, written } from "../../support/processes/fake-smi.ts";
import { type Program, Swarm } from "../../support/processes/swarm.ts";

const swarm = new Swarm();
before(() => swarm.coordinator(["--lease", "5"]));
after(() => swarm.end());

const smi = fakeSmi({ "nvidia-smi": { prints: written.twoH100, list: written.twoH100List } });
const path = { PATH: `${smi}:${process.env["PATH"]}` };

/** A job of four runs of a shell script, which share the folder $places. */
function scriptSpec(name: string, settings: readonly string[], script: readonly string[]): string {
  const places = join(swarm.folder, `${name}-places`);
  mkdirSync(places, { recursive: true });
  const file = join(swarm.folder, `${name}.yaml`);
  const lines = [
    "component: root/Root_Component",
    "job_launcher:",
    "  component: job_launchers/XT",
    "  enabled: 1",
    "  hp_tuning: random",
    "  total_runs: 4",
    `  compute_target: ${name}`,
    ...settings.map((setting) => `  ${setting}`),
    "hyperparameters:",
    "  - name: &a",
    "      ordered_tuning_values: [1, 2, 3]",
    "      tuned_value: 2",
    "processing_stages:",
    "  - processing_stage:",
    "      component: processors/Command_Proc",
    "      command:",
    "        - sh",
    "        - -c",
    "        - |",
    ...[`places='${places}'`, ...script].map((line) => `          ${line}`),
    "      arguments: {a: *a}",
    "      env: {CUDA_VISIBLE_DEVICES: 5, HIP_VISIBLE_DEVICES: 5}",
    "      metrics: [gpu]",
  ];
  writeFileSync(file, `${lines.join("\n")}\n`);
  return file;
}

const worker = (name: string, more: readonly string[] = [], env: NodeJS.ProcessEnv = path): Program =>
  swarm.worker(name, ["--slots", "4", "--target", name, ...more], env);

const over = async (job: Awaited<ReturnType<Swarm["submit"]>>) => {
  const table = await swarm.when(`${job} is over`, job, ({ isOver }) => isOver);
  const trials = [1, 2, 3, 4].flatMap((n) => table.trial(n) ?? []);
  assert.deepEqual(
    trials.map(({ status, reason }) => `${status} ${reason}`),
    Array(4).fill("completed "),
  );
  return trials;
};

describe("GPUs", { concurrency: 4 }, () => {
  test("each run has a GPU of its own, and no two have the same at once", async () => {
    const spec = scriptSpec(
      "alone",
      ["gpus_per_run: 1"],
      [
        // Fails if another run holds this GPU.
        'mkdir "$places/$CUDA_VISIBLE_DEVICES" || exit 7',
        // Both GPUs must be in use at some time: the first run waits until a second has begun.
        'touch "$places/begun-$$"',
        'i=0; while [ "$(ls "$places" | grep -c begun)" -lt 2 ] && [ $i -lt 6000 ]; do sleep 0.1; i=$((i+1)); done',
        "sleep 0.3",
        '[ "$NEXUS_GPUS" = "$CUDA_VISIBLE_DEVICES" ] && [ "$CUDA_DEVICE_ORDER" = PCI_BUS_ID ] || exit 8',
        'rmdir "$places/$CUDA_VISIBLE_DEVICES"',
        `echo "{\\"iters\\": 1, \\"gpu\\": $CUDA_VISIBLE_DEVICES}"`,
      ],
    );
    const without = worker("alone", [], {});
    const job = await swarm.submit(spec);
    await eventually("it says why it waits", () =>
      without.output().includes(`takes 1 GPU (gpus_per_run), and alone lends none`),
    );
    without.child.kill("SIGTERM");
    await without.exited();
    const equipped = worker("alone");
    const trials = await over(job);
    assert.deepEqual([...new Set(trials.map(({ hpmax }) => hpmax))].sort(), [0, 1], "both were used");
    assert.match(equipped.output(), /lends 2 GPUs \(NVIDIA H100 80GB HBM3, 80 GiB\), 0, 1, to jobs that ask for one/);
    const run = trials.find(({ hpmax }) => hpmax === 1);
    assert.ok(run && lastAttempt(run).worker === "alone");
    const view = swarm.run("coordinator/cli/main.js", ["view", "run", run.run]);
    assert.equal((await view.exited()).code, exitCode.done, view.output());
    assert.match(view.output(), /\nran on +GPU 1 \(NVIDIA H100 80GB HBM3\)\n/);
    equipped.child.kill("SIGTERM");
    await equipped.exited();
  });

  test("runs_per_gpu: 2 lets two runs share each GPU, all four at once", async () => {
    const spec = scriptSpec(
      "shared",
      ["runs_per_gpu: 2"],
      [
        'touch "$places/$CUDA_VISIBLE_DEVICES-$$"',
        'i=0; while [ "$(ls "$places" | wc -l)" -lt 4 ]; do sleep 0.1; i=$((i+1)); [ $i -lt 6000 ] || exit 9; done',
        `echo "{\\"iters\\": 1, \\"gpu\\": $CUDA_VISIBLE_DEVICES}"`,
      ],
    );
    const job = await swarm.submit(spec);
    const equipped = worker("shared");
    const trials = await over(job);
    assert.deepEqual(trials.map(({ hpmax }) => hpmax).sort(), [0, 0, 1, 1]);
    equipped.child.kill("SIGTERM");
    await equipped.exited();
  });

  test("a worker lends what its own CUDA_VISIBLE_DEVICES leaves, and --gpus none hides all from every run", async () => {
    const line = `echo "{\\"iters\\": 1, \\"gpu\\": $CUDA_VISIBLE_DEVICES}"`;
    const job = await swarm.submit(scriptSpec("slurm", ["gpus_per_run: 1"], [line]));
    const given = worker("slurm", [], { ...path, CUDA_VISIBLE_DEVICES: "1" });
    assert.deepEqual(
      (await over(job)).map(({ hpmax }) => hpmax),
      [1, 1, 1, 1],
    );
    given.child.kill("SIGTERM");
    await given.exited();
    const hidden = await swarm.submit(scriptSpec("hidden", [], [line]));
    const none = worker("hidden", ["--gpus", "none"]);
    assert.deepEqual(
      (await over(hidden)).map(({ hpmax }) => hpmax),
      [-1, -1, -1, -1],
    );
    none.child.kill("SIGTERM");
    await none.exited();
  });

  test("a GPU that is not there is refused before anything else, with those that are", async () => {
    const refused = worker("absent", ["--gpus", "0,7"]);
    assert.equal((await refused.exited()).code, exitCode.usage);
    assert.match(refused.output(), /--gpus 0,7: there is no GPU 7 for it: found 2 GPUs, 0,1\n {2}expected all, none/);
    const unreadable = worker("absent", ["--gpus", "some"]);
    assert.equal((await unreadable.exited()).code, exitCode.usage);
    assert.match(unreadable.output(), /Expected all, none, or GPUs such as 0,1/);
  });
});
