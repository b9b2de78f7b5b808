import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
  carriedDefaults,
  expandSpec,
  readSpec,
  stagesOf,
  usedComponents,
} from "../../../../../shared/domain/runspec/spec-read.ts";
import { hyperparameter, problems, read, specText, testDefaults } from "../../../../support/stories/spec-defaults.ts";

suite("stages", () => {
  const stage = (...lines: string[]) => [
    "  - processing_stage:",
    "      component: processors/RL_Proc",
    ...lines.map((l) => `      ${l}`),
  ];
  const of = (...stages: string[][]) =>
    ["component: root/Root_Component", "processing_stages:", ...stages.flat()].join("\n");

  test("the stages of a spec are listed in order, disabled ones included", () => {
    const { spec } = read(
      of(stage(), stage("enabled: 0"), stage("enabled: true", "max_iterations: 5"), stage("enabled: false")),
    );
    const stages = stagesOf(expandSpec(spec, undefined, () => 7));
    assert.deepEqual(
      stages.map(({ number, component, enabled }) => [number, component, enabled]),
      [
        [1, "processors/RL_Proc", true],
        [2, "processors/RL_Proc", false],
        [3, "processors/RL_Proc", true],
        [4, "processors/RL_Proc", false],
      ],
    );
    assert.equal(stages[2]?.spec["max_iterations"], 5);
  });

  test("the stages of a spec may be enabled by a hyperparameter", () => {
    const head = [
      "component: root/Root_Component",
      "hyperparameters:",
      ...hyperparameter("on", "[true, false]", "false"),
    ];
    const text = [...head, "processing_stages:", ...stage(), ...stage("enabled: *on")].join("\n");
    const { spec, warnings } = read(text);
    const enabled = (on: boolean) => stagesOf(expandSpec(spec, { on }, () => 7)).map((each) => each.enabled);
    assert.deepEqual(
      [enabled(true), enabled(false)],
      [
        [true, true],
        [true, false],
      ],
    );
    assert.deepEqual(warnings, []);
  });

  test("the stages of something that is not an expanded spec are a TypeError", () =>
    assert.throws(() => stagesOf({}), TypeError));
});

suite("components", () => {
  test("components are checked for every combination of hyperparameters that chooses them", () => {
    const text = specText([
      "hyperparameters:",
      ...hyperparameter("a", "[Maze, Fixed, Moon]", "Maze"),
      ...hyperparameter("b", "[Env, Env2]", "Env"),
      "string_replacements:",
      "  <a>: *a",
      "  <b>: *b",
      "forward_definitions:",
      "  - environment: {component: environments/<a>_<b>}",
    ]);
    assert.deepEqual(
      problems(text).map((problem) => problem.replace(/^.*component /, "")),
      ['"environments/Maze_Env2"', '"environments/Fixed_Env2"', '"environments/Moon_Env"', '"environments/Moon_Env2"'],
    );
  });

  test("usedComponents has the components of all configurations", () => {
    const head = ["hyperparameters:", ...hyperparameter("core", "[GRU_Core, FC_Core]", "GRU_Core", "unordered")];
    const text = specText(head, [
      "model: {component: models/Model_Nexus, model_core: {component: model_cores/<core>}}",
    ]).replace("processing_stages:", "string_replacements: {<core>: *core}\nprocessing_stages:");
    const { spec } = read(text);
    const texts = usedComponents(spec);
    assert.deepEqual(Object.keys(texts).toSorted(), [
      "agents/AAC_Agent",
      "environments/Maze_Env",
      "job_launchers/XT",
      "model_cores/FC_Core",
      "model_cores/GRU_Core",
      "models/Model_Nexus",
      "processors/RL_Proc",
      "root/Root_Component",
    ]);
    const elsewhere = readSpec({ file: "a.yaml", text, defaults: carriedDefaults(texts) });
    assert.ok(elsewhere.ok);
    for (const core of ["GRU_Core", "FC_Core"]) {
      assert.deepEqual(
        expandSpec(elsewhere.spec, [core], () => 7),
        expandSpec(spec, [core], () => 7),
      );
    }
  });

  test("a component may contain another of its own kind", () => {
    const defaults = testDefaults({ "environments/Wrapper": "inner: {component: environments/Fixed_Env}\n" });
    const inner = "{component: environments/Wrapper, inner: {component: environments/Wrapper}}";
    const text = specText([], [`notes: ${inner}`]);
    assert.ok(readSpec({ file: "a.yaml", text, defaults }).ok);
  });

  test("aliases of aliases are one problem, and do not exhaust memory", () => {
    const bomb = Array.from({ length: 12 }, (_, i) => {
      const items = Array.from({ length: 10 }, () => (i === 0 ? "1" : `*a${i - 1}`));
      return `  - &a${i} [${items.join(", ")}]`;
    });
    assert.deepEqual(problems(specText(["forward_definitions:", ...bomb])).length, 1);
  });
});
