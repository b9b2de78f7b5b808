import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { readCurves } from "../../../coordinator/reading/evidence-reader.ts";
import { followJournal } from "../../../shared/broker/store/journal-reader.ts";
import { linkWorkspace } from "../../../shared/broker/workspace-link.ts";
import type { Curve } from "../../../shared/domain/curve.ts";
import type { Checkpointed } from "../../../shared/domain/fold/events.ts";
import type { JobName } from "../../../shared/domain/names.ts";
import { exitCode } from "../../../shared/errors.ts";
import { allChunks, streams } from "../../../shared/wire/subjects.ts";
import { eventually } from "../../support/patience.ts";
import { nexusAt } from "../../support/processes/nexus-here.ts";
import { writeProgramSpec } from "../../support/processes/probe-spec.ts";
import { type Program, Swarm } from "../../support/processes/swarm.ts";

/** One run of real training, the same in every job because the job's seed fixes it. */
function trainingSpec(swarm: Swarm): string {
  const path = join(swarm.folder, "training.yaml");
  writeFileSync(
    path,
    `component: root/Root_Component
experiment_path: results
job_launcher: {component: job_launchers/XT, enabled: 1, hp_tuning: false, total_runs: 1, seed: 7, checkpoint_every: 0.2, retries: 1000}
hyperparameters:
  - name: &lr
      ordered_tuning_values: [0.001, 0.004]
      tuned_value: 0.004
forward_definitions:
  - agent: &agent
      component: agents/AAC_Agent
      random_seed: randint
      bptt_period: 8
      discount_factor: 0.9
      gradient_clip: 64
      learning_rate: *lr
      reward_scale: 4
      model:
        component: models/Model_Nexus
        model_core: {component: model_cores/GRU_Core, obs_embed_size: 16, num_rnn_units: 16, output_layer_size: 16}
  - environment: &env {component: environments/Maze_Env, agent_placement_seed: randint, layout: easy}
processing_stages:
  - processing_stage:
      {component: processors/RL_Proc, max_iterations: 80000, iters_per_report: 20000, save_model_to: best.model, agent: *agent, environment: *env}
  - processing_stage:
      {component: processors/RL_Proc, max_iterations: 400000, iters_per_report: 40000, load_model_from: best.model, agent: *agent, environment: *env}
`,
  );
  return path;
}

/** A program that saves its state at iteration 5, and ends when a file is there; it reports last where it began. */
const saves = (gate: string): string => `
import { existsSync, writeFileSync } from "node:fs";
const report = (iters, value) => console.log(JSON.stringify({ iters, value }));
const begun = Number(process.env.NEXUS_RESUME);
if (begun === 0) {
  writeFileSync(process.env.NEXUS_STATE + "/model", "weights");
  report(5, 5);
}
const look = setInterval(() => {
  if (!existsSync(${JSON.stringify(gate)})) return;
  clearInterval(look);
  report(6, begun);
}, 20);
`;

async function curveOf(swarm: Swarm, job: JobName): Promise<Curve> {
  const link = await linkWorkspace(swarm.paths, "viewer");
  try {
    const table = await swarm.table(job);
    const trial = table.trial(1);
    assert.ok(trial);
    const [curve] = await readCurves(link.bus, [{ table, trial }]);
    assert.ok(curve);
    return curve;
  } finally {
    await link.close();
  }
}

/** The measurements of training, without its hours. */
const measured = ({ stages }: Curve): unknown =>
  stages.map(({ stage, iters, metrics }) => ({ stage, iters: [...iters], metrics }));

async function statesInStore(swarm: Swarm): Promise<string[]> {
  const link = await linkWorkspace(swarm.paths, "viewer");
  try {
    return (await link.bus.subjects(streams.blob, allChunks)).filter((subject) => subject.includes(".state-"));
  } finally {
    await link.close();
  }
}

