import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { packageRoot } from "../../../../../shared/components/component-defaults.ts";
import type { Problem } from "../../../../../shared/domain/runspec/problems.ts";
import { readSpec, renderProblems } from "../../../../../shared/domain/runspec/spec-read.ts";
import { specText, testDefaults } from "../../../../support/stories/spec-defaults.ts";

const folder = join(packageRoot(), "test/fixtures/spec-errors");

/** Components whose own defaults are at fault. */
const faulty = {
  "agents/Loop_Agent": "random_seed: randint\nmodel:\n  component: agents/Loop_Agent\n",
  "agents/Wrong_Agent": "notes: <nothing>\nmodel:\n  component: models/Model_Nexus\n  model_cor: null\n",
  "environments/Broken_Env": "layout: [1, 2\n",
  "environments/List_Env": "- layout\n",
};

function rendered(file: string, text: string, commandLine: Readonly<Record<string, string>> = {}): string {
  const reading = readSpec({ file, text, commandLine, defaults: testDefaults(faulty) });
  if (reading.ok) return renderProblems(reading.warnings, { [file]: text }, "the search would waste runs");
  return renderProblems(reading.problems, reading.texts, "nothing was submitted");
}

suite("messages about a faulty spec (test/fixtures/spec-errors)", () => {
  const files = readdirSync(folder).filter((name) => name.endsWith(".yaml"));
  for (const file of files) {
    test(`the faulty spec ${file} has its expected messages`, () => {
      const text = readFileSync(join(folder, file), "utf8");
      const expected = readFileSync(join(folder, file.replace(/yaml$/, "txt")), "utf8");
      assert.equal(`${rendered(file, text)}\n`, expected);
    });
  }
  test("more than 15 faulty specs are tested", () => assert.ok(files.length > 15));
});

suite("printed problems", () => {
  test("a printed problem has place, source line, underline, expectation and guess", () => {
    const lines = [
      "component: root/Root_Component",
      ...Array.from({ length: 7 }, () => ""),
      "hyperparameters:",
      "  # the learning rate",
      "  - name: &lr",
      "",
      "      ordered_tuning_values: [0.0004, 0.001]",
      "      tuned_valeu: 0.0004",
      ...Array.from({ length: 10 }, () => ""),
      "processing_stages:",
      "  - processing_stage:",
      "      component: processors/RL_Proc",
      "      agent:",
      "        component: agents/AAC_Agent",
      "        discount_factor: *lr",
      "      learning_rate: *lrr".replace("learning_rate", "iters_per_report"),
    ];
    const text = lines.join("\n");
    const expected = [
      'specs/maze.yaml:14:7: unknown key "tuned_valeu" in hyperparameter "lr"',
      "   14 |       tuned_valeu: 0.0004",
      "      |       ^~~~~~~~~~~",
      "  expected one of: ordered_tuning_values, unordered_tuning_values, range, tuned_value, only_when",
      '  did you mean "tuned_value"?',
      "specs/maze.yaml:31:25: *lrr names no hyperparameter; nearest is *lr (line 11)",
      "2 problems; nothing was submitted",
    ];
    assert.equal(rendered("specs/maze.yaml", text), expected.join("\n"));
  });

  const problem = (line: number, column: number, length: number): Problem => {
    return { place: { file: "a.yaml", line, column }, message: "wrong", hints: [], length };
  };

  test("printed problems have a singular count, and no last line without a tail", () => {
    assert.match(
      renderProblems([problem(1, 1, 1)], {}, "nothing was submitted"),
      /\n1 problem; nothing was submitted$/,
    );
    assert.equal(renderProblems([problem(1, 1, 1)], {}), "a.yaml:1:1: wrong");
  });

  test("a problem's column counts characters, not UTF-16 units", () => {
    const text = specText(["cuda: true"], ["notes: {😀: 1, b: *zzz}"]);
    const reading = readSpec({ file: "a.yaml", text, defaults: testDefaults() });
    assert.ok(!reading.ok);
    assert.deepEqual(reading.problems[0]?.place, { file: "a.yaml", line: 8, column: 26 });
  });

  test("a printed problem shows only the relevant part of a long line", () => {
    const text = `${"x".repeat(300)}Y${"z".repeat(300)}`;
    const [, source = "", underline = ""] = renderProblems([problem(1, 301, 1)], { "a.yaml": text }).split("\n");
    assert.ok(source.length < 140, source);
    assert.equal(source[underline.indexOf("^")], "Y");
  });

  test("printed problems contain no escape sequences of the file", () => {
    const text = specText([], ["no\u001b[31mtes: 1"]);
    const escaped = rendered("a\u001b[2J.yaml", text.replace("\u001b", "\u009b"));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
    assert.doesNotMatch(escaped, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
  });
});

suite("command-line arguments", () => {
  test("a command-line argument that replaces nothing is an error with the nearest name", () => {
    const text = specText(["string_replacements:", "  <environment>: Maze_Env"]);
    assert.equal(
      rendered("a.yaml", text, { enviroment: "Other" }),
      [
        'command line: --enviroment replaces nothing: "<enviroment>" is not in the spec',
        "  did you mean --environment?",
        "1 problem; nothing was submitted",
      ].join("\n"),
    );
  });

  test("a job setting given as an argument is told its section, and another unused argument its place", () => {
    const text = specText(["job_launcher:", "  component: job_launchers/XT", "  enabled: 1"]);
    const hints = (name: string, value: string): string[] =>
      rendered("a.yaml", text, { [name]: value })
        .split("\n")
        .slice(1, -1);
    assert.deepEqual(hints("total_runs", "12"), [
      "  it is a setting of the job: write `total_runs: 12` below job_launcher in the spec",
      "  or, after the job has been submitted, type nexus edit job1 --total-runs 12",
    ]);
    assert.deepEqual(hints("hold", "true"), [
      "  it is a setting of the job: write `hold: true` below job_launcher in the spec",
    ]);
    assert.deepEqual(hints("layout", "easy"), ["  put <layout> in the spec where the value belongs"]);
  });

  test("a command-line argument that only a default uses is accepted", () => {
    const defaults = testDefaults({ "environments/Maze_Env": "layout: <layout>\n" });
    const reading = readSpec({ file: "a.yaml", text: specText([]), commandLine: { layout: "easy" }, defaults });
    assert.ok(reading.ok);
  });
});
