import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { isOpen } from "../../../shared/domain/fold/trial.ts";
import { nexusAt } from "../../support/processes/nexus-here.ts";
import { Swarm } from "../../support/processes/swarm.ts";

describe("a whole search on a real swarm", () => {
  const swarm = new Swarm();
  before(async () => {
    await swarm.coordinator();
    for (const name of ["left", "right"]) swarm.worker(name, ["--slots", "2"]);
  });
  after(() => swarm.end());

  test("two workers end exactly total_runs, each once, with names, parents and metrics", async () => {
    const job = await swarm.submit(swarm.probeSpec("search", { hp_tuning: "dgd", total_runs: 60, seed: 7 }));
    const table = await swarm.when("the job is completed", job, ({ state }) => state === "completed");

    assert.equal(table.trials.length, 60);
    assert.equal(table.ended, 60);
    assert.equal(table.open, 0);
    assert.ok([...table.trials].every(({ status }) => status === "completed"));
    assert.equal(new Set([...table.trials].map(({ run }) => run)).size, 60);
    assert.deepEqual(table.columns, ["s1-hrs", "s1-val"]);
    assert.ok(
      table.parents.length >= 1 && table.parents.every(({ worker }) => worker === "left" || worker === "right"),
    );
    const children = table.parents.reduce((sum, parent) => sum + parent.children, 0);
    assert.equal(children, 60);
    // DGD climbs: the best run set is at or next to the top of a surface that grows in both hyperparameters.
    assert.ok((table.runSets.best()?.mean ?? 0) > 4, `best mean ${table.runSets.best()?.mean}`);
  });

  test("the same seed makes the same choices, and compute_nodes makes its parent runs at submission", async () => {
    const spec = swarm.probeSpec("seeded", { hp_tuning: "random", total_runs: 12, seed: 11, compute_nodes: 3 });
    const first = await swarm.submit(spec);
    const second = await swarm.submit(spec);
    const a = await swarm.when("the first is completed", first, ({ state }) => state === "completed");
    const b = await swarm.when("the second is completed", second, ({ state }) => state === "completed");
    const tried = (table: typeof a): unknown[] =>
      [...table.trials].map(({ configuration, seed, hpmax }) => ({ configuration, seed, hpmax }));
    assert.deepEqual(tried(a), tried(b));
    const names = [...a.parents, ...b.parents].map(({ name }): string => name);
    const from = Number(names[0]?.slice("run".length));
    assert.deepEqual(
      names,
      Array.from({ length: 6 }, (_, i) => `run${from + i}`),
    );
    for (const { run } of a.trials) assert.ok(names.slice(0, 3).includes(run.replace(/\.\d+$/, "")), run);
  });

  test("grid tries every configuration once; hp_tuning false repeats the tuned one", async () => {
    const grid = await swarm.submit(swarm.probeSpec("grid", { hp_tuning: "grid", total_runs: 15 }));
    const repeat = await swarm.submit(swarm.probeSpec("repeat", { hp_tuning: false, total_runs: 5 }));
    const a = await swarm.when("the grid is completed", grid, ({ state }) => state === "completed");
    const b = await swarm.when("the repeats are completed", repeat, ({ state }) => state === "completed");
    assert.equal(new Set([...a.trials].map(({ configuration }) => configuration.join())).size, 15);
    assert.deepEqual([...new Set([...b.trials].map(({ configuration }) => configuration.join()))], ["1,1"]);
    assert.equal(new Set([...b.trials].map(({ seed }) => seed)).size, 5);
  });

  test("a run with far more reports than one message holds delivers them in pieces and ends", async () => {
    const job = await swarm.submit(swarm.probeSpec("chatty", { total_runs: 1 }, { reports: 40_000 }));
    const table = await swarm.when("the job ends", job, ({ state }) => state === "completed");
    assert.equal(table.outcomes.completed, 1);
    assert.equal(table.trial(1)?.iters, 40_000);
  });

  test("bayesian learns from results, and says in the journal which values spoke for a choice", async () => {
    const job = await swarm.submit(
      swarm.probeSpec("bayes", { hp_tuning: "bayesian", total_runs: 50, seed: 3, runs_per_node: 1 }),
    );
    const table = await swarm.when("the job ends", job, ({ state }) => state === "completed");
    assert.ok((table.runSets.best()?.mean ?? 0) > 4, `best mean ${table.runSets.best()?.mean}`);
    const { stdout } = await nexusAt(["view", "events", job], swarm.folder);
    assert.match(
      stdout,
      /likelier among the best \d+ of \d+ configurations than among the others: a 5 \(\d+\.\d times\)/,
    );
  });

  test("stop_when starts nothing more once it holds; what runs then still counts", async () => {
    const job = await swarm.submit(
      swarm.probeSpec("stops", { total_runs: 100000, stop_when: "runs >= 20", hp_tuning: "random" }),
    );
    const table = await swarm.when("the job ends", job, ({ state }) => state === "completed");
    assert.ok(table.ended >= 20 && table.ended <= 23, `${table.ended} runs ended`);
    assert.match(table.reason, /runs >= 20/);
    assert.ok(![...table.trials].some(isOpen));
  });
});

