import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { assertExactly, Swarm } from "../../support/processes/swarm.ts";

/**
 * A learner that reports ten times and ends, unless its setting is 0: then it stays below the others, progresses more
 * slowly and does not end. So its job ends only if each such run is pruned. The first such run goes on at once, the
 * others when a file is there.
 */
const learner = (gate: string): string => `
import { existsSync, mkdirSync, readFileSync } from "node:fs";
const { a } = JSON.parse(readFileSync("parameters.json", "utf8"));
const isFirst = () => {
  try {
    mkdirSync(${JSON.stringify(`${gate}.first`)});
    return true;
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
    return false;
  }
};
const report = (iters) => console.log(JSON.stringify({ iters, value: a + iters / 1e6 }));
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
for (let iters = 100; iters <= 1000; iters += 100) {
  report(iters);
  await pause(150);
  if (a === 0 && iters === 100) {
    if (!isFirst()) while (!existsSync(${JSON.stringify(gate)})) await pause(50);
    for (let slow = 110; slow < 940; slow += 1) {
      report(slow);
      await pause(150);
    }
    await pause(3600_000);
  }
}
`;

function spec(folder: string, gate: string, job: Readonly<Record<string, unknown>>): string {
  writeFileSync(join(folder, "learner.mjs"), learner(gate));
  const path = join(folder, "pruned.yaml");
  const settings = Object.entries(job).map(([key, value]) => `  ${key}: ${String(value)}\n`);
  writeFileSync(
    path,
    `component: root/Root_Component
experiment_path: ${join(folder, "results")}
job_launcher:
  component: job_launchers/XT
  enabled: 1
  code: [learner.mjs]
${settings.join("")}hyperparameters:
  - name: &a
      ordered_tuning_values: [0, 1, 2, 3]
      tuned_value: 1
processing_stages:
  - processing_stage:
      component: processors/Command_Proc
      command: [${process.execPath}, learner.mjs]
      arguments: {a: *a}
`,
  );
  return path;
}

describe("pruning, with real processes", () => {
  test("a hopeless run ends as pruned and frees its slot, even if the leader is killed just after deciding", async () => {
    const swarm = new Swarm();
    const first = await swarm.coordinator(["--lease", "30"]);
    const gate = join(swarm.folder, "gate");
    const job = await swarm.submit(
      spec(swarm.folder, gate, { hp_tuning: "random", pruning: "median", total_runs: 16, seed: 3 }),
    );
    swarm.worker("one", ["--slots", "4"]);
    await swarm.when("a run is pruned", job, ({ outcomes }) => outcomes.pruned > 0);
    first.child.kill("SIGKILL");
    await first.exited();
    writeFileSync(gate, "");
    const before = await swarm.table(job);
    await swarm.coordinator(["--lease", "30"]);
    const table = await swarm.when("the job is completed", job, ({ state }) => state === "completed");
    assertExactly(table, 16);
    for (const trial of table.trials) {
      const [a] = trial.configuration;
      if (a === 0) assert.equal(trial.status, "pruned", trial.run);
      if (a === 3) assert.equal(trial.status, "completed", `${trial.run}: ${trial.reason}`);
      if (trial.status !== "pruned") continue;
      assert.match(trial.reason, /^[\d.e-]+ by then, the median is [123]/);
      assert.ok(trial.iters >= 150 && trial.iters < 950, `${trial.iters} iterations`);
    }
    const { outcomes } = table;
    assert.ok(outcomes.pruned > before.outcomes.pruned, "the next leader pruned nothing");
    assert.equal(outcomes.pruned + outcomes.completed, 16);
    assert.equal(table.runSets.totals.completed, outcomes.completed);
    await swarm.verify();
    await swarm.end();
  });
});
