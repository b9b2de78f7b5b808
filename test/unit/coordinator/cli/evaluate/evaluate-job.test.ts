import assert from "node:assert/strict";
import { test } from "node:test";
import { evaluateJob } from "../../../../../coordinator/cli/evaluate/evaluate-job.ts";
import { historyTable } from "../../../../../coordinator/cli/evaluate/history-table.ts";
import type { HistoryRow } from "../../../../../shared/domain/evaluation/history.ts";
import { apply, emptyWorkspace } from "../../../../../shared/domain/fold/workspace-state.ts";
import { maximised } from "../../../../../shared/domain/goal.ts";
import { childRunName, type RunName } from "../../../../../shared/domain/names.ts";
import { rngFrom } from "../../../../../shared/domain/rng.ts";
import { JobStory, stateOf } from "../../../../support/stories/job-story.ts";
import { ordered, tutorialHyperparameters, unordered } from "../../../../support/stories/search.ts";
import { job289 } from "../../../../support/stories/tutorial-jobs.ts";

/** The tutorial's rows: settings, BEST FOR, EST HPMAX, RUNS, BEST. */
const tutorialRows: readonly (readonly [
  settings: readonly number[],
  bestFor: number,
  est: number,
  runs: number,
  best: string,
])[] = [
  [[32, 0.95, 128, 0.0063, 32, 64, 128, 32], 1, 0.020409, 1, "run3757.3"],
  [[24, 0.85, 128, 0.0025, 8, 32, 256, 64], 3, 0.020524, 1, "run3768.2"],
  [[32, 0.9, 512, 0.0016, 32, 512, 128, 64], 6, 0.033908, 3, "run3762.5"],
  [[24, 0.9, 2048, 0.00063, 16, 512, 128, 512], 8, 0.049182, 16, "run3755.152"],
  [[24, 0.9, 1024, 0.001, 16, 512, 256, 512], 6, 0.047129, 9, "run3765.165"],
  [[24, 0.9, 2048, 0.00063, 16, 512, 128, 512], 155, 0.049182, 16, "run3755.152"],
];

const tutorialTable = `\
seqlen    disc      clip      lr        rscale    embed     units     out      BEST FOR   EST HPMAX  RUNS  BEST
32        0.95      128       0.0063    32        64        128       32         1 run     0.020409    1   run3757.3
24        0.85      128       0.0025    8         32        256       64         3 runs    0.020524    1   run3768.2
32        0.9       512       0.0016    32        512       128       64         6 runs    0.033908    3   run3762.5
24        0.9       2048      0.00063   16        512       128       512        8 runs    0.049182   16   run3755.152
24        0.9       1024      0.001     16        512       256       512        6 runs    0.047129    9   run3765.165
24        0.9       2048      0.00063   16        512       128       512      155 runs    0.049182   16   run3755.152
seqlen    disc      clip      lr        rscale    embed     units     out      BEST FOR   EST HPMAX  RUNS  BEST
History of the best hyperparameter combination after each of the 4781 completed runs.`;

test("nexus eval's history equals the tutorial's, character for character, but for the plural of one run", () => {
  const rows = tutorialRows.map(([settings, bestFor, estHpmax, runs, bestRun]): HistoryRow => {
    const configuration = tutorialHyperparameters.map(({ values }, i) => values.indexOf(settings[i] ?? null));
    const rest = { ended: 1, key: configuration.join("."), label: "", sd: 0.001, bestHpmax: 0.05 };
    return { ...rest, configuration, bestFor, estHpmax, runs, bestRun: bestRun as RunName };
  });
  const history = { prior: { mean: 0, variance: 1 }, completed: 4781, rows };
  assert.equal(historyTable(history, tutorialHyperparameters, maximised).join("\n"), tutorialTable);
});

test("the line below nexus eval's history is as wide as the terminal, and the table stays whole", () => {
  const history = { prior: { mean: 0, variance: 1 }, completed: 4781, rows: [] };
  const [whole, narrow] = [undefined, 60].map((width) =>
    historyTable(history, tutorialHyperparameters, maximised, width).slice(2),
  );
  assert.equal(whole?.length, 1);
  assert.deepEqual(narrow, [
    "History of the best hyperparameter combination after each of",
    "  the 4781 completed runs.",
  ]);
});

test("wide settings, many runs and tiny estimates widen the columns of the history", () => {
  const names = [unordered("architecture", ["a-very-long-name", "b"])];
  const row = { ended: 1, key: "0", label: "", sd: 1e-9, bestHpmax: 1, bestRun: "run1.1" as RunName };
  const rows = [
    { ...row, configuration: [0], bestFor: 12_345, estHpmax: 2.5e-8, runs: 54_321 },
    { ...row, configuration: [1], bestFor: 1, estHpmax: 123_456.5, runs: 1 },
  ];
  const lines = historyTable({ prior: { mean: 0, variance: 1 }, completed: 12_346, rows }, names, maximised);
  assert.deepEqual(lines.slice(1, 3), [
    "a-very-long-name 12345 runs        0.000000025   54321   run1.1",
    "b                    1 run    123456.500000000       1   run1.1",
  ]);
});

const dials = [ordered("a", [1, 2, 3, 4, 5, 6, 7, 8]), ordered("b", ["x", "y", "z"])];

