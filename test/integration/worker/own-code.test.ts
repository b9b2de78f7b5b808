import assert from "node:assert/strict";
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { packageRoot } from "../../../shared/components/component-defaults.ts";
import { jobName } from "../../../shared/domain/names.ts";
import { exitCode } from "../../../shared/errors.ts";
import { eventually } from "../../support/patience.ts";
import { startNexus } from "../../support/processes/nexus-command.ts";
import { nexusHere, standIn } from "../../support/processes/nexus-here.ts";
import { Swarm } from "../../support/processes/swarm.ts";

/** Read from the source tree: the compiled tests lie elsewhere. */
const fixture = join(packageRoot(), "test/fixtures/own-code");

test("a job brings its own code along, and a lost run of it continues on another worker", async () => {
  const swarm = new Swarm();
  await swarm.coordinator(["--lease", "2"]);
  const mine = join(swarm.folder, "mine");
  cpSync(fixture, mine, { recursive: true });
  const spec = join(mine, "search.yaml");
  writeFileSync(
    spec,
    `component: root/Root_Component
experiment_path: results
job_launcher:
  component: job_launchers/XT
  enabled: 1
  hp_tuning: grid
  total_runs: 2
  compute_nodes: 1
  monitor: none
  retries: 1000
  checkpoint_every: 0.3
  code: [train.mjs, lib]
hyperparameters:
  - name: &a
      ordered_tuning_values: [1, 2]
      tuned_value: 1
processing_stages:
  - processing_stage: {component: processors/My_Proc, times: *a}
  - processing_stage:
      component: processors/Command_Proc
      command: [${process.execPath}, train.mjs]
      arguments: {a: *a}
      metrics: [score]
`,
  );
  standIn(swarm);
  const launched = await nexusHere("run", spec);
  assert.equal(launched.code, exitCode.done, launched.stderr);
  assert.match(
    launched.stdout,
    /\njob1, target: \S+, creating parent runs: 1\/1, uploading 4 code files \(zipped\), ws1\/run1, job submitted\n/,
  );
  const job = jobName(1);

  const victim = swarm.worker("victim", ["--slots", "1"]);
  // Runs must not read the code from where it was written.
  await swarm.when("the first run is under way", job, ({ running }) => running === 1);
  rmSync(join(mine, "lib"), { recursive: true });
  await eventually("a checkpoint of the program is stored", async () => {
    const place = (await swarm.table(job)).trial(1)?.checkpoint;
    return place?.stage === 2 && place.iters > 1;
  });
  victim.child.kill("SIGKILL");
  swarm.worker("careful", ["--slots", "1", "--no-code"]);
  const heir = swarm.worker("heir", ["--slots", "1"]);
  const table = await swarm.when("the job is completed", job, ({ state }) => state === "completed");
  assert.deepEqual(
    [...table.trials].map(({ hpmax, iters }) => [hpmax, iters]),
    [
      [112, 12],
      [212, 12],
    ],
  );
  // On a busy machine a lease may also run out; its worker then goes on under a new attempt number.
  const holders = new Set(table.trial(1)?.attempts.map(({ worker }) => worker));
  assert.deepEqual([...holders], ["victim", "heir"]);
  assert.equal(heir.child.exitCode, null);
  const console = await nexusHere("view", "console", "run1.1");
  assert.match(console.stdout, /\nMy_Proc: {2}\(done by an earlier attempt\)\n/);
  assert.match(console.stdout, /\ngoing on after step \d+\n/);
  const curve = await nexusHere("view", "metrics", "run1.1", "--json");
  const iters = curve.stdout
    .trimEnd()
    .split("\n")
    .map((line) => (JSON.parse(line) as { iters: number }).iters);
  assert.deepEqual(iters, [1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);

  assert.equal((await nexusHere("download", "job1", "--to", "home")).code, exitCode.done);
  assert.deepEqual(readFileSync("home/code/train.mjs"), readFileSync(join(fixture, "train.mjs")));
  assert.deepEqual(readdirSync("home/code/processors/My_Proc").sort(), ["My_Proc.js", "My_Proc.yaml"]);
  // A run's repro_spec.yaml is downloaded with the files that it needs.
  assert.equal((await nexusHere("download", table.trial(2)?.run ?? "", "--to", "one")).code, exitCode.done);
  const again = await startNexus(["run", "one/repro_spec.yaml"], swarm.folder).ended();
  assert.match(again.stdout, /\n\w.*hpmax\): {2}212\.00000\n/, again.stderr);
  await swarm.verify();
  await swarm.end();
});
