import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { historyTable } from "../../../../coordinator/cli/evaluate/history-table.ts";
import { verdictLines } from "../../../../coordinator/words/verdict-text.ts";
import { evaluate } from "../../../../shared/domain/evaluation/evaluated.ts";
import { type WorkerId, workerIdFrom } from "../../../../shared/domain/names.ts";
import { type Rng, rngFrom } from "../../../../shared/domain/rng.ts";
import type { JobSettings } from "../../../../shared/domain/runspec/job-settings.ts";
import { Story } from "../../../support/stories/control-story.ts";

/** The searches and their forms. */
const searches: Readonly<Record<string, Partial<JobSettings>>> = {
  random: { hpTuning: "random" },
  grid: { hpTuning: "grid" },
  dgd: { hpTuning: "dgd", dgd: { rule: "model", countInFlight: true } },
  "dgd: paper": { hpTuning: "dgd", dgd: { rule: "paper", countInFlight: false } },
  "dgd: wide": { hpTuning: "dgd", dgd: { rule: "wide", countInFlight: true } },
  bayesian: { hpTuning: "bayesian" },
};

/** What the n-th run of a configuration reaches. */
type Metric = (configuration: readonly number[], n: number, luck: Rng) => number;

const plain: Metric = ([a = 0, b = 0], _n, luck) => a + b / 2 + luck.uniform();

const metrics: Readonly<Record<string, Metric>> = {
  "a run in ten diverges to -1e24": (at, n, luck) => (n % 10 === 3 ? -1e24 : plain(at, n, luck)),
  "a run in ten is +1e300 or -1e300": (at, n, luck) =>
    n % 10 === 3 ? (n % 20 === 3 ? 1e300 : -1e300) : plain(at, n, luck),
  "all are about 1e300": (at, n, luck) => 1e300 * (1 + plain(at, n, luck) / 10),
  "all differ by 1e-300": (at, n, luck) => 1e-300 * plain(at, n, luck),
  "all are 1e9 and differ by a millionth": (at, n, luck) => 1e9 + 1e-6 * plain(at, n, luck),
  "every run is the same": () => 0.25,
  "every run is 0": () => 0,
  "one run differs": (_at, n) => (n === 7 ? 1 : 0),
  "a run in three is infinite or no number": (at, n, luck) =>
    n % 3 === 0
      ? ([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY][(n % 9) / 3] ?? 0)
      : plain(at, n, luck),
  "the noise grows with time": (at, n, luck) => plain(at, n, luck) + n * n * (luck.uniform() - 0.5),
  "the level drifts": (at, n, luck) => plain(at, n, luck) + n,
};

const count = 45;

/** A search of 45 runs with five in flight, which end in any order, each on a worker of its own: no machine is at fault. */
async function lived(settings: Partial<JobSettings>, metric: Metric): Promise<Story> {
  const story = new Story({ totalRuns: count, maxFailuresInARow: null, ...settings });
  const luck = rngFrom("any values");
  const flying: { n: number; worker: WorkerId }[] = [];
  for (;;) {
    const worker = workerIdFrom(`w${story.table.trials.length}`);
    const n = flying.length < 5 ? await story.claim(worker) : "enough";
    if (typeof n === "number") {
      flying.push({ n, worker });
      continue;
    }
    const [ended] = flying.splice(luck.below(Math.max(1, flying.length)), 1);
    if (!ended) return story;
    const { configuration = [] } = story.table.trial(ended.n) ?? {};
    story.say(ended.worker, ended.n, "result", metric(configuration, ended.n, luck));
  }
}

const sensible = (text: string): void => assert.doesNotMatch(text, /NaN|Infinity|undefined/);

/** Asserts that every number told to a person or a search is finite. */
function checkAll({ table }: Story): void {
  const { hyperparameters } = table.submitted;
  for (const { runSet, hpmax, stDev } of table.model.now?.ranked ?? []) {
    assert.ok(Number.isFinite(hpmax) && Number.isFinite(stDev) && stDev >= 0, `${runSet.key}: ${hpmax} +- ${stDev}`);
  }
  // Evaluation takes as long as all the rest, and is the same for all searches.
  if (table.submitted.settings.hpTuning !== "dgd") return;
  const evaluation = evaluate(table);
  assert.ok(evaluation);
  const { verdict, history, sets } = evaluation;
  const { estimate, interval, chanceOfBetter, expectedGain, noise } = verdict;
  for (const number of [estimate, interval.low, interval.high, chanceOfBetter, expectedGain, noise])
    assert.ok(Number.isFinite(number), JSON.stringify(verdict));
  assert.ok(interval.low <= estimate && estimate <= interval.high, JSON.stringify(verdict));
  for (const { mean } of sets) assert.ok(Number.isFinite(mean));
  for (const line of [
    ...verdictLines(verdict, hyperparameters, table.goal),
    ...historyTable(history, hyperparameters, table.goal),
  ])
    sensible(line);
}

for (const [search, settings] of Object.entries(searches)) {
  describe(`a ${search} search, whatever its runs return`, () => {
    for (const [name, metric] of Object.entries(metrics)) {
      test(`a ${search} search tells only sensible numbers where ${name}`, async () => {
        const story = await lived(settings, metric);
        const { table } = story;
        assert.equal(table.ended, count);
        const isNumber = (n: number): boolean =>
          Number.isFinite(metric(table.trial(n)?.configuration ?? [], n, rngFrom(1)));
        const numbers = Array.from({ length: count }, (_, i) => i + 1);
        assert.equal(table.outcomes.failed, numbers.filter((n) => !isNumber(n)).length);
        for (const event of story.test.events) if (event.type === "assigned") sensible(event.why);
        checkAll(story);
        story.check();
      });
    }

    test(`a ${search} search ends with a reason and without an estimate where all runs fail`, async () => {
      const { table, test: told } = await lived(settings, () => Number.NaN);
      assert.equal(table.outcomes.failed, table.ended);
      assert.match(table.reason, /^(all 45 runs have ended|every configuration that is left has failed too often)$/);
      assert.equal(table.model.now, null);
      assert.equal(evaluate(table), null);
      for (const event of told.events) if (event.type === "assigned") sensible(event.why);
    });
  });
}