test("nexus eval prints the history and the verdict, or both as JSON without rounding", () => {
  const story = new JobStory({ number: 5, hyperparameters: dials });
  const values: [number[], number][] = [
    [[0, 0], 0.1],
    [[1, 0], 1 / 3],
    [[1, 0], 0.3],
    [[2, 0], 0.2],
  ];
  values.forEach(([configuration, hpmax], i) => {
    const run = childRunName(1, i + 1);
    story.completed(story.started(run, configuration), run, hpmax);
  });
  const state = story.events.reduce(apply, emptyWorkspace());
  const printed = (options: Parameters<typeof evaluateJob>[2], width?: number): string => {
    let text = "";
    const output = {
      width,
      result: (part: string) => {
        text += part;
      },
      note: () => {},
    };
    evaluateJob({ state, workspace: "ws1", flags: "", output }, "ws1/job5", options);
    return text;
  };
  assert.match(printed({}), /^a {9}b {8}BEST FOR/);
  assert.match(
    printed({}),
    /4 completed runs\.\nThe table goes by XT's estimate \(EST HPMAX\), .*\nThe verdict below .*\n(Here .*\n)?\nbest for the last \d of 4 runs; /,
  );
  const narrow = printed({}, 60);
  const words = (shown: string): string => shown.slice(shown.indexOf("best for the last")).replace(/\s+/g, " ");
  assert.equal(words(narrow), words(printed({})));
  for (const line of narrow.slice(narrow.indexOf("best for the last")).split("\n")) assert.ok(line.length <= 60, line);
  assert.match(
    printed({ first: 1 }),
    /each of the 1 completed runs\.\nThe table .*\nThe verdict .*\n\nbest for the last 1 of 1 run; no other/,
  );
  const objects = printed({ json: true })
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const verdict = objects.at(-1);
  assert.deepEqual(objects.map(({ type }) => type).slice(-2), ["best", "verdict"]);
  assert.equal(objects.at(-2)?.["bestHpmax"], 1 / 3);
  assert.deepEqual(verdict?.["hparams"], { a: 2, b: "x" });
  assert.equal(typeof verdict?.["chanceOfBetter"], "number");
  assert.equal((verdict?.["interval"] as { level?: number } | undefined)?.level, 0.9);
});

test("nexus eval says where its table and its verdict disagree about who leads, and since when", () => {
  const story = new JobStory({ number: 5, hyperparameters: dials });
  const rng = rngFrom("disagreements");
  for (let i = 1; i <= 40; i += 1) {
    const [a, b] = [rng.below(4), rng.below(3)];
    const run = childRunName(1, i);
    story.completed(story.started(run, [a, b]), run, 0.1 * a - 0.05 * b + 0.2 * rng.uniform());
  }
  const state = story.events.reduce(apply, emptyWorkspace());
  const seen = { configuration: 0, time: 0, agree: 0 };
  for (let first = 2; first <= 40; first += 1) {
    const printed = (options: Parameters<typeof evaluateJob>[2]): string => {
      let text = "";
      const result = (part: string): void => {
        text += part;
      };
      const output = { result, note: () => {} };
      evaluateJob({ state, workspace: "ws1", flags: "", output }, "job5", { first, ...options });
      return text;
    };
    const objects = printed({ json: true }).trimEnd().split("\n");
    const [row, verdict] = objects.slice(-2).map((line) => JSON.parse(line) as { bestFor: number; hparams: object });
    const led = row?.bestFor === 1 ? "the last run" : `the last ${row?.bestFor} runs`;
    const settings = Object.entries(row?.hparams ?? {}).map(([name, value]) => `${name}=${value}`);
    const said = /^Here .*$/m.exec(printed({}))?.[0];
    if (JSON.stringify(row?.hparams) !== JSON.stringify(verdict?.hparams)) {
      seen.configuration += 1;
      const best = `by XT's estimate the best is ${settings.join(" ")}, for ${led}.`;
      assert.equal(said, `Here they name different configurations: ${best}`);
    } else if (row?.bestFor !== verdict?.bestFor) {
      seen.time += 1;
      assert.equal(said, `Here they name the same best, but by XT's estimate it has led for ${led}.`);
    } else {
      seen.agree += 1;
      assert.equal(said, undefined);
    }
  }
  assert.ok(Math.min(...Object.values(seen)) > 0, JSON.stringify(seen));
});

test("nexus eval of a job that repeats one configuration gives the mean and its error", () => {
  const state = stateOf(job289());
  const printed = (options: Parameters<typeof evaluateJob>[2]): string => {
    let text = "";
    const result = (part: string): void => {
      text += part;
    };
    evaluateJob({ state, workspace: "ws1", flags: "", output: { result, note: () => {} } }, "job289", options);
    return text;
  };
  assert.match(printed({}), /^job289 repeats one configuration \(hp_tuning: false\): seqlen=8 disc=0\.9 .*\n/);
  // By hand from the tutorial's table: sum 0.5993, standard deviation 0.009686, Student's t of 19 degrees 1.729 and 2.093.
  assert.match(printed({}), /\nmean hpmax 0\.0300 of 20 runs, standard deviation 0\.0097\n/);
  assert.match(
    printed({}),
    /\nits true mean is in 0\.0262 to 0\.0337 with 90% confidence, in 0\.0254 to 0\.0345 with 95% \(Student\)\n$/,
  );
  const object = JSON.parse(printed({ json: true })) as Record<string, unknown>;
  assert.deepEqual([object["type"], object["runs"], object["failed"]], ["repeats", 20, 0]);
  assert.ok(Math.abs(Number(object["mean"]) - 0.5993 / 20) < 1e-9, String(object["mean"]));
  assert.equal(object["summary"], "mean hpmax 0.0300 of 20 runs, standard deviation 0.0097");
  assert.match(printed({ first: 1 }), /\nmean hpmax 0\.0\d+ of 1 run; one run shows no spread\n$/);
});
