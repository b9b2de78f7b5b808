import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import fc from "fast-check";
import { parquetReadObjects } from "hyparquet";
import { earlierRuns, importRuns } from "../../../../../coordinator/cli/transfer/import-runs.ts";
import { optunaJournal } from "../../../../../coordinator/cli/transfer/optuna-journal.ts";
import { listingParquet } from "../../../../../coordinator/cli/transfer/parquet.ts";
import { parseTable } from "../../../../../coordinator/cli/transfer/read-table.ts";
import { carryOut } from "../../../../../coordinator/leader/orders/orders.ts";
import type { Session } from "../../../../../coordinator/operator/session.ts";
import { exportLines } from "../../../../../coordinator/runs/listing-file.ts";
import { listing } from "../../../../../coordinator/runs/run-listing.ts";
import { componentDefaults } from "../../../../../shared/components/component-defaults.ts";
import { leaderOf } from "../../../../../shared/domain/evaluation/lead.ts";
import type { ImportedRun } from "../../../../../shared/domain/fold/events.ts";
import { jobName } from "../../../../../shared/domain/names.ts";
import { readSpec, usedComponents } from "../../../../../shared/domain/runspec/spec-read.ts";
import { createSearch } from "../../../../../shared/domain/search/searches.ts";
import { choiceRng } from "../../../../../shared/domain/seeds.ts";
import { UsageError } from "../../../../../shared/errors.ts";
import { BadMessage } from "../../../../../shared/wire/check.ts";
import { decodeOrder, encodeOrder, type Order } from "../../../../../shared/wire/messages.ts";
import { temporaryFolder } from "../../../../support/cleanup.ts";
import { JobStory, stateOf } from "../../../../support/stories/job-story.ts";
import { TestReign } from "../../../../support/stories/reign.ts";
import { ordered, unordered, viewOf } from "../../../../support/stories/search.ts";
import { job278 } from "../../../../support/stories/tutorial-jobs.ts";

const dials = [ordered("lr", [0.1, 0.01, 1e-5]), unordered("core", ["GRU", "=MLP", true, null])];

function story(imported: JobStory["imported"] = []): JobStory {
  const told = new JobStory({ number: 1, hyperparameters: dials, imported });
  told.completed(told.started("run1.1", [0, 0]), "run1.1", 0.1 + 0.2, 10, { "s1-hrs": 0.5, "s1-rew": 3 });
  told.endedWithout(told.started("run1.2", [1, 1]), "run1.2", "timed out", "too slow");
  told.completed(told.started("run1.3", [2, 1]), "run1.3", -1, 10, { "s1-hrs": 0.25, "s1-rew": 1 });
  told.started("run1.4", [1, 2]);
  return told;
}

const exported = (of: JobStory, format: "csv" | "tsv" | "jsonl"): string =>
  [...exportLines(listing({ runs: [of.job], child: true }, stateOf(of), "ws1"), format)].join("");

