import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { expandSpec } from "../../../../../shared/domain/runspec/spec-read.ts";
import { isMapping, type Tree } from "../../../../../shared/domain/runspec/tree.ts";
import { agentPath, at, hyperparameter, problems, read, specText } from "../../../../support/stories/spec-defaults.ts";

const noDraw = (path: string): number => assert.fail(`drew a number for ${path}`);

/** The value of the agent's `notes: <text>`, as it is read. */
function noted(
  text: string,
  head: readonly string[] = [],
  settings?: Readonly<Record<string, number | string>>,
): Tree | undefined {
  const { spec } = read(specText(head, [`notes: ${text}`]));
  return at(
    expandSpec(spec, settings, () => 7),
    ...agentPath,
    "notes",
  );
}

suite("YAML 1.2", () => {
  const readAs: readonly (readonly [string, Tree])[] = [
    ["yes", "yes"],
    ["on", "on"],
    ["2024-01-02", "2024-01-02"],
    ["12:30", "12:30"],
    ["1_000", "1_000"],
    ["1e-3", 0.001],
    ["-1e-05", -1e-5],
    [".inf", Number.POSITIVE_INFINITY],
    ["inf", "inf"],
    ["0x10", 16],
    ["0o17", 15],
    ["010", 10],
    ["TRUE", true],
    ["~", null],
    ["", null],
    ["'7'", "7"],
    ["!!str 7", "7"],
    ["!!float 7", 7],
    ["100000000000000000000", 1e20],
    ["{a: [1, {b: c}]}", { a: [1, { b: "c" }] }],
    ["|\n          two\n          lines", "two\nlines\n"],
  ];
  for (const [text, value] of readAs) {
    test(`YAML 1.2 reads ${JSON.stringify(text)} as ${JSON.stringify(value)}`, () =>
      assert.deepEqual(noted(text), value));
  }
});

suite("the hyperparameter section", () => {
  const layouts: Readonly<Record<string, readonly string[]>> = {
    "indented further, as in the tutorial": [
      "  - name: &x",
      "      ordered_tuning_values: [1, 2]",
      "      tuned_value: 2",
    ],
    "with its values level with the name": ["  - name: &x", "    ordered_tuning_values: [1, 2]", "    tuned_value: 2"],
    "at column 0": ["- name: &x", "    ordered_tuning_values: [1, 2]", "    tuned_value: 2"],
    "with comments and a list in block form": [
      "  - name: &x # the rate",
      "",
      "      # in this order",
      "      ordered_tuning_values:",
      "        - 1",
      "        - 2",
      "      tuned_value: 2 # for now",
    ],
  };
  for (const [name, lines] of Object.entries(layouts)) {
    test(`a hyperparameter is read if it is written ${name}`, () => {
      const { spec } = read(specText(["hyperparameters:", ...lines], ["notes: *x"]));
      assert.deepEqual(spec.hyperparameters, [{ name: "x", ordered: true, values: [1, 2], tuned: 2 }]);
      assert.equal(
        at(
          expandSpec(spec, { x: 1 }, () => 7),
          ...agentPath,
          "notes",
        ),
        1,
      );
    });
  }

  test("the hyperparameter section keeps the listed order, and knows unordered lists", () => {
    const lines = [
      ...hyperparameter("x", "[3, 1, 2]", "1"),
      ...hyperparameter("y", "[b, a, null]", "null", "unordered"),
    ];
    const { spec } = read(specText(["hyperparameters:", ...lines], ["notes: [*x, *y]"]));
    assert.deepEqual(spec.hyperparameters, [
      { name: "x", ordered: true, values: [3, 1, 2], tuned: 1 },
      { name: "y", ordered: false, values: ["b", "a", null], tuned: null },
    ]);
  });

  test("the hyperparameter section may be empty", () => {
    assert.deepEqual(read(specText(["hyperparameters:"])).spec.hyperparameters, []);
    assert.deepEqual(read(specText(["hyperparameters: []"])).spec.hyperparameters, []);
  });
});

