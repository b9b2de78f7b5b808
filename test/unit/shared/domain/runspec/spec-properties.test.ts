import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import fc from "fast-check";
import { packageRoot } from "../../../../../shared/components/component-defaults.ts";
import type { Setting } from "../../../../../shared/domain/hyperparameter.ts";
import type { Spec } from "../../../../../shared/domain/runspec/spec.ts";
import { expandSpec, readSpec, renderProblems, reproSpec } from "../../../../../shared/domain/runspec/spec-read.ts";
import { isMapping, type Tree } from "../../../../../shared/domain/runspec/tree.ts";
import { testDefaults } from "../../../../support/stories/spec-defaults.ts";

/** Text without anything to replace, quoted so that it is YAML on any line. */
function quoted(text: string): string {
  const plain = JSON.stringify(text.replaceAll("<", "(").replaceAll("$", "S"));
  return plain.replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

const text = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 12 }),
  fc.constantFrom(
    "null",
    "true",
    "yes",
    "7",
    "1e3",
    "- a",
    "a: b",
    "# c",
    "*h0",
    "&h0",
    " ",
    "",
    "a\nb\n",
    "0x1f",
    "2024-01-01",
  ),
);
const number = fc.oneof(
  fc.integer(),
  fc.double({ noNaN: true }),
  fc.constantFrom(-0, 1e21, 5e-324, 123456789012345680000),
);

/** A value as YAML text in flow form; hyperparameters are h0, h1 and h2. */
const scalar = fc.oneof(
  text.map(quoted),
  number.map((value) => (Number.isFinite(value) ? String(value) : value > 0 ? ".inf" : "-.inf")),
  fc.constantFrom(
    "true",
    "false",
    "null",
    "randint",
    "*h0 ",
    "*h1 ",
    "*h2 ",
    "<r>",
    '"a <r> <h> b"',
    "<h>",
    "$datastore/x",
  ),
);
const key = fc
  .string({ unit: "grapheme-ascii", minLength: 1, maxLength: 8 })
  .filter((name) => name !== "component" && name !== "__proto__");
const flow = fc.letrec<{ tree: string }>((tie) => ({
  tree: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    scalar,
    fc.array(tie("tree"), { maxLength: 4 }).map((items) => `[${items.join(", ")}]`),
    fc
      .uniqueArray(fc.tuple(key, tie("tree")), { maxLength: 4, selector: ([name]) => quoted(name) })
      .map((entries) => `{${entries.map(([name, value]) => `${quoted(name)}: ${value}`).join(", ")}}`),
  ),
})).tree;

const values = fc.uniqueArray(fc.oneof(number, text, fc.boolean(), fc.constant(null)), {
  minLength: 1,
  maxLength: 4,
  selector: (value) => (typeof value === "string" ? quoted(value) : String(value)),
});

function scalarText(value: Setting): string {
  if (typeof value === "string") return quoted(value);
  if (value === Number.POSITIVE_INFINITY) return ".inf";
  return value === Number.NEGATIVE_INFINITY ? "-.inf" : String(value);
}

