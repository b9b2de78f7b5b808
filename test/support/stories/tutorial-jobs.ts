import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../../shared/components/component-defaults.ts";
import { JobStory } from "./job-story.ts";
import { tutorialHyperparameters } from "./search.ts";

/** A file of test/fixtures/tutorial: output shown in the tutorial, without its markdown indentation. */
export const tutorialText = (name: string): string =>
  readFileSync(join(packageRoot(), "test/fixtures/tutorial", name), "utf8");

export interface TutorialRow {
  readonly run: string;
  /** Null for a parent run. */
  readonly values: Readonly<Record<string, number>> | null;
}

/** The rows of a tutorial table, in the table's order. */
export function tutorialRows(name: string): TutorialRow[] {
  const lines = tutorialText(name).split("\n");
  const header = (lines[1] ?? "").split(/ +/);
  return lines
    .filter((line) => line.startsWith("ws1 "))
    .map((line) => {
      const words = line.split(/ +/);
      const values = Object.fromEntries(header.slice(5).map((column, i) => [column, Number(words[i + 5])]));
      return { run: words[3] ?? "", values: words.length > 5 ? values : null };
    });
}

/**
 * Adds a completed run from a row of a tutorial table.
 *
 * @param unrounded  added to hpmax: a worker reports more digits than the table shows
 */
function tellTutorialRun(story: JobStory, run: string, values: Readonly<Record<string, number>>, unrounded = 0): void {
  const configuration = tutorialHyperparameters.map(({ name, values: dial }) =>
    dial.indexOf(values[name] ?? Number.NaN),
  );
  const n = story.started(run, configuration);
  const { iters = 0, hpmax = 0 } = values;
  const metrics = Object.fromEntries(["s1-hrs", "s1-rew", "s1-win"].map((name) => [name, values[name] ?? Number.NaN]));
  story.completed(n, run, hpmax + unrounded, iters, metrics);
}

/** The search on 25 nodes: its ten best runs, not in the table's order, among worse, failed and running ones. */
export function job278(): JobStory {
  const settings = {
    hpTuning: "random",
    totalRuns: 500,
    computeNodes: 25,
    runsPerNode: 4,
    computeTarget: "azb-cpu",
  } as const;
  const story = new JobStory({
    number: 278,
    hyperparameters: tutorialHyperparameters,
    settings,
    firstParent: 660,
    parents: 25,
  });
  const rows = tutorialRows("list-runs-job278.txt");
  const worse = rows[0]?.values ?? {};
  story.endedWithout(story.started("run661.1", [0, 0, 0, 0, 0, 0, 0, 0]), "run661.1", "failed", "it was told to");
  for (let i = 1; i <= 8; i += 1) tellTutorialRun(story, `run661.${i + 1}`, { ...worse, hpmax: 0.01 + i / 1000 });
  // The table rounds to three decimals; these extra digits give the order that it shows.
  const best = rows.map(({ run, values }, i) => ({ run, values: values ?? {}, unrounded: i * 4e-5 }));
  for (const { run, values, unrounded } of best.reverse()) tellTutorialRun(story, run, values, unrounded);
  story.started("run683.1", [1, 1, 1, 1, 1, 1, 1, 1]);
  return story;
}

/** The winner measured again: 20 runs on 5 nodes, finished. */
export function job289(): JobStory {
  const settings = {
    hpTuning: false,
    totalRuns: 20,
    computeNodes: 5,
    runsPerNode: 4,
    computeTarget: "azb-cpu",
  } as const;
  const story = new JobStory({
    number: 289,
    hyperparameters: tutorialHyperparameters,
    settings,
    firstParent: 887,
    parents: 5,
  });
  for (const { run, values } of tutorialRows("list-runs-job289.txt")) if (values) tellTutorialRun(story, run, values);
  story.over();
  return story;
}
