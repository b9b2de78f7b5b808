import assert from "node:assert/strict";
import { test } from "node:test";
import { withListedRanges } from "../../../../../shared/domain/evaluation/listed-ranges.ts";
import { carriedInput } from "../../../../../shared/domain/runspec/carried-spec.ts";
import { expandSpec, readSpec, withChosen } from "../../../../../shared/domain/runspec/spec-read.ts";
import { agentPath, at, specText, testDefaults } from "../../../../support/stories/spec-defaults.ts";

const defaults = testDefaults();
const sources = Object.fromEntries(defaults.names().map((name) => [name, defaults.text(name) ?? ""]));

function carried(lines: readonly string[], commandLine: Readonly<Record<string, string>> = {}) {
  const text = specText(lines, ["learning_rate: *lr"]);
  const spec = { file: "a.yaml", text, sources, commandLine };
  const read = readSpec(carriedInput(spec));
  assert.ok(read.ok, read.ok ? "" : read.problems.map(({ message }) => message).join());
  return { spec, hyperparameters: read.spec.hyperparameters };
}

const rangeLines: readonly (readonly [what: string, lines: readonly string[], commandLine?: Record<string, string>])[] =
  [
    [
      "in braces",
      ["  - name: &lr", "      range: {from: 1.0e-5, to: 1.0e-2, scale: log} # wide", "      tuned_value: 1.0e-3"],
    ],
    [
      "of several lines",
      ["  - name: &lr", "    range:", "      from: 1.0e-5", "      to: 1.0e-2", "    tuned_value: 1.0e-3"],
    ],
    [
      "with numbers from the command line",
      ["  - name: &lr", "      range: {from: <low>, to: 1.0e-2}", "      tuned_value: <best>"],
      { low: "1e-5", best: "1e-3" },
    ],
  ];

for (const [what, lines, commandLine] of rangeLines) {
  test(`a worker that knows no ranges reads a spec with a range ${what}, and runs any mark of it`, () => {
    const { spec, hyperparameters } = carried(["hyperparameters:", ...lines], commandLine);
    const listed = withListedRanges(spec, hyperparameters);
    assert.match(listed.text, /ordered_tuning_values: \[0\.001\]/);
    assert.doesNotMatch(listed.text, /range:/);
    const read = readSpec(carriedInput(listed));
    assert.ok(read.ok, read.ok ? "" : read.problems.map(({ message }) => message).join());
    const chosen = { lr: 0.00023 };
    const tree = expandSpec(withChosen(read.spec, chosen), chosen, () => 1);
    assert.equal(at(tree, ...agentPath, "learning_rate"), 0.00023);
  });
}

test("a spec without ranges stays as it is, and so does one whose range holds an anchor that others use", () => {
  const plain = carried([
    "hyperparameters:",
    "  - name: &lr",
    "      ordered_tuning_values: [1, 2]",
    "      tuned_value: 1",
  ]);
  assert.equal(withListedRanges(plain.spec, plain.hyperparameters), plain.spec);
  const shared = carried([
    "hyperparameters:",
    "  - name: &lr",
    "      range: {from: &low 1.0e-5, to: 1.0e-2}",
    "      tuned_value: 1.0e-3",
    "forward_definitions:",
    "  - other: *low",
  ]);
  assert.equal(withListedRanges(shared.spec, shared.hyperparameters), shared.spec);
});
