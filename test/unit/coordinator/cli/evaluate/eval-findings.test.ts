import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { evaluateJob } from "../../../../../coordinator/cli/evaluate/evaluate-job.ts";
import { evaluate } from "../../../../../shared/domain/evaluation/evaluated.ts";
import type { Configuration, Hyperparameter } from "../../../../../shared/domain/hyperparameter.ts";
import { childRunName } from "../../../../../shared/domain/names.ts";
import { rngFrom } from "../../../../../shared/domain/rng.ts";
import type { JobSettings } from "../../../../../shared/domain/runspec/job-settings.ts";
import { JobStory, stateOf } from "../../../../support/stories/job-story.ts";
import { ordered, unordered } from "../../../../support/stories/search.ts";

const dials = [
  ordered("lr", [1, 2, 3, 4, 5, 6]),
  unordered("dead", ["p", "q", "r"]),
  ordered("units", [1, 2, 3, 4, 5, 6]),
];

function told(
  hyperparameters: readonly Hyperparameter[],
  runs: readonly (readonly [configuration: Configuration, hpmax: number])[],
  require: readonly string[] = [],
): JobStory {
  const story = new JobStory({ number: 5, hyperparameters, settings: { require } });
  runs.forEach(([configuration, hpmax], i) => {
    const run = childRunName(1, i + 1);
    story.completed(story.started(run, configuration), run, hpmax, 100, { "s1-gb": i });
  });
  return story;
}

function printed(story: JobStory, json = false): string {
  let text = "";
  const output = {
    result: (part: string) => {
      text += part;
    },
    note: () => {},
  };
  evaluateJob({ state: stateOf(story), workspace: "ws1", flags: "", output }, "job5", { json });
  return text;
}

test("nexus eval says that the same settings always give the same result, and asks for no repeats then", () => {
  const runs = [...Array(12).keys()].map((i) => [[Math.floor(i / 2), 0, 1], Math.floor(i / 2) / 7] as const);
  const text = printed(told(dials, runs));
  assert.match(text, /the same settings have always given the same hpmax \(6 configurations ran more than once\)/);
  assert.doesNotMatch(text, /was run twice only/);
  const noisy = printed(told(dials, [...runs, [[0, 0, 1], 0.001]]));
  assert.doesNotMatch(noisy, /always given the same/);
  assert.match(printed(told(dials, runs), true), /"isNoiseFree":true/);
});

test("nexus eval names the hyperparameters that change nothing", () => {
  const rng = rngFrom("findings");
  const runs = Array.from({ length: 300 }, () => {
    const at = dials.map(({ values }) => rng.below(values.length));
    const [lr = 0, , units = 0] = at;
    return [at, -Math.abs(lr - 4) - 0.4 * Math.abs(units - 1) + rng.uniform()] as const;
  });
  const story = told(dials, runs);
  assert.match(printed(story), /\ndead changes nothing, as far as these runs show: the next search can leave it out\n/);
  assert.match(
    printed(told(dials, runs, ["gb <= 298"])).replaceAll("\n", " "),
    /dead changes nothing, as far as these runs show, but whether `require` holds may depend on it/,
  );
  const verdict = JSON.parse(printed(story, true).trim().split("\n").at(-1) ?? "{}") as Record<string, unknown>;
  assert.deepEqual(verdict["withoutEffect"], ["dead"]);
});

test("nexus eval evaluates 200 hyperparameters, and unordered ones of 10,000 values", () => {
  const large = Array.from({ length: 200 }, (_, i) =>
    (i % 2 === 0 ? ordered : unordered)(`h${i}`, [...Array(i < 20 ? 10_000 : 5).keys()]),
  );
  const rng = rngFrom("large");
  const runs = Array.from({ length: 30 }, () => {
    const at = large.map(({ values }) => rng.below(values.length));
    return [at, (at[0] ?? 0) / 1e4 + rng.uniform()] as const;
  });
  const table = stateOf(told(large, runs)).jobs.get(told(large, runs).job);
  assert.ok(table);
  const verdict = evaluate(table)?.verdict;
  // 100 ordered hyperparameters have two neighbours each, ten unordered ones 9,999, and 90 have four.
  assert.equal(verdict?.neighbours.all, 200 + 10 * 9999 + 90 * 4);
  assert.equal(verdict.neighbours.measured, 0);
});