describe("exported tables of runs", () => {
  test("an exported table can be imported again, from each format, with the same settings and every digit", () => {
    for (const format of ["csv", "tsv", "jsonl"] as const) {
      const { runs, withoutResult } = earlierRuns(`runs.${format}`, exported(story(), format), dials);
      assert.deepEqual(runs, [
        ["run1.1", 0.1 + 0.2, [0, 0]],
        ["run1.3", -1, [2, 1]],
      ]);
      assert.equal(withoutResult, 2);
    }
  });

  test("an exported table keeps a hyperparameter apart that has the name of a run's own column", () => {
    const named = ["seed", "reason", "status"].map((name) => ordered(name, [7, 8]));
    const told = new JobStory({ number: 1, hyperparameters: named });
    told.completed(told.started("run1.1", [1, 0, 1]), "run1.1", 0.5);
    const found = listing(
      { runs: [told.job], child: true, isStored: true, addColumns: "seed,reason" },
      stateOf(told),
      "ws1",
    );
    const headers = found.columns.map(({ header }) => header);
    assert.deepEqual(headers, [
      ...["workspace", "job", "target", "run", "status", "iters", "hpmax"],
      ...["hparams.seed", "hparams.reason", "hparams.status", "seed", "reason"],
    ]);
    for (const format of ["csv", "tsv", "jsonl"] as const) {
      const { runs } = earlierRuns(`runs.${format}`, [...exportLines(found, format)].join(""), named);
      assert.deepEqual(runs, [["run1.1", 0.5, [1, 0, 1]]], format);
    }
  });

  test("an exported table of the tutorial's search is read back completely", () => {
    const told = job278();
    const table = stateOf(told).jobs.get(told.job);
    const { runs } = earlierRuns("job278.csv", exported(told, "csv"), table?.submitted.hyperparameters ?? []);
    const completed = [...(table?.trials ?? [])].filter(({ status }) => status === "completed");
    const order = (a: readonly unknown[], b: readonly unknown[]): number => (String(a[0]) < String(b[0]) ? -1 : 1);
    assert.deepEqual(
      [...runs].sort(order),
      completed.map(({ run, hpmax, configuration }) => [run, hpmax, configuration]).sort(order),
    );
  });

  test("a table of runs that does not fit the spec is refused with its lines, all problems at once", () => {
    const refuses = (text: string, message: RegExp, file = "runs.csv"): void =>
      assert.throws(() => earlierRuns(file, text, dials), { name: UsageError.name, message });
    refuses("run,hpmax,lr\nrun1.1,1,0.1\n", /there is no column core\n.*there are: run, hpmax, lr/);
    refuses("hpmx,lr,core\n1,0.1,GRU\n", /there is no column hpmax; did you mean hpmx\?/);
    refuses(
      "hpmax,lr,core\n1,0.5,GRU\nhigh,0.1,GRU\n2,0.1,LSTM\n",
      /runs\.csv:2: lr is "0\.5"; expected one of 0\.1, 0\.01, 0\.00001|runs\.csv:2: lr is "0\.5".*\nruns\.csv:3: hpmax is "high".*\nruns\.csv:4: core is "LSTM".*\n3 problems; nothing was submitted/s,
    );
    refuses("hpmax,lr,core\n,0.1,GRU\n", /it has 1 row, and no value of hpmax in any/);
    refuses("hpmax,lr,core\n ,0.1,GRU\n", /runs\.csv:2: hpmax is " "; expected a number/);
    for (const is of [true, false])
      refuses(
        `{"hpmax": ${is}, "lr": 0.1, "core": "GRU"}\n`,
        /:1: hpmax is (true|false); expected a number/,
        "a.jsonl",
      );
    refuses("", /it has no runs/);
    refuses('hpmax,lr,core\n"1,0.1,GRU\n', /runs\.csv:2: a quotation mark is never closed/);
    refuses("hpmax,lr,core\n1,0.1,GRU,5\n", /runs\.csv:2: 4 fields, but the header has 3/);
    refuses('{"hpmax": 1\n', /runs\.jsonl:1: not JSON/, "runs.jsonl");
    refuses("[1]\n", /runs\.jsonl:1: expected an object/, "runs.jsonl");
  });

  test("a table of runs may write its numbers in other ways", () => {
    const { runs } = earlierRuns("a.csv", "\ufeffhpmax,core,lr\r\n5e-1,GRU,1.0e-05\r\n", dials);
    assert.deepEqual(runs, [["line2", 0.5, [2, 0]]]);
  });

  test("a table of runs may write true and false as pandas does", () => {
    const flag = [unordered("amp", [true, false, "True"])];
    const { runs } = earlierRuns("a.csv", "hpmax,amp\n1,False\n2,TRUE\n3,True\n", flag);
    assert.deepEqual(
      runs.map(([, , configuration]) => configuration),
      [[1], [0], [2]],
    );
  });

  test("a table with any text in its fields is read as it was written", () => {
    const field = fc.string({ unit: fc.constantFrom("a", '"', ",", "\n", "\r\n", " ", "'", "é") });
    fc.assert(
      fc.property(fc.array(fc.tuple(field, field), { minLength: 1 }), (rows) => {
        const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
        const text = `x,y\n${rows.map((row) => `${row.map(quoted).join(",")}\n`).join("")}`;
        const wanted = rows.filter(([x, y]) => x !== "" || y !== "");
        const read = parseTable("t.csv", text, ".csv").map(({ values }) => [values.get("x"), values.get("y")]);
        assert.deepEqual(read, wanted);
      }),
    );
  });
});

