import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { componentDefaults, packageRoot } from "../../../../../shared/components/component-defaults.ts";
import { UnwritableSpec, withLauncher, withTunedValues } from "../../../../../shared/domain/evaluation/tuned-spec.ts";
import { yamlText } from "../../../../../shared/domain/evaluation/yaml-edits.ts";
import type { Configuration, Hyperparameter, Setting } from "../../../../../shared/domain/hyperparameter.ts";
import { ProblemList } from "../../../../../shared/domain/runspec/problems.ts";
import { readSpec } from "../../../../../shared/domain/runspec/spec-read.ts";
import { composeYaml } from "../../../../../shared/domain/runspec/yaml-tree.ts";
import { ordered, unordered } from "../../../../support/stories/search.ts";

/** A winner's settings in a spec's text. */
const top = "component: root/Root_Component\n";
const lr = ordered("lr", [0.001, 0.01, 0.1]);

function tuned(section: string, hyperparameters: readonly Hyperparameter[], configuration: Configuration): string {
  const written = withTunedValues(`${top}hyperparameters:\n${section}`, hyperparameters, configuration);
  return written.slice(`${top}hyperparameters:\n`.length);
}

test("a tuned value is written as in the list, and nothing else changes", () => {
  const before =
    "  # the rate\n  - name: &lr   # matters\n      ordered_tuning_values: [1.0e-3, 1.0e-2,  0.1]   # all\n      tuned_value:   0.1  # was best\n\n# end";
  const after = before.replace("tuned_value:   0.1  #", "tuned_value:   1.0e-3  #");
  assert.equal(tuned(before, [lr], [0]), after);
});

test("a tuned_value that is already right stays as written", () => {
  const before = "  - name: &lr\n      ordered_tuning_values: [0.001, 0.01, 0.1]\n      tuned_value: 1.0e-3\n";
  assert.equal(tuned(before, [lr], [0]), before);
});

const range = { from: 1e-5, to: 1e-2, scale: "log" } as const;
const rate: Hyperparameter = { ...ordered("lr", [1e-5, 1e-2, 2.3e-4]), dial: [0, 2, 1], range };

test("a range keeps its lines, however they are written, and only its tuned value changes", () => {
  for (const [before, after] of [
    [
      "  - name: &lr\n      range: {from: 1.0e-5, to: 1.0e-2, scale: log} # wide\n      tuned_value: 1.0e-2 # so far\n",
      "  - name: &lr\n      range: {from: 1.0e-5, to: 1.0e-2, scale: log} # wide\n      tuned_value: 0.00023 # so far\n",
    ],
    [
      "  - name: &lr\n    range:\n      from: <low>\n      to: 1.0e-2\n      scale: log # decades\n  - other",
      "  - name: &lr\n    range:\n      from: <low>\n      to: 1.0e-2\n      scale: log # decades\n    tuned_value: 0.00023\n  - other",
    ],
  ] as const)
    assert.equal(tuned(before, [rate], [2]), after);
});

test("a range widened during the search is written as it is now, if the tuned value needs it", () => {
  const before = "  - name: &lr\n      range: {from: 1.0e-4, to: 1.0e-2, scale: log}\n      tuned_value: 1.0e-2\n";
  assert.equal(
    tuned(before, [rate], [0]),
    "  - name: &lr\n      range: {from: 0.00001, to: 1.0e-2, scale: log}\n      tuned_value: 0.00001\n",
  );
  assert.equal(tuned(before, [rate], [2]), before.replace("tuned_value: 1.0e-2", "tuned_value: 0.00023"));
});

test("a list that became a range while the search ran gets the tuned value", () => {
  const before = "  - name: &lr\n      ordered_tuning_values: [1.0e-5, 1.0e-2]\n      tuned_value: 1.0e-2\n";
  assert.equal(
    tuned(before, [rate], [2]),
    "  - name: &lr\n      ordered_tuning_values: [1.0e-5, 0.00023, 1.0e-2]\n      tuned_value: 0.00023\n",
  );
});

const layouts: readonly (readonly [name: string, before: string, after: string])[] = [
  [
    "a missing tuned_value comes below the list",
    "  - name: &lr\n      ordered_tuning_values: [0.001, 0.01, 0.1] # three\n  - other\n",
    "  - name: &lr\n      ordered_tuning_values: [0.001, 0.01, 0.1] # three\n      tuned_value: 0.01\n  - other\n",
  ],
  [
    "a missing tuned_value comes below a list of several lines",
    "  - name: &lr\n      ordered_tuning_values: [\n        0.001, 0.01, # small\n        0.1,\n        ]\n",
    "  - name: &lr\n      ordered_tuning_values: [\n        0.001, 0.01, # small\n        0.1,\n        ]\n      tuned_value: 0.01\n",
  ],
  [
    "a missing tuned_value comes below a list of dashes, level with the name, at the end of the file",
    "  - name: &lr\n    ordered_tuning_values:\n      - 0.001\n      - 1.0e-2 # here\n      - 0.1",
    "  - name: &lr\n    ordered_tuning_values:\n      - 0.001\n      - 1.0e-2 # here\n      - 0.1\n    tuned_value: 1.0e-2",
  ],
  [
    "a missing tuned_value comes within the braces of its hyperparameter",
    "  - {name: &lr , ordered_tuning_values: [0.001, 0.01, 0.1]}\n",
    "  - {name: &lr , ordered_tuning_values: [0.001, 0.01, 0.1], tuned_value: 0.01}\n",
  ],
  [
    "an empty tuned_value is filled in",
    "  - name: &lr\n      ordered_tuning_values: [0.001, 0.01, 0.1]\n      tuned_value:   # to do\n",
    "  - name: &lr\n      ordered_tuning_values: [0.001, 0.01, 0.1]\n      tuned_value: 0.01   # to do\n",
  ],
  [
    "a missing tuned_value comes in a line that ends as on Windows",
    "  - name: &lr\r\n      ordered_tuning_values: [0.001, 0.01, 0.1]\r\n",
    "  - name: &lr\r\n      ordered_tuning_values: [0.001, 0.01, 0.1]\r\n      tuned_value: 0.01\r\n",
  ],
];