describe("the neighbours that nexus eval counts", () => {
  const two = [ordered("lr", [1, 2, 3, 4]), ordered("units", [1, 2, 3, 4])];
  const best: Configuration = [2, 2];
  const left: Configuration = [1, 2];
  const below: Configuration = [2, 1];
  const right: Configuration = [3, 2];
  const above: Configuration = [2, 3];

  /** A search whose best is measured three times, and two of its four neighbours. */
  function around(settings: Partial<JobSettings>, then: (story: JobStory) => void = () => {}, first?: number) {
    const story = new JobStory({ number: 5, hyperparameters: two, settings });
    const runs = [best, best, best, left, left, below, below];
    runs.forEach((configuration, i) => {
      const run = childRunName(1, i + 1);
      const hpmax = (configuration === best ? 1 : 0.2) + i / 100;
      story.completed(story.started(run, configuration), run, hpmax, 100, { "s1-gb": 1 });
    });
    then(story);
    const table = stateOf(story).jobs.get(story.job);
    const verdict = table && evaluate(table, first)?.verdict;
    assert.deepEqual(verdict?.leader, best);
    return { neighbours: verdict.neighbours, isDoubt: verdict.doubts.includes("neighbours") };
  }

  /** Runs of a configuration that end without a result, each on a worker of its own. */
  const ended = (story: JobStory, outcome: "failed" | "timed out", configuration: Configuration, count: number) => {
    for (let i = 0; i < count; i += 1) {
      const run = childRunName(2 + i, 10 + story.events.length);
      story.endedWithout(story.started(run, configuration), run, outcome, "told to");
    }
  };

  test("nexus eval asks for no neighbour that where forbids", () => {
    assert.deepEqual(around({ where: ["*lr * *units <= 9"] }), { neighbours: { all: 2, measured: 2 }, isDoubt: false });
    assert.deepEqual(around({ where: ["*lr <= 3"] }), { neighbours: { all: 3, measured: 2 }, isDoubt: true });
  });

  test("nexus eval asks for no neighbour that is infeasible or failed too often", () => {
    const tried = around({ require: ["gb <= 8"] }, (story) => {
      const run = childRunName(1, 9);
      story.completed(story.started(run, right), run, 0.3, 100, { "s1-gb": 9 });
      ended(story, "failed", above, 3);
    });
    assert.deepEqual(tried, { neighbours: { all: 3, measured: 3 }, isDoubt: false });
    const twice = around({}, (story) => ended(story, "failed", above, 2));
    assert.deepEqual(twice, { neighbours: { all: 4, measured: 2 }, isDoubt: true });
  });

  test("where nothing runs twice, nexus eval asks for a neighbour only until its run ends", () => {
    const open = around({ repeat: "never" }, (story) => {
      ended(story, "timed out", right, 1);
      story.started(childRunName(1, 9), above);
    });
    assert.deepEqual(open, { neighbours: { all: 3, measured: 2 }, isDoubt: true });
    const over = around({ repeat: "never" }, (story) => {
      for (const each of [right, above]) ended(story, "timed out", each, 1);
    });
    assert.deepEqual(over, { neighbours: { all: 2, measured: 2 }, isDoubt: false });
  });

  test("nexus eval --first asks for the neighbours that were measured, or found infeasible, only later", () => {
    const then = (story: JobStory) => {
      ended(story, "timed out", above, 1);
      for (const [configuration, gb] of [
        [right, 9],
        [left, 1],
        [above, 1],
      ] as const) {
        const run = childRunName(1, 10 + story.events.length);
        story.completed(story.started(run, configuration), run, 0.3, 100, { "s1-gb": gb });
      }
    };
    const after = (first: number) => around({ repeat: "never", require: ["gb <= 8"] }, then, first);
    assert.deepEqual(after(7), { neighbours: { all: 4, measured: 2 }, isDoubt: true });
    assert.deepEqual(after(8), { neighbours: { all: 4, measured: 3 }, isDoubt: true }, "right is infeasible by then");
    assert.deepEqual(after(9), { neighbours: { all: 4, measured: 4 }, isDoubt: false });
  });
});