suite("expandSpec", () => {
  const head = ["hyperparameters:", ...hyperparameter("x", "[1, 2, 3]", "2"), ...hyperparameter("y", "[a, b]", "a")];
  const text = specText(head, ["notes: [*x, {deep: *y}, *x]"]);

  test("expandSpec takes settings by name or in order, and the tuned ones by default", () => {
    const { spec } = read(text);
    const notes = (settings?: Parameters<typeof expandSpec>[1]) =>
      at(
        expandSpec(spec, settings, () => 7),
        ...agentPath,
        "notes",
      );
    assert.deepEqual(notes(), [2, { deep: "a" }, 2]);
    assert.deepEqual(notes([3, "b"]), [3, { deep: "b" }, 3]);
    assert.deepEqual(notes({ y: "b", x: 1 }), [1, { deep: "b" }, 1]);
  });

  test("expandSpec refuses settings that the spec does not list", () => {
    const { spec } = read(text);
    for (const wrong of [[1], [1, "a", 2], [4, "a"], ["1", "a"], { x: 1 }, { x: 1, z: "a" }, { x: 1, y: "a", z: 1 }]) {
      assert.throws(() => expandSpec(spec, wrong as never, () => 7), RangeError, JSON.stringify(wrong));
    }
  });

  test("expandSpec draws each executed randint once, by its path", () => {
    const lines = [
      "forward_definitions:",
      "  - agent: &agent",
      "      component: agents/AAC_Agent",
      "      notes: [{a: randint}, randint]",
    ];
    const stages = [
      "processing_stages:",
      "  - processing_stage:",
      "      component: processors/RL_Proc",
      "      agent: *agent",
      "  - processing_stage:",
      "      component: processors/RL_Proc",
      "      enabled: 0",
      "      agent: *agent",
      "  - processing_stage:",
      "      component: processors/RL_Proc",
      "      agent: *agent",
      "      environment: {component: environments/Fixed_Env, layout: <seed>}",
    ];
    const { spec } = read(
      ["component: root/Root_Component", "string_replacements: {<seed>: randint}", ...lines, ...stages].join("\n"),
    );
    const drawn: string[] = [];
    const expanded = expandSpec(spec, undefined, (path) => drawn.push(path));
    assert.deepEqual(drawn.toSorted(), [
      "processing_stages.0.agent.notes.0.a",
      "processing_stages.0.agent.notes.1",
      "processing_stages.0.agent.random_seed",
      "processing_stages.0.environment.agent_placement_seed",
      "processing_stages.2.agent.notes.0.a",
      "processing_stages.2.agent.notes.1",
      "processing_stages.2.agent.random_seed",
      "processing_stages.2.environment.layout",
    ]);
    assert.equal(at(expanded, "processing_stages", 1, "processing_stage", "agent", "random_seed"), "randint");
    assert.equal(at(expanded, "forward_definitions", 0, "agent", "random_seed"), "randint");
    assert.ok(spec.hasRandint);
  });

  test("expandSpec fills in the defaults of the component that a hyperparameter chooses", () => {
    const cores = [
      "hyperparameters:",
      ...hyperparameter("core", "[model_cores/GRU_Core, model_cores/FC_Core]", "model_cores/FC_Core", "unordered"),
    ];
    const { spec } = read(specText(cores, ["model: {component: models/Model_Nexus, model_core: {component: *core}}"]));
    const core = (settings?: readonly string[]) =>
      at(
        expandSpec(spec, settings, () => 7),
        ...agentPath,
        "model",
        "model_core",
      );
    assert.deepEqual(core(), { component: "model_cores/FC_Core", layer_size: 64 });
    const gru = { component: "model_cores/GRU_Core", num_rnn_units: 128, output_layer_size: 1024 };
    assert.deepEqual(core(["model_cores/GRU_Core"]), gru);
  });

  test("expandSpec puts the component first, then unchanged defaults, then the spec's own properties", () => {
    const { spec } = read(specText([], ["learning_rate: 1"]));
    const agent = at(
      expandSpec(spec, undefined, () => 7),
      ...agentPath,
    );
    assert.ok(isMapping(agent));
    assert.deepEqual(Object.keys(agent), [
      "component",
      "random_seed",
      "discount_factor",
      "notes",
      "model",
      "learning_rate",
    ]);
  });

  test("expandSpec gives every run a tree of its own", () => {
    const { spec } = read(text);
    const [a, b] = [expandSpec(spec, undefined, () => 7), expandSpec(spec, undefined, () => 7)];
    assert.deepEqual(a, b);
    const notes = at(a, ...agentPath, "notes");
    assert.ok(Array.isArray(notes));
    notes.push("mine");
    assert.notDeepEqual(at(a, ...agentPath, "notes"), at(b, ...agentPath, "notes"));
    assert.deepEqual(
      expandSpec(spec, undefined, () => 7),
      b,
    );
  });
});