for (const [name, before, after] of layouts) test(name, () => assert.equal(tuned(before, [lr], [1]), after));

test("tuned texts keep their quotes and tags, so that they stay texts", () => {
  const core = unordered("core", ["0.1", "yes", 'a "b"', "null"]);
  const before = `  - name: &core\n      unordered_tuning_values: ["0.1", yes, 'a "b"', !!str null]\n      tuned_value: yes\n`;
  const written = [0, 1, 2, 3].map((position) => /tuned_value: (.*)\n/.exec(tuned(before, [core], [position]))?.[1]);
  assert.deepEqual(written, ['"0.1"', "yes", "'a \"b\"'", "!!str null"]);
});

test("a value added to a running search joins the list at its place on the dial", () => {
  const grown: Hyperparameter = { ...ordered("lr", [0.001, 0.01, 0.1, 0.03]), dial: [0, 1, 3, 2] };
  const flow = "  - name: &lr\n      ordered_tuning_values: [0.001, 0.01, 0.1]\n      tuned_value: 0.1\n";
  assert.equal(
    tuned(flow, [grown], [3]),
    "  - name: &lr\n      ordered_tuning_values: [0.001, 0.01, 0.03, 0.1]\n      tuned_value: 0.03\n",
  );
  const first: Hyperparameter = { ...ordered("lr", [0.001, 0.01, 0.1, 0.0001]), dial: [3, 0, 1, 2] };
  const block =
    "  - name: &lr\n      ordered_tuning_values:\n      - 0.001\n      - 0.01\n      - 0.1\n      tuned_value: 0.1\n";
  assert.equal(
    tuned(block, [first], [3]),
    "  - name: &lr\n      ordered_tuning_values:\n      - 0.0001\n      - 0.001\n      - 0.01\n      - 0.1\n      tuned_value: 0.0001\n",
  );
});

test("a tuned value that cannot be written is an error that says why", () => {
  assert.throws(() => tuned("  - name: &other\n      ordered_tuning_values: [1]\n", [lr], [0]), UnwritableSpec);
  const folded = "  - name: &lr\n      ordered_tuning_values: [0.001]\n      tuned_value: >\n        0.1\n";
  assert.throws(() => tuned(folded, [lr], [0]), /cannot be replaced/);
  assert.throws(() => withTunedValues("a: [", [lr], [0]), /not valid YAML/);
  assert.throws(() => withLauncher(top, { total_runs: 20 }), /no job_launcher/);
});

test("properties of the job launcher are replaced, and missing ones added below the first", () => {
  const before = `${top}job_launcher:\n  component: job_launchers/XT # ours\n  total_runs: <runs>   # many\n  hp_tuning: dgd\n`;
  assert.equal(
    withLauncher(before, { total_runs: 20, hp_tuning: false, confirms: "job278" }),
    `${top}job_launcher:\n  component: job_launchers/XT # ours\n  confirms: job278\n  total_runs: 20   # many\n  hp_tuning: false\n`,
  );
  const braces = `${top}job_launcher: {component: job_launchers/XT, total_runs: 5}\n`;
  assert.equal(
    withLauncher(braces, { total_runs: 20, confirms: "job278" }),
    `${top}job_launcher: {component: job_launchers/XT, confirms: job278, total_runs: 20}\n`,
  );
});

test("any setting written as YAML is read back as itself", () => {
  const value: fc.Arbitrary<Setting> = fc.oneof(
    fc.double({ noNaN: true }),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.string(),
    fc.constantFrom("null", "~", "1e3", "0x1f", "yes", "true", "a: b", "- a", "#", "", " a", "job278", ".inf"),
  );
  fc.assert(
    fc.property(value, (setting) => {
      const { root } = composeYaml("test", `a: ${yamlText(setting)}\n`, new ProblemList());
      const node = root?.kind === "map" ? root.byKey.get("a")?.value : undefined;
      assert.equal(node?.kind, "scalar");
      // -0 and 0 are the same setting.
      assert.ok(
        node?.kind === "scalar" && (node.value === setting || Number(node.value) === setting),
        yamlText(setting),
      );
    }),
  );
});

test("any configuration fits every shipped search: only tuned values change, and the spec stays valid", () => {
  const folder = join(packageRoot(), "specs");
  let searches = 0;
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".yaml"))) {
    const text = readFileSync(join(folder, file), "utf8");
    const reading = readSpec({ file, text, defaults: componentDefaults() });
    assert.ok(reading.ok, file);
    const { hyperparameters } = reading.spec;
    if (hyperparameters.length === 0) continue;
    searches += 1;
    const configurations = fc.tuple(...hyperparameters.map(({ values }) => fc.nat(values.length - 1)));
    fc.assert(
      fc.property(configurations, (configuration) => {
        const written = withTunedValues(text, hyperparameters, configuration);
        const again = readSpec({ file, text: written, defaults: componentDefaults() });
        assert.ok(again.ok);
        assert.deepEqual(
          again.spec.hyperparameters,
          hyperparameters.map((each, i) => ({ ...each, tuned: each.values[configuration[i] ?? -1] })),
        );
        const blank = (all: string): string => all.replace(/(tuned_value:).*/g, "$1");
        assert.equal(blank(written), blank(text));
      }),
      { numRuns: 20 },
    );
  }
  assert.ok(searches >= 3);
});
