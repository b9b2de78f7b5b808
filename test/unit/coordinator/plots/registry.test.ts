import assert from "node:assert/strict";
import { test } from "node:test";
import { axisOver, type Figure, onePanel } from "../../../../coordinator/plots/figure.ts";
import { plotKind } from "../../../../coordinator/plots/kind.ts";
import { count } from "../../../../coordinator/plots/option.ts";
import { commonOptions, filterOptions } from "../../../../coordinator/plots/options.ts";
import { lookOf } from "../../../../coordinator/plots/palette.ts";
import { examplesHelp, operandsHelp, optionsOf, plotKinds } from "../../../../coordinator/plots/registry.ts";
import { readRequest } from "../../../../coordinator/plots/request.ts";
import { NotFoundError, UsageError } from "../../../../shared/errors.ts";
import type { Bus } from "../../../../shared/ports.ts";
import { JobStory, stateOf } from "../../../support/stories/job-story.ts";

/** A kind that only this test has: how often runs improved on the best so far, per `every` runs. */
const records = plotKind({
  name: "records",
  examples: [["records job1", "how often a run was the best so far"]],
  options: { ...commonOptions, ...filterOptions, every: count("--every <n>", "runs between two dots") },
  most: { runs: 1, names: 0 },
  check: ({ every }) => {
    if (every !== undefined && every > 100) throw new UsageError(`--every=${every}: expected at most 100`);
  },
  reads: "completed runs",
  figure({ rows }, { every = 1, title }): Figure {
    const hpmax = rows.map(({ trial }) => trial.hpmax ?? Number.NaN);
    const counts = hpmax.map(
      (_, i) => hpmax.filter((each, j) => j <= i && hpmax.slice(0, j).every((x) => x < each)).length,
    );
    const ys = counts.filter((_, i) => (i + 1) % every === 0);
    const xs = ys.map((_, i) => (i + 1) * every);
    return onePanel({
      kind: "records",
      title: title ?? "records",
      x: axisOver("runs", xs),
      y: axisOver("records", ys),
      marks: [{ kind: "dots", look: lookOf(0), xs, ys }],
      data: () => ys.map((count, i) => ({ type: "record", runs: xs[i], count })),
    });
  },
});
const kinds = [...plotKinds, records];

const story = new JobStory({ number: 1 });
[0.1, 0.3, 0.2, 0.4].forEach((hpmax, i) => {
  const run = `run1.${i + 1}`;
  story.completed(story.started(run, []), run, hpmax);
});
/** Fails when used: a plot may read only the journal's state. */
const bus = new Proxy({} as Bus, {
  get: (_, name) => () => assert.fail(`${String(name)} of the bus`),
});
const source = { state: stateOf(story), workspace: "ws1", flags: "", bus };

test("nexus plot's help lists a newly registered kind, its examples and its options", () => {
  assert.match(operandsHelp(kinds), /^runs and metrics; or summary, .*, timeline or records and a job$/);
  assert.match(examplesHelp(kinds), /\n {2}nexus plot records job1 {33}how often a run was the best so far\n/);
  assert.deepEqual(optionsOf(kinds).at(-1), { flags: "--every <n>", form: "count", help: "runs between two dots" });
});

test("nexus plot's help lists each option once, with each kind's meaning", () => {
  const flags = optionsOf(plotKinds).map((option) => option.flags);
  assert.equal(new Set(flags).size, flags.length);
  const aggregate = optionsOf(plotKinds).find((option) => option.flags.startsWith("--aggregate"));
  assert.equal(aggregate?.help, "aggregate runs: mean, min, max, std, var, sem (none); heatmap: mean, max, min, std");
});

test("a newly registered kind of plot draws from the runs that it reads", async () => {
  const figure = await readRequest(["records", "job1"], {}, kinds).figure(source);
  assert.deepEqual(
    figure.data().map(({ runs, count }) => [runs, count]),
    [
      [1, 1],
      [2, 2],
      [3, 2],
      [4, 3],
    ],
  );
  const some = readRequest(["records", "job1"], { every: 2, filter: ["hpmax>0.15"], title: "T" }, kinds);
  const { title, data } = await some.figure(source);
  assert.deepEqual([title, data().length], ["T", 1]);
  await assert.rejects(readRequest(["records", "job2"], {}, kinds).figure(source), NotFoundError);
  const far = { ...source, flags: " --nats nats://far:4222" };
  const hint = { message: /nexus list jobs --nats nats:\/\/far:4222$/ };
  await assert.rejects(readRequest(["records", "job2"], {}, kinds).figure(far), hint);
});

test("a newly registered kind of plot refuses options and words that it does not take", () => {
  const wrong: [string[], Record<string, unknown>, RegExp][] = [
    [["records", "job1"], { bins: 3 }, /^nexus plot records takes no --bins\n {2}it takes: --title, .*, --every$/],
    [["records", "job1"], { every: 101 }, /^--every=101: expected at most 100$/],
    [["records", "job1", "hpmax"], {}, /^nexus plot records: hpmax is one word too many$/],
    [["records"], {}, /^which runs\? .*\n {2}for example: nexus plot records job1$/],
    [["recrods", "x"], {}, /did you mean nexus plot records\?/],
    [["job1", "hpmax"], { every: 3 }, /^nexus plot takes no --every\n/],
    [["summary", "job1"], { every: 3 }, /^nexus plot summary takes no --every\n/],
  ];
  for (const [words, typed, message] of wrong) {
    assert.throws(() => readRequest(words, typed, kinds), { name: UsageError.name, message }, words.join(" "));
  }
});