describe("imported runs", () => {
  const imported = [
    ["run9.1", 5, [1, 0]],
    ["run9.2", 3, [1, 0]],
  ] as const;

  test("imported runs count for the search and its standings, not towards total_runs", () => {
    const told = story(imported);
    const state = stateOf(told);
    const table = state.jobs.get(told.job);
    assert.ok(table);
    assert.equal(table.ended, 3);
    assert.equal(table.outcomes.completed, 2);
    const best = leaderOf(table)?.runSet;
    assert.deepEqual([best?.completed, best?.mean, best?.bestRun], [2, 4, "imported:run9.1"]);
    assert.equal(table.runSets.totals.completed, 4);
  });

  test("imported runs draw the first choice of a search by the published rule to their best", () => {
    const table = stateOf(new JobStory({ number: 1, hyperparameters: dials, imported })).jobs.get(jobName(1));
    assert.ok(table);
    const search = createSearch("dgd", { dgd: { rule: "paper", countInFlight: true } });
    for (let n = 1; n <= 50; n += 1) {
      const choice = search.choose(viewOf(dials, table.runSets), n, choiceRng(1, n));
      const steps = [1, 0].filter((position, i) => choice?.configuration[i] !== position).length;
      assert.ok(steps <= 1, `choice ${n} is ${steps} steps from the best imported configuration`);
    }
  });

  const text = `component: root/Root_Component
job_launcher: {component: job_launchers/XT, enabled: 1, hp_tuning: random}
hyperparameters:
  - name: &a
      ordered_tuning_values: [1, 2]
      tuned_value: 1
processing_stages:
  - processing_stage: {component: processors/Probe_Proc, value: *a}
`;

  test("nexus import names every search that can count earlier runs, if its spec has none", async () => {
    const spec = join(temporaryFolder(), "spec.yaml");
    writeFileSync(spec, text.replace("hp_tuning: random", "hp_tuning: false"));
    const session = { output: { note: () => undefined } } as unknown as Session; // it reads the spec first
    await assert.rejects(importRuns(session, "runs.csv", { spec }), {
      name: UsageError.name,
      message: `${spec}: only a search can count earlier runs; expected job_launcher with enabled: 1 and hp_tuning: one of random, grid, dgd, bayesian, own`,
    });
  });

  test("imported runs are journalled with their job in one record, if its spec has their settings", async () => {
    const read = readSpec({ file: "spec.yaml", text, defaults: componentDefaults() });
    assert.ok(read.ok);
    const submit = async (op: string, runs: readonly ImportedRun[], spec = text) => {
      const reign = new TestReign();
      const sources = usedComponents(read.spec);
      const sent = encodeOrder({
        kind: "run",
        op,
        file: "spec.yaml",
        text: spec,
        sources,
        commandLine: {},
        imported: runs,
      });
      const answer = await carryOut(reign.reign, "ann", decodeOrder(sent), () => 1);
      return { answer, events: reign.events.filter(({ type }) => type === "job") };
    };
    const good = await submit("op-1", [["run9.1", 0.5, [1]]]);
    assert.ok(good.answer?.ok);
    assert.deepEqual(
      good.events.map((event) => event.type === "job" && event.imported),
      [[["run9.1", 0.5, [1]]]],
    );
    const many = Array.from({ length: 15_000 }, (_, i): ImportedRun => [`run900719925474${i}.1`, 1 / (i + 3), [1]]);
    const values = Array.from({ length: 9000 }, (_, i) => `a-long-value-with-the-number-${i}`).join(", ");
    const large = await submit("op-3", many, text.replace("1, 2]", `1, 2, ${values}]`));
    assert.equal(large.answer?.ok, false);
    assert.match(
      large.answer?.reason ?? "",
      /^spec\.yaml: it takes 1\.\d MB in the journal, where a record takes at most 1 MB\n {2}import fewer runs/,
    );
    assert.deepEqual(large.events, []);
    for (const configuration of [[2], [], [0, 0]]) {
      const bad = await submit("op-2", [["run9.1", 0.5, configuration]]);
      assert.equal(bad.answer?.ok, false);
      assert.match(bad.answer?.reason ?? "", /the imported run run9\.1 has settings that this spec does not have/);
      assert.deepEqual(bad.events, []);
    }
  });

  test("malformed imported runs are refused on arrival", () => {
    const order = (runs: unknown) => ({
      kind: "run",
      op: "op",
      file: "",
      text: "",
      sources: {},
      commandLine: {},
      imported: runs,
    });
    for (const wrong of [[["a", Number.NaN, [0]]], [["a", 1]], [["a", 1, [-1]]], [["a".repeat(61), 1, [0]]], "many"]) {
      assert.throws(
        () => decodeOrder(encodeOrder(order(wrong) as unknown as Order)),
        BadMessage,
        JSON.stringify(wrong),
      );
    }
  });

  test("imported runs are listed and filtered as imported", () => {
    const state = stateOf(story(imported));
    const { rows, columns } = listing({ runs: ["job1"], sort: "hpmax", columns: "run,status" }, state, "ws1");
    const shown = rows.map((row) => columns.map(({ column }) => column.value(row)).join(" "));
    assert.equal(shown[3], "imported:run9.1 imported");
    assert.equal(listing({ runs: [], status: "imported", all: true }, state, "ws1").rows.length, 2);
  });
});

