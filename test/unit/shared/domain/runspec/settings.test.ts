import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { defaultSettings } from "../../../../../shared/domain/runspec/job-settings.ts";
import { readSpec } from "../../../../../shared/domain/runspec/spec-read.ts";
import { hyperparameter, read, specText, testDefaults } from "../../../../support/stories/spec-defaults.ts";

suite("job settings", () => {
  const settings = (...lines: string[]) =>
    read(specText(["job_launcher:", "  component: job_launchers/XT", ...lines.map((line) => `  ${line}`)])).spec
      .settings;

  test("have the defaults that the shipped file documents", () => {
    assert.deepEqual(settings(), defaultSettings);
    assert.deepEqual(read(specText([])).spec.settings, defaultSettings);
    assert.deepEqual(read(specText(["job_launcher: null"])).spec.settings, defaultSettings);
  });

  test("have defaults where an older defaults file lacks them", () => {
    const defaults = testDefaults({ "job_launchers/XT": "enabled: 1\ntotal_runs: 3\n" });
    const reading = readSpec({ file: "a.yaml", text: specText([]), defaults });
    assert.ok(reading.ok);
    assert.deepEqual(reading.spec.settings, { ...defaultSettings, enabled: true, totalRuns: 3 });
  });

  test("are read with their units", () => {
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
      "max_run_time: 2h",
      "max_job_time: 1.5 h",
      "deadline: 2026-12-01 18:00 +01:00",
      "retries: 0",
      "seed: 9007199254740991",
      "priority: 0.5",
      'stop_when: "best_for > 200"',
      "cores_per_run: 8",
      "memory_per_run: 1.5 GiB",
      "code: train.py",
      "dgd: {count_in_flight: false}",
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
      maxRunSeconds: 7200,
      maxJobSeconds: 5400,
      deadline: Date.UTC(2026, 11, 1, 17),
      retries: 0,
      seed: 9007199254740991,
      priority: 0.5,
      stopWhen: { name: "best_for", op: ">", value: 200 },
      coresPerRun: 8,
      memoryPerRun: 1.5 * 2 ** 30,
      uploadFiles: true,
      network: false,
      code: ["train.py"],
      confirms: null,
      dgd: { countInFlight: false },
    });
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
  for (const rule of ["hpmax>=0.05", "hpmax >= -1e-3", "runs >= 100", "hours > 3", "hpmax < .5"]) {
    test(`stop_when: ${rule} is read as a rule`, () =>
      assert.notEqual(settings(`stop_when: "${rule}"`).stopWhen, null));
  }
});

suite("wasteful searches", () => {
  const launcher = (enabled: number, tuning: string) => [
    `job_launcher: {component: job_launchers/XT, enabled: ${enabled}, hp_tuning: ${tuning}}`,
  ];
  const noRandint = ["model: null", "random_seed: 1"];
  const fixed = "\n      environment: {component: environments/Fixed_Env}\n";

  test("no randint is warned about in a search, and only there", () => {
    const text = (enabled: number, tuning: string) => specText(launcher(enabled, tuning), noRandint).trimEnd() + fixed;
    assert.deepEqual(read(text(1, "dgd")).warnings, ["hp_tuning is dgd, but no randint occurs in what is executed"]);
    assert.deepEqual(read(text(0, "dgd")).warnings, []);
    assert.deepEqual(read(text(1, "false")).warnings, []);
    assert.deepEqual(read(specText(launcher(1, "dgd"))).warnings, []);
  });

  test("an unused hyperparameter is warned about unless it has a single value", () => {
    const head = (values: string) => ["hyperparameters:", ...hyperparameter("x", values, "1")];
    assert.deepEqual(read(specText(head("[1, 2]"))).warnings, ['nothing refers to hyperparameter "x"']);
    assert.deepEqual(read(specText(head("[1]"))).warnings, []);
    assert.deepEqual(read(specText(head("[1, 2]"), ["notes: *x"])).warnings, []);
  });
});
