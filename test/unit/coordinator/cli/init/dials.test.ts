import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { treatmentOf } from "../../../../../coordinator/cli/init/dials.ts";
import { findMetrics } from "../../../../../coordinator/cli/init/find-metrics.ts";
import type { FoundOption } from "../../../../../coordinator/cli/init/found-options.ts";
import { isSweep, readSweep } from "../../../../../coordinator/cli/init/sweep.ts";
import { plainYaml } from "../../../../../shared/domain/runspec/plain-yaml.ts";

const option = (name: string, more: Partial<FoundOption> = {}): FoundOption => ({
  name,
  type: "float",
  preset: null,
  choices: null,
  isList: false,
  isRequired: false,
  style: "value",
  help: "",
  ...more,
});

/** A treatment in a few words. */
function said(name: string, more: Partial<FoundOption> = {}): string {
  const found = treatmentOf(option(name, more));
  if (found.kind === "left") return `left: ${found.why}`;
  if (found.kind === "constant") return `always ${found.value}`;
  const { range, values = [], isOrdered, tuned } = found;
  if (range) return `${range.from}..${range.to} ${range.scale}${range.zero ? ",zero" : ""} at ${tuned}`;
  return `${isOrdered ? "" : "any of "}${values.join(" ")} at ${tuned}`;
}

const int = (preset: number | null): Partial<FoundOption> => ({ type: "int", preset });

describe("what becomes of an option", () => {
  for (const [name, more, expected] of [
    ["lr", { preset: 0.001 }, "0.00001..0.01 log at 0.001"],
    ["learning-rate", {}, "0.00001..0.01 log at 0.001"],
    ["optimizer.lr", { preset: 3e-4 }, "0.000001..0.01 log at 0.0003"],
    ["weight-decay", { preset: 0 }, "0.000001..0.1 log,zero at 0"],
    ["weight_decay", { preset: 0.01 }, "0.0001..0.1 log at 0.01"],
    ["dropout", { preset: 0.2 }, "0..0.5 linear at 0.2"],
    ["dropout", { preset: 0.6 }, "0..0.9 linear at 0.6"],
    ["dropout", { preset: 0.95 }, "0..0.95 linear at 0.95"],
    ["discount", { range: { from: 0.995, to: 0.9999, scale: "linear" } }, "0.995..0.9999 linear at 0.997"],
    ["clip", { range: { from: 1000, to: 1040, scale: "linear" } }, "1000..1040 linear at 1020"],
    ["rate", { range: { from: 0.00001, to: 0.1, scale: "log" } }, "0.00001..0.1 log at 0.001"],
    ["momentum", { preset: 0.9 }, "0 0.5 0.8 0.9 0.95 0.99 at 0.9"],
    ["gamma", { preset: 0.97 }, "0.8 0.9 0.95 0.97 0.98 0.99 0.999 at 0.97"],
    ["batch-size", int(64), "16 32 64 128 256 at 64"],
    ["batch_size", int(48), "16 32 48 64 128 256 at 48"],
    ["lora-rank", int(8), "2 4 8 16 32 at 8"],
    ["adapter.rank", int(4), "1 2 4 8 16 at 4"],
    ["drop-path-rate", { preset: 0.1 }, "0..0.5 linear at 0.1"],
    ["local-rank", int(1), "left: it does not change what is learned"],
    ["rank", int(2), "left: it does not change what is learned"],
    ["hidden-dim", int(null), "8 16 32 64 128 at 32"],
    ["num-layers", int(3), "1..6 integer at 3"],
    ["warmup", int(500), "125..2000 log_integer at 500"],
    ["temperature", { preset: 2 }, "0.1..100 log at 2"],
    ["seed", int(1), "always randint"],
    ["epochs", int(10), "left: it says how long a run takes"],
    ["num-workers", int(4), "left: it does not change what is learned"],
    ["no-cuda", { type: "bool", style: "flag", preset: false }, "left: it does not change what is learned"],
    ["nesterov", { type: "bool", style: "flag", preset: false }, "any of true false at false"],
    ["amp", { type: "boolText", preset: true }, "any of true false at true"],
    ["optimizer", { type: "str", choices: ["sgd", "adam"], preset: "adam" }, "any of sgd adam at adam"],
    ["width", { type: "int", choices: [64, 16], preset: 16 }, "16 64 at 16"],
    ["layers", { ...int(null), isList: true }, "left: it takes several values"],
    ["shift", { preset: 0 }, "left: its default says nothing of where to look"],
    ["scale", {}, "left: it has no default, so nothing says where to look"],
    ["author", { type: "str", preset: "me" }, "left: a text without choices"],
  ] as const) {
    test(`nexus init treats the option ${name} ${JSON.stringify(more)} as "${expected}"`, () =>
      assert.equal(said(name, more).replaceAll("1e-6", "0.000001").replaceAll("1e-5", "0.00001"), expected));
  }
});

const line = (...parts: ({ text: string } | { value: string })[]): { line: number; parts: typeof parts } => ({
  line: 1,
  parts,
});

