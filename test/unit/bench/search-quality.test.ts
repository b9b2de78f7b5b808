import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { rngFrom } from "../../../shared/domain/rng.ts";
import { RunSetIndex } from "../../../shared/domain/run-sets/run-set.ts";
import { surfaceFor } from "../../bench/search-quality/catalogue.ts";
import { normal } from "../../bench/search-quality/luck.ts";
import { measure, type Outcome } from "../../bench/search-quality/measuring.ts";
import { defaultBudgets, readOptions, tasksOf } from "../../bench/search-quality/options.ts";
import { progressText } from "../../bench/search-quality/progress.ts";
import { recommendedBy } from "../../bench/search-quality/recommending.ts";
import { ownSearcher, ownSearches } from "../../bench/search-quality/searcher.ts";
import { estimateOf, summarise } from "../../bench/search-quality/summary.ts";
import { simulateSwarm } from "../../bench/search-quality/swarm.ts";
import { estimateText, tablesOf } from "../../bench/search-quality/table.ts";
import { indexOf } from "../../support/stories/search.ts";

describe("summary statistics", () => {
  test("the bench's 95% interval of a mean is Student's", () => {
    const { mean, half, count } = estimateOf([1, 2, 3, 4, 5]);
    assert.equal(mean, 3);
    assert.equal(count, 5);
    // t(0.975, 4) = 2.7764; sd = 1.5811.
    assert.ok(Math.abs(half - (2.7764 * 1.5811) / Math.sqrt(5)) < 1e-3, String(half));
  });

  test("the bench gives one value no interval, and no values no mean", () => {
    assert.ok(Number.isNaN(estimateOf([1]).half));
    assert.ok(Number.isNaN(estimateOf([]).mean));
  });

  test("the bench's interval of six normal values holds the mean in 95 of 100 cases", () => {
    const rng = rngFrom("coverage");
    const samples = 2000;
    let held = 0;
    for (let sample = 0; sample < samples; sample++) {
      const { mean, half } = estimateOf(Array.from({ length: 6 }, () => 3 + normal(rng)));
      if (Math.abs(mean - 3) < half) held++;
    }
    assert.ok(Math.abs(held / samples - 0.95) < 0.015, `${held} of ${samples}`);
  });

  test("the bench prints regrets in units of 10^-4", () => {
    assert.equal(estimateText({ mean: 0.00421, half: 0.000512, count: 9 }), "42 ±5");
    assert.equal(estimateText({ mean: -1e22, half: Number.NaN, count: 1 }), "-1e26");
  });

  const outcome = (search: string, seed: number, own: number, single: number): Outcome => ({
    task: { surface: "gbm", search, workers: 10, seed, budgets: [50] },
    found: [{ own: { regret: own, excess: 0 }, s: { regret: single, excess: 0.1 }, m: { regret: 9, excess: 0 } }],
    choices: 50,
    cpuMs: 100,
  });

  test("the bench judges a search of ours by its own rule, and a peer by its best one", () => {
    const outcomes = [
      outcome("ours", 1, 4, 1),
      outcome("peer", 1, 4, 1),
      outcome("ours", 2, 6, 1),
      outcome("peer", 2, 6, 2),
    ];
    const [ours, peer] = summarise(outcomes, (search) => search === "ours");
    assert.equal(ours?.cells[0]?.regret.mean, 5);
    assert.equal(ours?.cpuMsPerChoice, 2);
    assert.equal(ours?.seeds, 2);
    assert.equal(peer?.cells[0]?.regret.mean, 1.5);
    assert.equal(peer?.cells[0]?.rule, "s");
    assert.match(
      tablesOf([...(ours ? [ours] : []), ...(peer ? [peer] : [])]),
      /gbm, 10 workers +50 [\s\S]* 15000 ±\d+ s/,
    );
  });
});

describe("rules of recommendation", () => {
  const runSets = indexOf([
    [[0], 10],
    [[1], 9],
    [[1], 9.5],
    [[0], 2],
    [[2], 1],
  ]);

  test("the best single run, the highest mean and the posterior recommend by different rules", () => {
    assert.deepEqual(recommendedBy("s", runSets), { configuration: [0], estimate: 10 });
    assert.deepEqual(recommendedBy("m", runSets), { configuration: [1], estimate: 9.25 });
    assert.deepEqual(recommendedBy("p", runSets)?.configuration, [1]);
  });

  test("no rule recommends a configuration before a run has completed", () => {
    for (const rule of ["p", "s", "m"] as const) assert.equal(recommendedBy(rule, new RunSetIndex()), null);
  });
});