const aSpec = fc
  .record({
    hyperparameters: fc.array(fc.record({ values, ordered: fc.boolean() }), { minLength: 3, maxLength: 3 }),
    replacement: flow.filter((tree) => !/[<[{$]/.test(tree)),
    notes: fc.array(flow, { minLength: 2, maxLength: 2 }),
    enabled: fc.constantFrom("0", "1", "true", "*on "),
    core: fc.constantFrom("*core ", "model_cores/FC_Core", "model_cores/<core>"),
  })
  .map(({ hyperparameters, replacement, notes, enabled, core }) => {
    const lines = hyperparameters.flatMap(({ values, ordered }, i) => [
      `  - name: &h${i}`,
      `      ${ordered ? "ordered" : "unordered"}_tuning_values: [${values.map(scalarText).join(", ")}]`,
      `      tuned_value: ${scalarText(values[0] ?? null)}`,
    ]);
    return `component: root/Root_Component
job_launcher: {component: job_launchers/XT, enabled: 1, hp_tuning: random, total_runs: 9}
hyperparameters:
${lines.join("\n")}
  - name: &on
      unordered_tuning_values: [true, false]
      tuned_value: true
  - name: &core
      unordered_tuning_values: [model_cores/GRU_Core, model_cores/FC_Core]
      tuned_value: model_cores/FC_Core
experiment_path: ${notes[1]}
string_replacements: {<r>: ${replacement}, <h>: *h1 , <core>: GRU_Core}
forward_definitions:
  - agent: &agent
      component: agents/AAC_Agent
      notes: ${notes[0]}
      model: {component: models/Model_Nexus, model_core: {component: ${core}}}
processing_stages:
  - processing_stage:
      component: processors/RL_Proc
      agent: *agent
  - processing_stage:
      component: processors/RL_Proc
      enabled: ${enabled}
      agent: *agent
      environment: {component: environments/Maze_Env, options: ${notes[1]}}
`;
  });

function read(text: string): Spec {
  const reading = readSpec({ file: "a.yaml", text, defaults: testDefaults() });
  if (!reading.ok) assert.fail(`${renderProblems(reading.problems, reading.texts)}\n${text}`);
  return reading.spec;
}

/** Some settings, chosen by numbers. */
function chosenBy(spec: Spec, choices: readonly number[]): Record<string, Setting> {
  return Object.fromEntries(
    spec.hyperparameters.map(({ name, values }, i) => [name, values[(choices[i] ?? 0) % values.length] ?? null]),
  );
}

function draw(path: string): number {
  let sum = 0;
  for (const character of path) sum = (sum * 31 + character.charCodeAt(0)) % 1_000_000_000;
  return sum;
}

/** What a run executes or goes by. */
function executed(tree: Tree): Tree {
  assert.ok(isMapping(tree));
  const { hyperparameters, string_replacements, forward_definitions, job_launcher, ...rest } = tree;
  return rest;
}

const choices = fc.array(fc.nat(100), { minLength: 5, maxLength: 5 });

suite("any spec", () => {
  test("any run's repro spec repeats it: same settings and numbers, no draws, no warnings", () => {
    fc.assert(
      fc.property(aSpec, choices, (text, numbers) => {
        const spec = read(text);
        const chosen = chosenBy(spec, numbers);
        const expanded = expandSpec(spec, chosen, draw);
        const written = reproSpec(expanded, spec.hyperparameters, chosen);
        const reading = readSpec({ file: "repro_spec.yaml", text: written, defaults: testDefaults() });
        if (!reading.ok) assert.fail(`${renderProblems(reading.problems, reading.texts)}\n${written}`);
        assert.deepEqual(reading.warnings, []);
        const again = expandSpec(reading.spec, undefined, (path) => assert.fail(`drew a number for ${path}`));
        assert.deepEqual(executed(again), executed(expanded));
        assert.equal(reading.spec.settings.enabled, false);
        assert.deepEqual(
          reading.spec.hyperparameters.map(({ name, tuned }) => [name, tuned]),
          spec.hyperparameters.map(({ name }) => [name, chosen[name]]),
        );
      }),
      { numRuns: 300 },
    );
  });

  test("any spec expands independently of earlier expansions", () => {
    fc.assert(
      fc.property(aSpec, choices, choices, (text, first, second) => {
        const spec = read(text);
        const fresh = expandSpec(read(text), chosenBy(spec, second), draw);
        expandSpec(spec, chosenBy(spec, first), draw);
        assert.deepEqual(expandSpec(spec, chosenBy(spec, second), draw), fresh);
      }),
      { numRuns: 100 },
    );
  });

  test("any spec draws once for each path", () => {
    fc.assert(
      fc.property(aSpec, choices, (text, numbers) => {
        const spec = read(text);
        const paths: string[] = [];
        expandSpec(spec, chosenBy(spec, numbers), (path) => paths.push(path));
        // A key may hold the dot that separates keys, so two places may share a path; such texts are left out.
        if (/"[^"]*\.[^"]*":/.test(text)) return;
        assert.equal(new Set(paths).size, paths.length);
      }),
      { numRuns: 100 },
    );
  });
});

suite("any text", () => {
  const tutorial = readFileSync(join(packageRoot(), "specs/dgd_hp_search.yaml"), "utf8");
  const edit = fc.record({ at: fc.nat(tutorial.length), cut: fc.nat(12), paste: fc.string({ maxLength: 6 }) });

  test("any text is read as a spec or refused with places inside it, and never makes the reader throw", () => {
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), (edits) => {
        let text = tutorial;
        for (const { at, cut, paste } of edits) text = text.slice(0, at) + paste + text.slice(at + cut);
        const reading = readSpec({ file: "a.yaml", text, defaults: testDefaults() });
        const lines = text.split(/\r\n|\n|\r/);
        for (const { place, length } of reading.ok ? reading.warnings : reading.problems) {
          if (place.file !== "a.yaml") continue;
          const line = lines[place.line - 1];
          assert.ok(line !== undefined, `line ${place.line} of ${lines.length}`);
          assert.ok(place.column >= 1 && place.column <= [...line].length + 1, `column ${place.column} of ${line}`);
          assert.ok(length >= 0);
        }
        if (!reading.ok) assert.match(renderProblems(reading.problems, reading.texts, "so"), /^\d+ problems?; so$/m);
        else expandSpec(reading.spec, undefined, draw);
      }),
      { numRuns: 500 },
    );
  });
});