describe("the metrics of a script", () => {
  test("metrics that a script itself reports go first, the most telling name before the others", () => {
    const found = findMetrics([], ["train_loss", "val_accuracy", "val/loss", "iters"]);
    assert.deepEqual(found, { names: ["val_accuracy", "train_loss"], goal: "maximize", pattern: null });
  });

  test("a line that a script prints becomes a metric pattern, which fits that line", () => {
    const found = findMetrics(
      [
        line({ text: "done in " }, { value: "t" }, { text: " s" }),
        line(
          { text: "[" },
          { value: "e" },
          { text: "/10] step " },
          { value: "s" },
          { text: " (loss: " },
          { value: "l" },
          { text: ")" },
        ),
      ],
      [],
    );
    assert.deepEqual([found.names, found.goal], [["loss"], "minimize"]);
    const fit = new RegExp(found.pattern ?? "").exec("[3/10] step 40 (loss: 1.5e-3)");
    assert.deepEqual({ ...fit?.groups }, { iters: "40", loss: "1.5e-3" });
  });

  test("nexus init makes up no metric where a script prints none", () => {
    assert.deepEqual(findMetrics([line({ text: "took " }, { value: "t" })], []).names, []);
  });
});

describe("a sweep of W&B", () => {
  const sweepOf = (parameters: string, metric = "1st/loss") => {
    const sweep = plainYaml(`method: random\nmetric: {name: ${metric}, goal: minimize}\nparameters:\n${parameters}`);
    assert.ok(isSweep(sweep));
    return readSweep(sweep);
  };

  test("a W&B sweep's distributions become ranges, and its exponents of e become numbers", () => {
    const { options, remarks, search } = sweepOf(
      "  a: {distribution: log_uniform, min: -9.21, max: 0}\n  b: {min: 0.5, max: 2}\n  c: {distribution: int_uniform, min: 1, max: 9}",
    );
    assert.deepEqual(
      options.map(({ range }) => range),
      [
        { from: 0.0001, to: 1, scale: "log" },
        { from: 0.5, to: 2, scale: "linear" },
        { from: 1, to: 9, scale: "integer" },
      ],
    );
    assert.equal(search?.method, "random");
    assert.match(remarks.join(), /its metric 1st\/loss cannot be one of ours/);
  });

  test("a W&B sweep's metric has the name that nexus_swarm reports it by, and the sweep's goal", () => {
    const { metrics, remarks } = sweepOf("  a: {value: 1}", "val/loss");
    assert.deepEqual([metrics.names, metrics.goal, remarks], [["val_loss"], "minimize", []]);
  });

  test("a W&B sweep's metric without a goal is minimised, as W&B does, and that is said", () => {
    const sweep = plainYaml("metric: {name: score}\nparameters: {a: {value: 1}}");
    assert.ok(isSweep(sweep));
    const { metrics, remarks } = readSweep(sweep);
    assert.equal(metrics.goal, "minimize");
    assert.deepEqual(remarks, ["its metric score has no goal, which W&B takes for minimize"]);
  });

  test("a W&B sweep's quantised distributions keep to the multiples of q, which is 1 unless it is given", () => {
    const { options, remarks } = sweepOf(
      [
        "a: {distribution: q_log_uniform_values, q: 8, min: 9.5, max: 40}",
        "b: {distribution: q_uniform, min: 9.5, max: 99.5}",
        "c: {distribution: q_log_uniform, min: 3.466, max: 6.931}",
        "d: {distribution: q_uniform, q: 0.05, min: 0.1, max: 0.3}",
        "e: {distribution: q_uniform, q: 2, min: 1, max: 1001}",
        "f: {distribution: q_uniform, q: 8, min: 1, max: 7}",
      ]
        .map((line) => `  ${line}\n`)
        .join(""),
    );
    assert.deepEqual(
      options.map(({ type, range, choices }) => [type, range ?? choices]),
      [
        ["int", [16, 24, 32, 40]],
        ["int", { from: 10, to: 99, scale: "integer" }],
        ["int", { from: 32, to: 1024, scale: "log_integer" }],
        ["float", [0.1, 0.15, 0.2, 0.25, 0.3]],
        ["int", { from: 2, to: 1000, scale: "integer" }],
      ],
    );
    assert.match(remarks.join("\n"), /^e may have any value .* multiples of 2 .*\nf was left out/);
  });

  test("what a W&B sweep lists is searched, whatever its name", () => {
    const [listed] = sweepOf("  dataset: {values: [small, large]}").options;
    assert.ok(listed);
    assert.equal(treatmentOf(listed).kind, "dial");
    assert.equal(treatmentOf({ ...listed, isSearched: false }).kind, "left");
  });

  test("what is not understood in a W&B sweep is said, not guessed", () => {
    const { options, remarks } = sweepOf(
      "  a: {distribution: beta, alpha: 1}\n  b: {min: 5, max: 1}\n  c: {values: [[1, 2]]}\n  d e: {value: 1}",
    );
    assert.deepEqual(options, []);
    assert.equal(remarks.filter((remark) => /was left out/.test(remark)).length, 4);
  });

  test("YAML of another kind is not taken for a W&B sweep", () => {
    for (const text of ["parameters: [1]", "- a", "lr: 0.1"]) assert.equal(isSweep(plainYaml(text)), false);
  });
});