describe("a simulated swarm of the bench", () => {
  const surface = surfaceFor("supervised-curves", 1);

  test("workers of the bench ask for a run as soon as they are free, and budgets count reports", async () => {
    const runSets = new RunSetIndex();
    const open: number[] = [];
    let most = 0;
    const budgets: number[] = [];
    await simulateSwarm(
      surface,
      runSets,
      { workers: 4, seed: 1, budgets: [5, 10] },
      {
        choose(n) {
          open.push(n);
          most = Math.max(most, open.length);
          return [0, 0, 0, 0, 0];
        },
        completed(run, hpmax) {
          assert.equal(run.values.length, 20);
          assert.equal(hpmax, run.values.at(-1));
          open.splice(open.indexOf(run.n), 1);
        },
        reached(budget) {
          budgets.push(budget);
          const { completed, inFlight } = runSets.totals;
          assert.ok(completed <= budget && completed > budget - 4, `${completed} runs at ${budget}`);
          assert.ok(inFlight === 4 || budget === 10);
        },
      },
    );
    assert.equal(most, 4);
    assert.deepEqual(budgets, [5, 10]);
  });

  test("a run that the bench stops frees its worker, and what it reported counts", async () => {
    const runSets = new RunSetIndex();
    let stopped = 0;
    await simulateSwarm(
      surface,
      runSets,
      { workers: 2, seed: 1, budgets: [10] },
      {
        choose: () => [1, 1, 1, 1, 1],
        stops: (run) => run.n % 2 === 0 && run.values.length === 5,
        stopped(run) {
          stopped++;
          runSets.endedOtherwise(run.configuration);
        },
        reached: () => {},
      },
    );
    const { completed, ended } = runSets.totals;
    assert.ok(stopped >= 6, `${stopped} stopped`);
    assert.equal(ended, completed + stopped);
    assert.ok(Math.abs(completed * 20 + stopped * 5 - 200) <= 40);
  });

  test("a task of the bench always has the same outcome, and another seed another one", async () => {
    const task = { surface: "gbm", search: "dgd-paper", workers: 10, seed: 7, budgets: [20, 60] };
    const [one, again, other] = [await measure(task), await measure(task), await measure({ ...task, seed: 8 })];
    assert.deepEqual(one.found, again.found);
    assert.notDeepEqual(one.found, other.found);
    assert.equal(one.found.length, 2);
    assert.equal(one.choices, 69);
    for (const { own } of one.found) assert.ok(own && own.regret >= 0);
  });

  test("ranges in the bench become denser around the best, and the search uses the new marks", async () => {
    const surface = surfaceFor("log-ranges", 1);
    const before = surface.hyperparameters.map(({ values }) => values.length);
    const runSets = new RunSetIndex();
    const own = ownSearches["dgd"];
    assert.ok(own);
    const searcher = ownSearcher(own, surface, runSets, 1);
    await simulateSwarm(
      surface,
      runSets,
      { workers: 5, seed: 1, budgets: [120] },
      {
        choose: (n) => searcher.choose(n),
        completed: () => searcher.ended?.(),
        reached: () => {},
      },
    );
    const used = surface.hyperparameters.filter((_, i) =>
      [...runSets].some(({ configuration }) => (configuration[i] ?? 0) >= (before[i] ?? 0)),
    );
    assert.ok(used.length >= 2, `new marks of ${used.map(({ name }) => name).join(", ") || "no range"} were tried`);
  });

  test("the published rule finds more than random search on a real table", async () => {
    const regretOf = async (search: string): Promise<number> => {
      let sum = 0;
      for (let seed = 1; seed <= 6; seed++) {
        const { found } = await measure({ surface: "gbm", search, workers: 10, seed, budgets: [400] });
        sum += found[0]?.own?.regret ?? Number.NaN;
      }
      return sum / 6;
    };
    // 60 seeds: 21 and 75 x 10^-4.
    assert.ok((await regretOf("dgd-paper")) < 0.7 * (await regretOf("random")));
  });
});

describe("options of bench search-quality", () => {
  const known = {
    surfaces: ["gbm", "synthetic", "variants", "second-peak"],
    searches: ["random", "dgd", "grid"],
    peers: ["tpe"],
  };

  test("options of bench search-quality that are left out have defaults", () => {
    const options = readOptions([], known);
    assert.deepEqual(options.searches, ["random", "dgd"]);
    assert.deepEqual(options.workers, [10, 100]);
    assert.equal(options.peers, false);
    assert.deepEqual(readOptions(["--full"], known).searches, known.searches);
    assert.deepEqual(readOptions(["--peers"], known).searches, ["random", "dgd", "tpe"]);
  });

  test("bench search-quality reads lists, seeds and budgets from its options", () => {
    const args = [
      "--surfaces=gbm,mine.json",
      "--workers",
      "1",
      "--seeds",
      "41-43",
      "--budgets",
      "200,50",
      "--searches",
      "dgd",
    ];
    const options = readOptions(args, known);
    assert.deepEqual(options.seeds, [41, 42, 43]);
    assert.deepEqual(options.budgets, [50, 200]);
    const tasks = tasksOf(options);
    assert.equal(tasks.length, 6);
    assert.deepEqual(tasks[1], { surface: "mine.json", search: "dgd", workers: 1, seed: 41, budgets: [50, 200] });
    assert.deepEqual(tasksOf(readOptions(["--workers", "100"], known))[0]?.budgets, defaultBudgets(100, false));
  });

  const refused: readonly [args: string[], says: RegExp][] = [
    [["--surface", "gbm"], /found --surface; expected one of --surfaces, --searches/],
    [["12"], /found 12; expected one of/],
    [["--surfaces", "gmb"], /--surfaces: no "gmb"; expected some of gbm, synthetic/],
    [["--searches"], /--searches has no value; expected, say, --searches random,dgd/],
    [["--searches", "tpe"], /tpe is a peer's; with --peers it is installed/],
    [["--workers", "0"], /--workers: found "0"; expected a whole number from 1 to 1000, say --workers 10,100/],
    [["--seeds", "1"], /found "1"; expected at least two seeds, as in --seeds 40/],
    [["--budgets", "50,x"], /--budgets: found "x"/],
    [["--full=yes"], /found --full=yes/],
    [["--full", "--full"], /--full is given twice/],
  ];
  for (const [args, says] of refused) {
    test(`bench search-quality refuses ${args.join(" ")}`, () => assert.throws(() => readOptions(args, known), says));
  }

  test("progress of bench search-quality says how long the rest takes", () => {
    assert.equal(progressText(10, 40, 20_000), "10 of 40 searches, about 60 s left");
    assert.equal(progressText(10, 400, 60_000), "10 of 400 searches, about 39 minutes left");
    assert.equal(progressText(40, 40, 1), "40 of 40 searches");
  });
});