test("a Parquet file has typed numbers, exact integers, and nulls for missing values", async () => {
  const found = listing({ runs: ["run1.*"], columns: "run,iters,s1-rew,hpmax,lr,core,seed" }, stateOf(story()), "ws1");
  const bytes = listingParquet(found);
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  const rows = await parquetReadObjects({ file });
  assert.deepEqual(rows[0], {
    run: "run1.1",
    iters: 10n,
    "s1-rew": 3,
    hpmax: 0.1 + 0.2,
    lr: 0.1,
    core: "GRU",
    seed: 1n,
  });
  assert.equal(rows.length, 4);
  assert.deepEqual([rows[1]?.["hpmax"] ?? null, rows[1]?.["iters"] ?? null, rows[1]?.["core"]], [null, null, "=MLP"]);
  assert.equal(rows[3]?.["core"], "true");
});

test("text that an export disarmed is restored; a table in a format that cannot be read is refused", () => {
  const odd = [ordered("-lr", [0.1, 0.2])];
  const told = new JobStory({ number: 1, hyperparameters: odd });
  told.completed(told.started("run1.1", [1]), "run1.1", 0.5, 10);
  assert.match(exported(told, "csv"), /,'-lr\n/);
  assert.deepEqual(earlierRuns("runs.csv", exported(told, "csv"), odd).runs, [["run1.1", 0.5, [1]]]);
  assert.deepEqual(earlierRuns("runs.TXT", exported(told, "tsv"), odd).runs, [["run1.1", 0.5, [1]]]);
  assert.deepEqual(earlierRuns("runs.json", exported(told, "jsonl"), odd).runs, [["run1.1", 0.5, [1]]]);
  assert.throws(() => earlierRuns("runs.parquet", "PAR1", odd), {
    name: UsageError.name,
    message: /^runs\.parquet: expected a table of runs that ends in \.csv, \.tsv or \.jsonl/,
  });
});

test("a blank metric in a table of runs is no 0 that suits the spec", () => {
  const require = ["lat < 5"];
  assert.throws(
    () => earlierRuns("a.csv", "hpmax,lr,core,s1-lat\n1,0.1,GRU, \n", dials, { where: [], require }),
    /none of its runs keeps to where and require of the spec/,
  );
});

test("text with quotation marks, at its beginning too, comes back from an exported table", () => {
  const texts = ['"a" b', '"', 'a "b"', '""', '"a, b"'];
  const quoted = [unordered("x", texts), unordered('"y"', ["z"])];
  const told = new JobStory({ number: 1, hyperparameters: quoted });
  for (const [i] of texts.entries()) told.completed(told.started(`run1.${i + 1}`, [i, 0]), `run1.${i + 1}`, i, 10);
  for (const format of ["csv", "tsv"] as const) {
    const { runs } = earlierRuns(`runs.${format}`, exported(told, format), quoted);
    assert.deepEqual(
      runs.map(([, , [position]]) => position),
      [0, 1, 2, 3, 4],
      format,
    );
  }
});

test("a job without runs can be exported as Parquet", async () => {
  const bytes = listingParquet(listing({ runs: [], all: true }, stateOf(new JobStory({ number: 1 })), "ws1"));
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  assert.deepEqual(await parquetReadObjects({ file }), []);
});

test("optuna's journal is written as optuna 4.1 replays it", () => {
  const told = story([["old", 2, [0, 2]]]);
  const table = stateOf(told).jobs.get(told.job);
  assert.ok(table);
  const lines = [...optunaJournal(table, "ws1")].map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual(lines[0], { op_code: 0, worker_id: "nexus", study_name: "job1", directions: [2] });
  const attributes = lines.filter(({ op_code: code }) => code === 2);
  assert.ok(attributes.every(({ user_attr: attribute }) => Object.keys(attribute as object).length === 1));
  assert.ok(
    attributes.some(
      ({ user_attr: attribute }) => (attribute as object as { "nexus:metric"?: string })["nexus:metric"] === "hpmax",
    ),
  );
  const trials = lines.filter(({ op_code: code }) => code === 4);
  assert.deepEqual(
    trials.map(({ state }) => state),
    [1, 1, 3, 1, 0],
  );
  assert.deepEqual(trials[1], {
    op_code: 4,
    worker_id: "nexus",
    study_id: 0,
    state: 1,
    value: 0.1 + 0.2,
    values: null,
    datetime_start: "2026-11-24T08:00:01.000000",
    datetime_complete: "2026-11-24T08:00:02.000000",
    distributions: {
      lr: '{"name":"CategoricalDistribution","attributes":{"choices":[0.1,0.01,0.00001]}}',
      core: '{"name":"CategoricalDistribution","attributes":{"choices":["GRU","=MLP",true,null]}}',
    },
    params: { lr: 0, core: 0 },
    user_attrs: {
      run: "run1.1",
      status: "completed",
      iters: 10,
      seed: 1,
      worker: "node-1",
      "s1-hrs": 0.5,
      "s1-rew": 3,
    },
    system_attrs: {},
    intermediate_values: {},
  });
  assert.equal(trials[4]?.["datetime_complete"], undefined);
});

test("optuna's journal says which trials break what the job requires", () => {
  const settings = { require: ["gb <= 8"] };
  const told = new JobStory({ number: 1, hyperparameters: dials, settings, imported: [["old", 2, [0, 2]]] });
  told.completed(told.started("run1.1", [0, 0]), "run1.1", 0.9, 10, { "s1-gb": 9 });
  told.completed(told.started("run1.2", [1, 0]), "run1.2", 0.5, 10, { "s1-gb": 4 });
  told.endedWithout(told.started("run1.3", [2, 0]), "run1.3", "failed", "it broke");
  const table = stateOf(told).jobs.get(told.job);
  assert.ok(table);
  const lines = [...optunaJournal(table, "ws1")].map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual(
    lines.filter(({ op_code: code }) => code === 4).map(({ state, system_attrs: attributes }) => [state, attributes]),
    [
      [1, { constraints: [0] }],
      [1, { constraints: [1] }],
      [1, { constraints: [0] }],
      [3, {}],
    ],
  );
});