describe("job settings", () => {
  test("compute_nodes and runs_per_node bound who holds trials", async () => {
    const swarm = new Swarm();
    await swarm.coordinator();
    const spec = swarm.probeSpec(
      "bounded",
      { total_runs: 24, compute_nodes: 1, runs_per_node: 2, hp_tuning: "random" },
      { seconds: 0.1 },
    );
    const job = await swarm.submit(spec);
    swarm.worker("one", ["--slots", "4"]);
    swarm.worker("two", ["--slots", "4"]);
    let most = 0;
    const table = await swarm.when("the job is completed", job, (now) => {
      most = Math.max(most, ...now.holding.values());
      assert.ok(now.holding.size <= 1, "two workers hold trials of a job with compute_nodes: 1");
      return now.state === "completed";
    });
    assert.ok(most <= 2, `one worker held ${most} trials of a job with runs_per_node: 2`);
    assert.equal(table.ended, 24);
    await swarm.end();
  });

  test("a job for a target that nobody serves waits and says why; a worker that serves it takes it", async () => {
    const swarm = new Swarm();
    await swarm.coordinator();
    const job = await swarm.submit(
      swarm.probeSpec("target", { total_runs: 4, compute_target: "gpu", hp_tuning: "random" }),
    );
    const wrong = swarm.worker("wrong", ["--target", "cpu"]);
    await swarm.when("the wrong worker says why", job, () => wrong.output().includes('job1 is for the target "gpu"'));
    assert.equal((await swarm.table(job)).trials.length, 0);
    swarm.worker("right", ["--target", "gpu,cpu"]);
    const table = await swarm.when("the job is completed", job, ({ state }) => state === "completed");
    assert.ok([...table.trials].every(({ attempts }) => attempts.every(({ worker }) => worker === "right")));
    await swarm.end();
  });
});

describe("runs that fail", () => {
  const swarm = new Swarm();
  before(async () => {
    await swarm.coordinator();
    swarm.worker("only", ["--slots", "2"]);
  });
  after(() => swarm.end());

  test("failed, timed out and non-finite runs end once, count, and are not retried", async () => {
    const thrown = await swarm.submit(swarm.probeSpec("thrown", { total_runs: 3 }, { misbehaviour: "throw" }));
    const late = await swarm.submit(swarm.probeSpec("late", { total_runs: 2, max_run_time: 1 }, { seconds: 30 }));
    const nan = await swarm.submit(swarm.probeSpec("nan", { total_runs: 2 }, { misbehaviour: "nan" }));
    const a = await swarm.when("the failing job ends", thrown, ({ state }) => state === "completed");
    const b = await swarm.when("the late job ends", late, ({ state }) => state === "completed");
    const c = await swarm.when("the diverging job ends", nan, ({ state }) => state === "completed");
    assert.equal(a.outcomes.failed, 3);
    assert.ok([...a.trials].every(({ attempts }) => attempts.length === 1));
    assert.match(a.trial(1)?.reason ?? "", /told to throw/);
    assert.equal(b.outcomes["timed out"], 2);
    assert.match(b.trial(1)?.reason ?? "", /max_run_time/);
    assert.equal(c.outcomes.failed, 2);
    assert.match(c.trial(1)?.reason ?? "", /hpmax came out as NaN/);
  });

  test("a trial that kills its runner every time ends as failed after its retries", async () => {
    const job = await swarm.submit(swarm.probeSpec("poison", { total_runs: 1, retries: 2 }, { misbehaviour: "exit" }));
    const table = await swarm.when("the job ends", job, ({ state }) => state === "completed");
    const [trial] = table.trials;
    assert.equal(trial?.status, "failed");
    assert.equal(trial?.attempts.length, 3);
    assert.match(trial?.reason ?? "", /lost 3 times, last: the runner process ended with code 9/);
  });

  test("a job whose runs all fail pauses and says why; resumed, and told never to pause, it ends", async () => {
    const spec = swarm.probeSpec("hopeless", { total_runs: 12, max_failures_in_a_row: 4 }, { misbehaviour: "throw" });
    const job = await swarm.submit(spec);
    const paused = await swarm.when("the job pauses", job, ({ state, open }) => state === "paused" && open === 0);
    assert.ok(paused.ended === 4 || paused.ended === 5, `${paused.ended} runs ended`);
    assert.match(
      paused.reason,
      /^4 runs in a row have failed .*told to throw.*nexus view console run\d+\.\d+; .*nexus resume job\d+$/,
    );
    const { stdout } = await nexusAt(["list", "jobs"], swarm.folder);
    assert.match(stdout, new RegExp(`^ws1 +${job} .*paused`, "m"));
    await nexusAt(["edit", job, "--max-failures-in-a-row", "never"], swarm.folder);
    await nexusAt(["resume", job], swarm.folder);
    const table = await swarm.when("the job ends", job, ({ state }) => state === "completed");
    assert.equal(table.outcomes.failed, 12);
  });
});
