import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { carriedInput } from "../../../../../shared/domain/runspec/carried-spec.ts";
import { expandSpec, readSpec, reproSpec, withChosen } from "../../../../../shared/domain/runspec/spec-read.ts";
import { agentPath, at, read, specText, testDefaults } from "../../../../support/stories/spec-defaults.ts";

const spec = (lines: readonly string[], before: readonly string[] = []): string =>
  specText(
    [...before, "hyperparameters:", "  - name: &lr", ...lines.map((line) => `      ${line}`)],
    ["learning_rate: *lr"],
  );

suite("a range in a spec", () => {
  test("a range in a spec is an ordered dial of its first marks, the tuned value among them", () => {
    const { hyperparameters } = read(
      spec(["range: {from: 1.0e-5, to: 1.0e-2, scale: log}", "tuned_value: 4.0e-4"]),
    ).spec;
    assert.deepEqual(hyperparameters, [
      {
        name: "lr",
        ordered: true,
        values: [1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 4e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2],
        range: { from: 1e-5, to: 1e-2, scale: "log" },
        tuned: 4e-4,
      },
    ]);
  });

  test("a range in a spec is linear if it does not say otherwise, and may be whole or include 0", () => {
    const rangeOf = (range: string, tuned: string) => {
      const [hyperparameter] = read(spec([`range: ${range}`, `tuned_value: ${tuned}`])).spec.hyperparameters;
      return [hyperparameter?.range, hyperparameter?.values.length];
    };
    assert.deepEqual(rangeOf("{from: 0, to: 1}", "0.5"), [{ from: 0, to: 1, scale: "linear" }, 11]);
    assert.deepEqual(rangeOf("{from: 1, to: 5, scale: integer}", "3"), [{ from: 1, to: 5, scale: "integer" }, 5]);
    const withZero = { from: 1e-5, to: 1e-2, scale: "log", zero: true };
    assert.deepEqual(rangeOf("{from: 1.0e-5, to: 1.0e-2, scale: log, zero: true}", "0"), [withZero, 11]);
    assert.deepEqual(rangeOf("{from: 1, to: 5, zero: false}", "3"), [{ from: 1, to: 5, scale: "linear" }, 9]);
  });

  test("a range in a spec takes numbers from anchors, replacements and the command line", () => {
    const text = spec(
      ["range: {from: <low>, to: *most, scale: <scale>}", "tuned_value: <best>"],
      ["string_replacements:", "  <scale>: log", "forward_definitions:", "  - most: &most 1.0e-2"],
    );
    const { hyperparameters } = read(text, { low: "1e-4", best: "0.002" }).spec;
    assert.deepEqual(hyperparameters[0]?.range, { from: 1e-4, to: 1e-2, scale: "log" });
    assert.equal(hyperparameters[0]?.tuned, 0.002);
    const unused = readSpec({
      file: "a.yaml",
      text,
      commandLine: { low: "1", best: "2", x: "3" },
      defaults: testDefaults(),
    });
    assert.ok(!unused.ok);
    assert.match(unused.problems.map(({ message }) => message).join("\n"), /--x replaces nothing/);
  });

  test("a range in a spec may be an alias that several hyperparameters share", () => {
    const text = specText(
      [
        "forward_definitions:",
        "  - wide: &wide {from: 1, to: 2}",
        ...["hyperparameters:", "  - name: &a", "      range: *wide", "      tuned_value: 1"],
        ...["  - name: &b", "      range: *wide", "      tuned_value: 2"],
      ],
      ["notes: [*a, *b]"],
    );
    assert.deepEqual(
      read(text).spec.hyperparameters.map(({ range }) => range),
      [
        { from: 1, to: 2, scale: "linear" },
        { from: 1, to: 2, scale: "linear" },
      ],
    );
  });

  test("any mark of a range in a spec can be run, and the repro spec says which", () => {
    const { spec: found } = read(spec(["range: {from: 1.0e-5, to: 1.0e-2, scale: log}", "tuned_value: 1.0e-3"]));
    const chosen = { lr: 0.00023 };
    const tree = expandSpec(withChosen(found, chosen), chosen, () => 1);
    assert.equal(at(tree, ...agentPath, "learning_rate"), 0.00023);
    const repro = reproSpec(tree, found.hyperparameters, chosen);
    assert.match(repro, /ordered_tuning_values: \[0\.00023\]\n {6}tuned_value: 0\.00023/);
    const defaults = testDefaults();
    const sources = Object.fromEntries(defaults.names().map((name) => [name, defaults.text(name) ?? ""]));
    assert.ok(readSpec(carriedInput({ file: "repro.yaml", text: repro, sources, commandLine: {} })).ok);
  });
});
