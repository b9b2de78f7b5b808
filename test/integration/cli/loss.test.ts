import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import type { JobName } from "../../../shared/domain/names.ts";
import { exitCode } from "../../../shared/errors.ts";
import { nexusAt } from "../../support/processes/nexus-here.ts";
import { Swarm } from "../../support/processes/swarm.ts";
import { turnedSign, writeLossSpec } from "../../support/stories/loss-search.ts";

const swarm = new Swarm();
const { folder } = swarm;
const job = "job1" as JobName;

before(async () => {
  mkdirSync(folder, { recursive: true });
  await swarm.coordinator();
  swarm.worker("one", ["--slots", "2"]);
  const spec = writeLossSpec(folder, "search", ["hp_tuning: dgd", "total_runs: 18", "seed: 3"]);
  const launched = await nexusAt(["run", spec, "--monitor", "none"], folder, swarm.env);
  assert.equal(launched.code, exitCode.done, launched.stderr);
  assert.match(launched.stdout + launched.stderr, /--sort=metrics\.loss --last=10/);
  await swarm.when("the search ends", job, (table) => table.isOver);
});

type Line = Record<string, unknown> & { readonly metrics: Record<string, number> };
const objects = (text: string): Line[] =>
  text
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Line);

async function said(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await nexusAt(words, folder, swarm.env);
  assert.equal(code, exitCode.done, `${words.join(" ")}\n${stderr}`);
  return stdout + stderr;
}

test("no command shows a person the loss with its sign turned", async () => {
  const { trials } = await swarm.table(job);
  const [run] = [...trials].map((trial) => trial.run);
  assert.ok(run);
  for (const words of [
    ["list", "jobs"],
    ["list", "runs", job, "--sort=metrics.loss"],
    ["list", "runs", job, "--add-columns", "why"],
    ["eval", job],
    ["why", run],
    ["why", job],
    ["view", "run", run],
    ["view", "events", job],
    ["view", "console", run],
    ["plot", "summary", job],
    ["plot", job, "hpmax"],
    ["plot", job, "hpmax", "--x=lr"],
    ["plot", job, "hpmax", "--plot-type=histogram"],
    ["plot", "parallel", job],
    ["plot", "heatmap", job, "lr", "layers"],
    ["check", "search.yaml"],
  ]) {
    const text = await said(...words);
    assert.doesNotMatch(text, turnedSign, `nexus ${words.join(" ")}\n${text}`);
    if (words.join(" ") !== "why job1") assert.match(text, /loss/);
  }
});

test("the best of a loss come last in a sorted list, and first in every other", async () => {
  const losses = async (...words: string[]): Promise<(number | undefined)[]> =>
    objects(await said("list", "runs", job, "--child", "--json", ...words)).map(({ metrics }) => metrics["loss"]);
  const byLoss = await losses("--sort=loss");
  assert.deepEqual(
    byLoss,
    [...byLoss].sort((a = 0, b = 0) => b - a),
  );
  assert.deepEqual(await losses("--sort=metrics.hpmax"), byLoss);
  const few = await losses("--filter", "loss<=0.3");
  assert.deepEqual(few.toSorted(), byLoss.filter((loss = 1) => loss <= 0.3).toSorted());
  const evaluated = await said("eval", job);
  assert.match(
    evaluated,
    /a new run of it is expected to reach a loss of 0\.\d+; its true mean is in 0\.\d+ to 0\.\d+ with/,
  );
  assert.match(evaluated, /^lr .*EST LOSS/m);
  const [, low = "", high = ""] = /true mean is in (\S+) to (\S+) with/.exec(evaluated) ?? [];
  assert.ok(Number(low) < Number(high), evaluated);
});

test("JSON and exports have hpmax as it is searched for, and the loss beside it", async () => {
  const [first] = objects(await said("list", "runs", job, "--child", "--sort=loss", "--last=1", "--json"));
  assert.ok(first);
  assert.ok((first.metrics["hpmax"] ?? 0) < 0);
  assert.equal(first.metrics["loss"], -(first.metrics["hpmax"] ?? 0));
  const verdict = objects(await said("eval", job, "--json")).at(-1);
  const minimized = verdict?.["minimized"];
  assert.ok(minimized);
  const { metric, estimate, interval } = minimized as {
    metric: string;
    estimate: number;
    interval: { low: number; high: number };
  };
  assert.deepEqual([metric, estimate], ["loss", -Number(verdict?.["estimate"])]);
  assert.ok(interval.low <= estimate && estimate <= interval.high);
  const { rival } = verdict as unknown as { readonly rival: { readonly estimate: number } | null };
  const { rivalEstimate } = minimized as { readonly rivalEstimate?: number | null };
  assert.equal(rivalEstimate, rival && -rival.estimate);
  const [listed] = objects(await said("list", "jobs", "--json"));
  assert.deepEqual([listed?.["minimized"], listed?.["lowest"]], ["loss", -Number(listed?.["hpmax"])]);
  // An export is what an import reads.
  await said("export", job, "--output", "runs.csv");
  const [header = "", row = ""] = readFileSync(join(folder, "runs.csv"), "utf8").split("\n");
  const cell = (name: string): number => Number(row.split(",")[header.split(",").indexOf(name)]);
  assert.ok(cell("hpmax") < 0 && cell("loss") === -cell("hpmax"), `${header}\n${row}`);
  await said("export", job, "--to", "optuna-journal", "--output", "s.optuna.log");
  const log = objects(readFileSync(join(folder, "s.optuna.log"), "utf8"));
  assert.deepEqual(log[0]?.["directions"], [1]);
  for (const { op_code: code, value } of log) if (code === 4) assert.ok(Number(value) > 0);
});

test("nexus confirm measures a loss again, and stop_when may be about the loss", async () => {
  const confirmed = await said("confirm", job, "--top", "1", "--runs", "2");
  assert.doesNotMatch(confirmed, turnedSign);
  assert.match(confirmed, /biased downwards.*\nestimate: the expected loss of a new run/);
  assert.match(await said("list", "jobs"), / {2}loss {2}best /);
  assert.match(await said("eval", "job2"), /mean loss 0\.\d+ of 2 runs/);
  const rule = ["hp_tuning: random", "total_runs: 500", 'stop_when: "loss <= 0.5"'];
  await said("run", writeLossSpec(folder, "rule", rule), "--monitor", "none");
  const stopped = await swarm.when("the rule holds", "job3" as JobName, (table) => table.isOver);
  assert.equal(stopped.reason, "stop_when is reached: loss <= 0.5");
  assert.ok(stopped.ended < 500);
  assert.deepEqual(stopped.submitted.settings.stopWhen, { name: "hpmax", op: ">=", value: -0.5 });
});