suite("string replacements", () => {
  const replaced = (lines: readonly string[]) => ["string_replacements:", ...lines.map((line) => `  ${line}`)];

  test("string replacements give a whole value their type, and part of a value their text", () => {
    const head = replaced(["<n>: 0.25", "<flag>: true", "<none>: null", "<list>: [1, <n>]"]);
    assert.deepEqual(noted("[<n>, <flag>, <none>, <list>, a-<n>-<flag>-<none>]", head), [
      0.25,
      true,
      null,
      [1, 0.25],
      "a-0.25-true-null",
    ]);
  });

  test("string replacements apply from top to bottom, and may contain a hyperparameter", () => {
    const head = [
      "hyperparameters:",
      ...hyperparameter("x", "[1, 2]", "2"),
      ...replaced(["<a>: x/<b>/<x>", "<b>: y", "<x>: *x"]),
    ];
    assert.equal(noted("<a>", head), "x/y/2");
    assert.equal(noted("<a>", head, { x: 1 }), "x/y/1");
    assert.equal(noted("<x>", head), 2);
    assert.deepEqual(read(specText(head, ["notes: <a>"])).warnings, []);
  });

  test("string replacements take a $ literally", () => {
    assert.equal(noted("a <b> c", replaced(["<b>: $& $1 $$"])), "a $& $1 $$ c");
  });

  test("string replacements leave alone what only looks like a name", () => {
    assert.equal(noted("'sort < in > out, 1<2, <3>, <>, a <b c>'"), "sort < in > out, 1<2, <3>, <>, a <b c>");
  });

  test("string replacements from the command line override the spec's, as texts", () => {
    const text = specText(replaced(["<n>: 5"]), ["notes: [<n>, <new>]"]);
    const { spec } = read(text, { n: "6", new: "7" });
    assert.deepEqual(
      at(
        expandSpec(spec, undefined, () => 7),
        ...agentPath,
        "notes",
      ),
      ["6", "7"],
    );
    assert.deepEqual(spec.commandLine, { n: "6", new: "7" });
  });

  test("$datastore is what the spec says, or ../datastore", () => {
    assert.equal(noted("$datastore/mazes"), "../datastore/mazes");
    assert.equal(noted("$datastore/mazes", replaced(["$datastore: /data"])), "/data/mazes");
  });

  test("string replacements leave the named groups of a regular expression as they are", () => {
    const pattern = "epoch (?<iters>\\d+) of \\k<iters>: (?<loss>[\\d.]+)";
    assert.equal(noted(`'${pattern}'`), pattern);
    assert.deepEqual(problems(specText([], [`notes: '(?<iters>\\d+) <loss>'`])), [
      `a.yaml:7: nothing replaces <loss> in ${JSON.stringify("(?<iters>\\d+) <loss>")}`,
    ]);
  });

  test("string replacements apply to values of hyperparameters, and every value is checked", () => {
    const head = [
      ...replaced(["<core>: FC_Core"]),
      "hyperparameters:",
      ...hyperparameter("x", "[a-<core>, b-<cor>]", "a-<core>"),
    ];
    assert.deepEqual(problems(specText(head, ["notes: *x"])), ['a.yaml:6: nothing replaces <cor> in "b-<cor>"']);
  });
});

test("a byte order mark, CRLF and a missing last line end do not change a spec", () => {
  const text = specText(["hyperparameters:", ...hyperparameter("x", "[1, 2]", "2")], ["notes: *x"]);
  const { spec } = read(text);
  for (const other of [`\uFEFF${text}`, text.replaceAll("\n", "\r\n"), text.trimEnd()]) {
    assert.deepEqual(
      expandSpec(read(other).spec, undefined, () => 7),
      expandSpec(spec, undefined, () => 7),
    );
  }
});

test("a spec without randint draws nothing", () => {
  const text = `${specText([], ["random_seed: 5"]).trimEnd()}\n      environment: {component: environments/Fixed_Env}\n`;
  const { spec } = read(text);
  assert.ok(!spec.hasRandint);
  expandSpec(spec, undefined, noDraw);
});
