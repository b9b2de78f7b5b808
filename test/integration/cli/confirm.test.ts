import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { loadSpecFile } from "../../../shared/components/component-defaults.ts";
import { tunedConfiguration } from "../../../shared/domain/hyperparameter.ts";
import type { JobName } from "../../../shared/domain/names.ts";
import { exitCode } from "../../../shared/errors.ts";
import { eventually } from "../../support/patience.ts";
import { nexus, startNexus } from "../../support/processes/nexus-command.ts";
import { Swarm } from "../../support/processes/swarm.ts";

const objects = (text: string): Record<string, unknown>[] =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>);

test("a search is evaluated, its winner written into the spec, and its best run again with fresh seeds", async () => {
  const swarm = new Swarm();
  const { folder } = swarm;
  await swarm.coordinator();
  // The job's seed, which the fresh runs must not share.
  const spec = swarm.probeSpec("search", { hp_tuning: "dgd", total_runs: 12, seed: 7, stop_when: '"runs >= 500"' });
  const job = await swarm.submit(spec);
  const early = await nexus(["eval", job], folder);
  assert.equal(early.code, exitCode.notFound);
  assert.match(early.stderr, /job1 has no completed run yet \(none has started\)/);
  swarm.worker("one", ["--slots", "2"]);
  const search = await swarm.when("the search ends", job, (table) => table.isOver);

  const verdict = objects((await nexus(["eval", job, "--json"], folder)).stdout).at(-1);
  assert.equal(verdict?.["completed"], 12);
  const saved = await nexus(["spec", job, "--best", "--save-to", "winner.yaml"], folder);
  assert.equal(saved.code, exitCode.done, saved.stderr);
  const { spec: winner } = loadSpecFile(join(folder, "winner.yaml"));
  const settings = Object.fromEntries(winner.hyperparameters.map(({ name, tuned }) => [name, tuned]));
  assert.deepEqual(settings, verdict?.["hparams"]);
  const blank = (file: string): string => readFileSync(file, "utf8").replace(/(tuned_value:).*/g, "$1");
  assert.equal(blank(join(folder, "winner.yaml")), blank(spec));
  const again = await nexus(["spec", job, "--best", "--save-to", "winner.yaml"], folder);
  assert.equal(again.code, exitCode.usage);
  assert.match(again.stderr, /^--save-to winner\.yaml: it is there already and was not touched; name another file\n$/);

  const confirmed = await nexus(["confirm", job, "--top", "2", "--runs", "4", "--json"], folder);
  assert.equal(confirmed.code, exitCode.done, confirmed.stderr);
  assert.match(confirmed.stderr, /job2: 4 runs of a=\d b=0\.\d\njob3: 4 runs of /);
  const found = objects(confirmed.stdout);
  assert.deepEqual(
    found.map(({ confirms, jobs, again }) => [confirms, jobs, (again as { runs: number }).runs]),
    [
      ["job1", ["job2"], 4],
      ["job1", ["job3"], 4],
    ],
  );
  assert.deepEqual(found[0]?.["hparams"], settings);

  const fresh = await swarm.table("job2" as JobName);
  const { submitted } = fresh;
  assert.deepEqual(
    [submitted.settings.hpTuning, submitted.settings.confirms, submitted.settings.stopWhen],
    [false, "job1", null],
  );
  assert.deepEqual(fresh.trial(1)?.configuration, tunedConfiguration(winner.hyperparameters));
  const seeds = new Set([...search.trials, ...fresh.trials].map(({ seed }) => seed));
  assert.equal(seeds.size, 16);

  // If more runs are asked for, only the missing ones are submitted; --detach does not wait.
  const more = await nexus(["confirm", job, "--runs", "6", "--detach"], folder);
  assert.equal(more.stdout, "");
  assert.match(more.stderr, /^job4: 2 runs of /m);
  await swarm.when("the missing runs end", "job4" as JobName, (table) => table.isOver);
  const shown = await nexus(["confirm", job, "--show"], folder);
  assert.match(shown.stdout, /\njob2,job4 .*\njob3 /);
  assert.equal((await swarm.state()).jobs.size, 4);
});

test("Ctrl-C leaves nexus confirm's fresh runs to themselves; the same command waits for them again", async () => {
  const swarm = new Swarm();
  const { folder } = swarm;
  await swarm.coordinator();
  // Three configurations, so that --top 3 is known: one confirmed before, and two more.
  const job = await swarm.submit(swarm.probeSpec("search", { hp_tuning: "grid", total_runs: 3 }));
  const worker = swarm.worker("one");
  await swarm.when("the search ends", job, (table) => table.isOver);
  worker.child.kill("SIGTERM");
  await worker.exited();
  const waiting = startNexus(["confirm", job, "--runs", "2"], folder);
  await eventually("it waits", () => /job2 0\/2, waiting for a worker/.test(waiting.stderr()));
  waiting.child.kill("SIGINT");
  const left = await waiting.ended();
  assert.equal(left.code, 130, left.stderr);
  assert.match(left.stderr, /the runs go on; to wait for them again, repeat the command/);
  const two = swarm.worker("two");
  // Nothing is submitted twice.
  const resumed = await nexus(["confirm", job, "--runs", "2"], folder);
  assert.equal(resumed.code, exitCode.done, resumed.stderr);
  assert.match(resumed.stderr, /job2: 2 runs of .*, asked for before/);
  assert.match(resumed.stdout, /\njob2 .* 2 +\d +0\.\d+\n/);
  two.child.kill("SIGTERM");
  await two.exited();
  // The command does not wait for a job that is deleted meanwhile.
  const several = startNexus(["confirm", job, "--top", "3", "--runs", "1"], folder);
  await eventually("it waits for more", () => /job3 0\/1, .*job4 0\/1/.test(several.stderr()));
  for (const words of [
    ["cancel", "job3"],
    ["delete", "job3"],
    ["cancel", "job4"],
  ])
    assert.equal((await nexus([...words, "--yes"], folder)).code, exitCode.done);
  const all = await several.ended();
  assert.notEqual(all.code, 130, all.stderr);
  assert.doesNotMatch(all.stderr, /the runs go on/);
});
