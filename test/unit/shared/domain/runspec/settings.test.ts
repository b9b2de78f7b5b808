import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { defaultSettings } from "../../../../../shared/domain/runspec/job-settings.ts";
import { readSpec } from "../../../../../shared/domain/runspec/spec-read.ts";
import { hyperparameter, read, specText, testDefaults } from "../../../../support/stories/spec-defaults.ts";

suite("job settings", () => {
  const settings = (...lines: string[]) =>
    read(specText(["job_launcher:", "  component: job_launchers/XT", ...lines.map((line) => `  ${line}`)])).spec
      .settings;

  test("job settings have the defaults that the shipped file documents", () => {
    assert.deepEqual(settings(), defaultSettings);
    assert.deepEqual(read(specText([])).spec.settings, defaultSettings);
    assert.deepEqual(read(specText(["job_launcher: null"])).spec.settings, defaultSettings);
  });

  test("job settings have defaults where an older defaults file lacks them", () => {
    const defaults = testDefaults({ "job_launchers/XT": "enabled: 1\ntotal_runs: 3\n" });
    const reading = readSpec({ file: "a.yaml", text: specText([]), defaults });
    assert.ok(reading.ok);
    assert.deepEqual(reading.spec.settings, { ...defaultSettings, enabled: true, totalRuns: 3 });
  });

  test("job settings are read with their units", () => {
    const read = settings(
      "enabled: true",
      "hp_tuning: grid",
      "total_runs: 1000000",
      "compute_nodes: 25",
      "runs_per_node: 4",
      "compute_target: azb-cpu",
      "low_priority: False",
      "hold: 1",
      "monitor: none",
      "checkpoint_every: 5 min",
      "checkpoint_limit: 2 GB",
      "grace: 30 s",
      "max_run_time: 2h",
      "max_job_time: 1.5 h",
      "deadline: 2026-12-01 18:00 +01:00",
      "retries: 0",
      "seed: 9007199254740991",
      "priority: 0.5",
      'stop_when: "best_for > 200"',
      "cores_per_run: 8",
      "gpus_per_run: 2",
      "memory_per_run: 1.5 GiB",
      "code: train.py",
      "inputs: [data]",
      "setup: [pip, install, -r, requirements.txt]",
      "python: 3.12",
      'ignore: ["*.ckpt"]',
      'require: ["memory_gb <= 8", "s1-loss < 2"]',
      "dgd: {count_in_flight: false}",
      "pruning: asha",
    );
    assert.deepEqual(read, {
      enabled: true,
      hpTuning: "grid",
      totalRuns: 1_000_000,
      computeNodes: 25,
      runsPerNode: 4,
      computeTarget: "azb-cpu",
      lowPriority: false,
      hold: true,
      monitor: "none",
      checkpointEverySeconds: 300,
      checkpointLimit: 2e9,
      graceSeconds: 30,
      maxRunSeconds: 7200,
      maxJobSeconds: 5400,
      deadline: Date.UTC(2026, 11, 1, 17),
      retries: 0,
      seed: 9007199254740991,
      priority: 0.5,
      stopWhen: { name: "best_for", op: ">", value: 200 },
      maxFailuresInARow: 20,
      maxFailuresAtStart: 5,
      repeat: "auto",
      coresPerRun: 8,
      gpusPerRun: 2,
      runsPerGpu: 1,
      memoryPerRun: 1.5 * 2 ** 30,
      uploadFiles: true,
      network: false,
      code: ["train.py"],
      inputs: ["data"],
      setup: [["pip", "install", "-r", "requirements.txt"]],
      python: "3.12",
      ignore: ["*.ckpt"],
      where: [],
      require: ["memory_gb <= 8", "s1-loss < 2"],
      search: null,
      confirms: null,
      pruning: "asha",
      dgd: { rule: "paper", countInFlight: false },
    });
  });

  test("the settings where and require are a condition or a list of them, with strings replaced", () => {
    const head = [
      "string_replacements: {<most>: 512}",
      "hyperparameters:",
      ...hyperparameter("batch", "[32, 64]", "32"),
      ...hyperparameter("accum", "[1, 16]", "1"),
      "job_launcher:",
      "  component: job_launchers/XT",
    ];
    const settings = (...lines: string[]) =>
      read(specText([...head, ...lines.map((line) => `  ${line}`)], ["notes: [*batch, *accum]"])).spec.settings;
    assert.deepEqual(settings('where: "*batch * *accum <= <most>"').where, ["*batch * *accum <= 512"]);
    assert.deepEqual(settings('where: ["*batch > 1", "*accum > 0"]', "require: null").where, [
      "*batch > 1",
      "*accum > 0",
    ]);
    assert.deepEqual(settings("where: []", 'require: "memory_gb <= *batch / 4"').require, ["memory_gb <= *batch / 4"]);
  });

  test("a search of one's own is read with its units, and is idle where the winner is run again", () => {
    const spec = (tuning: string, search: string) => settings(`hp_tuning: ${tuning}`, `search: ${search}`).search;
    const usual = { answerSeconds: 60, memory: 2e9, ahead: 1 };
    const command = ["python3", "a.py", "--trials", "20"];
    assert.deepEqual(spec("own", "{command: [python3, a.py, --trials, 20]}"), { ...usual, command, module: null });
    assert.deepEqual(spec("own", "{command: a.sh}"), { ...usual, command: ["a.sh"], module: null });
    assert.deepEqual(spec("own", "{module: ./lib/a.mjs, answer_time: 2 min, memory: 1 GiB, ahead: 0}"), {
      ...{ command: null, module: "lib/a.mjs" },
      ...{ answerSeconds: 120, memory: 2 ** 30, ahead: 0 },
    });
    assert.equal(spec("false", "{module: a.js}"), null);
  });

  for (const [text, seconds] of [
    ["30", 30],
    ["30 s", 30],
    ["0.5", 0.5],
    ["1.5 min", 90],
    ["2 h", 7200],
  ] as const) {
    test(`checkpoint_every: ${text} is ${seconds} s`, () =>
      assert.equal(settings(`checkpoint_every: ${text}`).checkpointEverySeconds, seconds));
  }
  for (const text of ["2026-12-01 18:00", "2026-02-30T12:00Z", "tomorrow", "2026-13-45T00:00Z", "18:00Z", "1.5"]) {
    test(`deadline: ${text} is refused with what to write instead`, () => {
      const lines = ["job_launcher:", "  component: job_launchers/XT", `  deadline: "${text}"`];
      const reading = readSpec({ file: "a.yaml", text: specText(lines), defaults: testDefaults() });
      assert.ok(!reading.ok);
      assert.match(reading.problems[0]?.hints[0] ?? "", /such as 2026-12-01T18:00Z \(with its zone/);
    });
  }
  for (const [text, bytes] of [
    ["2 GB", 2e9],
    ["512MiB", 2 ** 29],
    ["1024", 1024],
  ] as const) {
    test(`memory_per_run: ${text} is ${bytes} bytes`, () =>
      assert.equal(settings(`memory_per_run: ${text}`).memoryPerRun, bytes));
  }
  test("GPUs are asked for by number, or by how many runs share one", () => {
    const gpus = (...lines: string[]) => {
      const { gpusPerRun, runsPerGpu } = settings(...lines);
      return [gpusPerRun, runsPerGpu];
    };
    assert.deepEqual(gpus("priority: 1"), [null, 1], "none of its own");
    assert.deepEqual(gpus("gpus_per_run: 0"), [0, 1]);
    assert.deepEqual(gpus("gpus_per_run: 4"), [4, 1]);
    assert.deepEqual(gpus("runs_per_gpu: 3"), [1, 3]);
    for (const [lines, problem, hint] of [
      [
        ["gpus_per_run: 2", "runs_per_gpu: 2"],
        "runs_per_gpu is 2",
        "expected 1 with gpus_per_run: 2; only runs of one GPU share it",
      ],
      [
        ["gpus_per_run: all"],
        'gpus_per_run is "all"',
        "expected a whole number from 0 to 64, or null for none of its own",
      ],
      [["runs_per_gpu: 0.5"], "runs_per_gpu is 0.5", "expected a whole number from 1 to 64"],
    ] as const) {
      const text = specText(["job_launcher:", "  component: job_launchers/XT", ...lines.map((line) => `  ${line}`)]);
      const reading = readSpec({ file: "a.yaml", text, defaults: testDefaults() });
      assert.ok(!reading.ok);
      assert.deepEqual([reading.problems[0]?.message, reading.problems[0]?.hints[0]], [problem, hint]);
    }
  });
  for (const [text, most] of [
    ["3", 3],
    ["never", null],
    ["null", null],
  ] as const) {
    test(`max_failures_in_a_row: ${text} is ${most ?? "no limit"}`, () =>
      assert.equal(settings(`max_failures_in_a_row: ${text}`).maxFailuresInARow, most));
  }
  test("the setting repeat is auto or never", () => {
    assert.equal(settings("repeat: never").repeat, "never");
    const lines = ["job_launcher:", "  component: job_launchers/XT", "  repeat: nevr"];
    const reading = readSpec({ file: "a.yaml", text: specText(lines), defaults: testDefaults() });
    assert.ok(!reading.ok);
    assert.match(reading.problems[0]?.message ?? "", /repeat is "nevr"/);
    assert.deepEqual(reading.problems[0]?.hints, ["expected one of: auto, never", 'did you mean "never"?']);
  });
  test("max_failures_at_start is 5 when left out; a number or never", () => {
    assert.equal(settings("retries: 1").maxFailuresAtStart, 5);
    assert.equal(settings("max_failures_at_start: 2").maxFailuresAtStart, 2);
    assert.equal(settings("max_failures_at_start: never").maxFailuresAtStart, null);
  });
  test("max_failures_in_a_row is 20 when left out, whatever stop_when says", () => {
    assert.equal(settings('stop_when: "hpmax > 1"').maxFailuresInARow, 20);
  });
  for (const rule of [
    "failures_in_a_row >= 5",
    "hpmax>=0.05",
    "hpmax >= -1e-3",
    "runs >= 100",
    "hours > 3",
    "hpmax < .5",
  ]) {
    test(`stop_when: ${rule} is read as a rule`, () =>
      assert.notEqual(settings(`stop_when: "${rule}"`).stopWhen, null));
  }
});

test("an unknown pruner is refused with the nearest, and null too", () => {
  for (const [text, hints] of [
    ["medain", ["expected one of: none, model, median, asha", 'did you mean "median"?']],
    ["null", ["expected one of: none, model, median, asha"]],
  ] as const) {
    const lines = ["job_launcher:", "  component: job_launchers/XT", `  pruning: ${text}`];
    const reading = readSpec({ file: "a.yaml", text: specText(lines), defaults: testDefaults() });
    assert.ok(!reading.ok);
    assert.match(reading.problems[0]?.message ?? "", /^pruning is /);
    assert.deepEqual(reading.problems[0]?.hints, hints);
  }
});

suite("wasteful searches", () => {
  const launcher = (enabled: number, tuning: string) => [
    `job_launcher: {component: job_launchers/XT, enabled: ${enabled}, hp_tuning: ${tuning}}`,
  ];
  const noRandint = ["model: null", "random_seed: 1"];
  const fixed = "\n      environment: {component: environments/Fixed_Env}\n";

  test("a search without randint is warned about, and only a search", () => {
    const text = (enabled: number, tuning: string) => specText(launcher(enabled, tuning), noRandint).trimEnd() + fixed;
    assert.deepEqual(read(text(1, "dgd")).warnings, ["hp_tuning is dgd, but no randint occurs in what is executed"]);
    assert.deepEqual(read(text(0, "dgd")).warnings, []);
    assert.deepEqual(read(text(1, "false")).warnings, []);
    assert.deepEqual(read(specText(launcher(1, "dgd"))).warnings, []);
  });

  test("the setting dgd has no effect without hp_tuning: dgd, and a search is told so", () => {
    const text = (tuning: string) =>
      specText([`job_launcher: {component: job_launchers/XT, enabled: 1, hp_tuning: ${tuning}, dgd: paper}`]);
    assert.deepEqual(read(text("random")).warnings, ["dgd has no effect"]);
    for (const tuning of ["dgd", "false"]) assert.deepEqual(read(text(tuning)).warnings, []);
  });

  test("pruning by median or asha is for random and grid, and said to be so elsewhere", () => {
    const text = (tuning: string, pruning: string) =>
      specText([`job_launcher: {component: job_launchers/XT, enabled: 1, hp_tuning: ${tuning}, pruning: ${pruning}}`]);
    assert.deepEqual(read(text("dgd", "asha")).warnings, ["pruning: asha is for random and grid"]);
    for (const [tuning, pruning] of [
      ["dgd", "model"],
      ["random", "asha"],
      ["grid", "median"],
    ] as const)
      assert.deepEqual(read(text(tuning, pruning)).warnings, []);
  });

  test("an unused hyperparameter is warned about unless it has a single value", () => {
    const head = (values: string) => ["hyperparameters:", ...hyperparameter("x", values, "1")];
    assert.deepEqual(read(specText(head("[1, 2]"))).warnings, ['nothing refers to hyperparameter "x"']);
    assert.deepEqual(read(specText(head("[1]"))).warnings, []);
    assert.deepEqual(read(specText(head("[1, 2]"), ["notes: *x"])).warnings, []);
  });
});
