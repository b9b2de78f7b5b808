import assert from "node:assert/strict";
import { test } from "node:test";
import { withTunedValues } from "../../../../../shared/domain/evaluation/tuned-spec.ts";
import { expandSpec, readSpec, reproSpec } from "../../../../../shared/domain/runspec/spec-read.ts";
import {
  agentPath,
  at,
  hyperparameter,
  read,
  specText,
  testDefaults,
} from "../../../../support/stories/spec-defaults.ts";

const text = specText(
  [
    "hyperparameters:",
    ...hyperparameter("layers", "[0, 1, 2]", "1"),
    ...hyperparameter("dropout", "[0.1, 0.2]", "0.2"),
    '      only_when: ["*layers > 0", "*layers < 2"]',
    "job_launcher:",
    "  component: job_launchers/XT",
    '  where: "*layers + *dropout < 2.5"',
  ],
  ["notes: [*layers, *dropout]", "random_seed: 5"],
);

test("an inactive hyperparameter of a run has its tuned value, and repro_spec.yaml keeps the conditions", () => {
  const { spec } = read(text);
  assert.deepEqual(spec.hyperparameters[1]?.onlyWhen, ["*layers > 0", "*layers < 2"]);
  const chosen = { layers: 0, dropout: 0.2 };
  const tree = expandSpec(spec, chosen, () => 7);
  assert.deepEqual(at(tree, ...agentPath, "notes"), [0, 0.2]);
  const repro = reproSpec(tree, spec.hyperparameters, chosen);
  assert.match(repro, /tuned_value: 0\.2\n {6}only_when: \["\*layers > 0", "\*layers < 2"\]\n/);
  const again = readSpec({ file: "repro_spec.yaml", text: repro, defaults: testDefaults() });
  assert.ok(again.ok, JSON.stringify(again));
  assert.deepEqual(
    again.warnings.filter(({ message }) => message.includes("active")),
    [],
  );
  assert.deepEqual(
    at(
      expandSpec(again.spec, undefined, () => 7),
      ...agentPath,
      "notes",
    ),
    [0, 0.2],
  );
});

test("the best written into the spec leaves its conditions, and an inactive one at its tuned value", () => {
  const { spec } = read(text);
  assert.equal(
    withTunedValues(text, spec.hyperparameters, [0, 1]),
    text.replace("tuned_value: 1\n", "tuned_value: 0\n"),
  );
});
