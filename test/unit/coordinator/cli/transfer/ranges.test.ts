import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { earlierRuns } from "../../../../../coordinator/cli/transfer/import-runs.ts";
import { optunaJournal } from "../../../../../coordinator/cli/transfer/optuna-journal.ts";
import { carryOut } from "../../../../../coordinator/leader/orders/orders.ts";
import { exportLines } from "../../../../../coordinator/runs/listing-file.ts";
import { listing } from "../../../../../coordinator/runs/run-listing.ts";
import { componentDefaults } from "../../../../../shared/components/component-defaults.ts";
import { withMarks } from "../../../../../shared/domain/fold/grown-dials.ts";
import { settingsOf } from "../../../../../shared/domain/hyperparameter.ts";
import type { Marks } from "../../../../../shared/domain/ranges/finer-marks.ts";
import { readSpec, usedComponents } from "../../../../../shared/domain/runspec/spec-read.ts";
import { UsageError } from "../../../../../shared/errors.ts";
import { decodeOrder, encodeOrder } from "../../../../../shared/wire/messages.ts";
import { JobStory, stateOf } from "../../../../support/stories/job-story.ts";
import { TestReign } from "../../../../support/stories/reign.ts";
import { ordered, ranged } from "../../../../support/stories/search.ts";

const lr = ranged("lr", { from: 1e-4, to: 1, scale: "log" });
const units = ranged("units", { from: 1, to: 64, scale: "log_integer" });
const clip = ranged("clip", { from: 1, to: 100, scale: "log", zero: true });

/** A search whose first range got a mark. */
function story(): JobStory {
  const hyperparameters = [withMarks(lr, [0.0023], 0), units, clip];
  const told = new JobStory({ number: 1, hyperparameters });
  told.completed(told.started("run1.1", [lr.values.length, 1, 0]), "run1.1", 0.5, 10, {});
  return told;
}

const header = "run,status,hpmax,lr,units,clip";
const table = (...rows: string[]): string => [header, ...rows].join("\n");

describe("runs of an earlier search over ranges", () => {
  test("imported runs keep their settings in a range: their values become marks of the new search", () => {
    const told = story();
    const csv = [...exportLines(listing({ runs: [told.job], child: true }, stateOf(told), "ws1"), "csv")].join("");
    const { runs, marks } = earlierRuns("runs.csv", csv, [lr, units, clip]);
    assert.deepEqual(marks, { lr: [0.0023] });
    const [[, , configuration = []] = []] = runs;
    assert.deepEqual(settingsOf([withMarks(lr, [0.0023], 0), units, clip], configuration), [0.0023, 2, 0]);
  });

  test("imported values beyond a range's marks count at the nearest, and those outside it are refused", () => {
    const rows = Array.from({ length: 1000 }, (_, i) => `run1.${i},completed,1,${(i + 1) / 1001},1,1`);
    const { runs, marks } = earlierRuns("runs.csv", table(...rows), [lr, units, clip]);
    const whole = withMarks(lr, marks["lr"] ?? [], 0);
    assert.equal(whole.values.length, 200);
    for (const [i, [, , configuration]] of runs.entries()) {
      const value = Number(whole.values[configuration[0] ?? -1]);
      assert.ok(Math.abs(Math.log(value) - Math.log((i + 1) / 1001)) < 0.8, `${value} for ${(i + 1) / 1001}`);
    }
    assert.throws(
      () => earlierRuns("runs.csv", table("run1.1,completed,1,2,1.5,0.5"), [lr, units, clip]),
      (error) =>
        error instanceof UsageError &&
        /lr is "2"; expected a number of its range 0.0001..1:log/.test(error.message) &&
        /units is "1.5"; expected a number of its range/.test(error.message) &&
        /clip is "0.5"; expected a number of its range 1..100:log,zero/.test(error.message),
    );
  });

  test("imported runs come to the coordinator with the marks of their ranges, which it checks", async () => {
    const text = `component: root/Root_Component
job_launcher: {component: job_launchers/XT, enabled: 1, hp_tuning: random}
hyperparameters:
  - name: &a
      range: {from: 1, to: 8}
      tuned_value: 1
processing_stages:
  - processing_stage: {component: processors/Probe_Proc, value: *a}
`;
    const read = readSpec({ file: "spec.yaml", text, defaults: componentDefaults() });
    assert.ok(read.ok);
    const sources = usedComponents(read.spec);
    const submit = async (marks: Marks) => {
      const reign = new TestReign();
      const order = { kind: "run", op: "op", file: "spec.yaml", text, sources, commandLine: {}, marks } as const;
      const sent = encodeOrder({ ...order, imported: [["run9.1", 0.5, [8]]] });
      const { ok, reason } = await carryOut(reign.reign, "ann", decodeOrder(sent), () => 1);
      return { said: ok ? "ok" : reason, dial: [...reign.reign.state.jobs.values()][0]?.submitted.hyperparameters[0] };
    };
    const { said, dial } = await submit({ a: [2.5] });
    assert.equal(said, "ok");
    assert.deepEqual([dial?.values.at(-1), dial?.dial], [2.5, [0, 1, 8, 2, 3, 4, 5, 6, 7]]);
    for (const marks of [{ a: [9] }, { a: [2] }, { a: [2.5, 2.5] }, { b: [1] }] as const) {
      assert.match(
        (await submit(marks)).said,
        /^spec.yaml: it adds values that do not belong to a range, or repeat one/,
      );
    }
    assert.match((await submit({})).said, /settings that this spec does not have/);
  });
});

test("optuna reads a range as one, with the values themselves, and 0 on a log scale as one of several", () => {
  const told = story();
  const state = stateOf(told);
  const job = state.jobs.get(told.job);
  assert.ok(job);
  const lines = [...optunaJournal(job, "ws1")].map((line) => JSON.parse(line) as Record<string, unknown>);
  const trial = lines.at(-1) as { distributions: Record<string, string>; params: Record<string, number> };
  assert.deepEqual(JSON.parse(trial.distributions["lr"] ?? ""), {
    name: "FloatDistribution",
    attributes: { log: true, step: null, low: 1e-4, high: 1 },
  });
  assert.deepEqual(JSON.parse(trial.distributions["units"] ?? ""), {
    name: "IntDistribution",
    attributes: { log: true, step: 1, low: 1, high: 64 },
  });
  assert.match(
    trial.distributions["clip"] ?? "",
    /^\{"name":"CategoricalDistribution","attributes":\{"choices":\[0,1,/,
  );
  assert.deepEqual(trial.params, { lr: 0.0023, units: 2, clip: 0 });
  assert.equal(ordered("lr", [1]).range, undefined);
});