describe("a lost run", () => {
  test("a run lost however often goes on from its last checkpoint and ends bit for bit as if undisturbed", async () => {
    const swarm = new Swarm();
    await swarm.coordinator(["--lease", "1"]);
    const spec = trainingSpec(swarm);
    const alone = await swarm.submit(spec);
    const calm = swarm.worker("calm", ["--slots", "1"]);
    const undisturbed = (await swarm.when("the run left alone is done", alone, ({ isOver }) => isOver)).trial(1);
    calm.child.kill("SIGTERM");
    await calm.exited();

    const link = await linkWorkspace(swarm.paths, "viewer");
    const heard: Checkpointed[] = [];
    let hasEnded = false;
    const follower = await followJournal(link.bus, (event) => {
      if (event.type === "checkpoint" && event.job !== alone) heard.push(event);
      if (event.type === "completed" && event.job !== alone) hasEnded = true;
    });
    const job = await swarm.submit(spec);
    for (const [i, signal] of (["SIGKILL", "SIGTERM", "SIGKILL"] as const).entries()) {
      const worker: Program = swarm.worker(`mortal-${i}`, ["--slots", "1"]);
      await eventually(
        `mortal-${i} has made a checkpoint`,
        () => hasEnded || heard.some((each) => each.worker === `mortal-${i}`),
      );
      assert.ok(!hasEnded, "the run ended before it could be killed: this machine is too fast for its length");
      worker.child.kill(signal);
      await worker.exited();
      await swarm.when("its trial waits", job, ({ waiting }) => waiting.size === 1);
    }
    await follower.stop();
    await link.close();
    const places = heard.map(({ stage, iters }) => stage * 1e6 + iters);
    assert.deepEqual(
      places,
      [...places].sort((a, b) => a - b),
    );
    swarm.worker("last", ["--slots", "1"]);
    const trial = (await swarm.when("the disturbed run is done", job, ({ isOver }) => isOver)).trial(1);

    // On a busy machine a lease may also run out; its worker then goes on under a new attempt number.
    const holders = new Set(trial?.attempts.map(({ worker }) => worker));
    assert.deepEqual([...holders], ["mortal-0", "mortal-1", "mortal-2", "last"]);
    assert.equal(trial?.status, "completed");
    assert.ok(Object.is(trial?.hpmax, undisturbed?.hpmax), `${trial?.hpmax} is not ${undisturbed?.hpmax}`);
    assert.deepEqual(measured(await curveOf(swarm, job)), measured(await curveOf(swarm, alone)));
    // Not by chance: the last attempt did only the rest.
    const reported = (await curveOf(swarm, job)).stages.map(({ iters }) => iters.length);
    assert.deepEqual(reported, [4, 10]);
    await eventually("no state is left in the store", async () => (await statesInStore(swarm)).length === 0);
    await swarm.end();
  });

  test("a lost run starts afresh if its last checkpoint is gone", async () => {
    const swarm = new Swarm();
    await swarm.coordinator();
    const gate = join(swarm.folder, "gate");
    const settings = { total_runs: 1, hp_tuning: false, checkpoint_every: 0.2 };
    const job = await swarm.submit(writeProgramSpec(swarm.folder, "purged", settings, saves(gate)));
    const first = swarm.worker("first", ["--slots", "1"]);
    await swarm.when("it has a checkpoint", job, (table) => table.trial(1)?.checkpoint?.iters === 5);
    first.child.kill("SIGKILL");
    await first.exited();
    assert.equal((await nexusAt(["bench", "first", "--yes"], swarm.folder)).code, exitCode.done);
    writeFileSync(gate, "");
    const link = await linkWorkspace(swarm.paths, "coordinator");
    await link.bus.purge(streams.blob, allChunks);
    await link.close();
    swarm.worker("second", ["--slots", "1"]);
    const table = await swarm.when("the job is done", job, ({ isOver }) => isOver);
    assert.equal(table.outcomes.completed, 1);
    assert.equal(table.trial(1)?.attempts.length, 2);
    assert.equal(table.trial(1)?.hpmax, 0, "it went on from a checkpoint");
    await swarm.end();
  });
});
