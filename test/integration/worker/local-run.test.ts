import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { exitCode } from "../../../shared/errors.ts";
import { temporaryFolder } from "../../support/cleanup.ts";
import { eventually } from "../../support/patience.ts";
import { processesNaming } from "../../support/process-list.ts";
import { nexus, startNexus } from "../../support/processes/nexus-command.ts";
import { tutorialText } from "../../support/stories/tutorial-jobs.ts";

const folder = temporaryFolder();
let specs = 0;

function writeSpec(text: string, name?: string): string {
  specs += 1;
  const file = name ?? `spec-${specs}.yaml`;
  writeFileSync(join(folder, file), text);
  return file;
}

/** A spec of one Probe_Proc; `stage` is lines of YAML. */
const probe = (stage: readonly string[], results: string): string => `component: root/Root_Component
experiment_path: ${results}
processing_stages:
  - processing_stage:
      component: processors/Probe_Proc
${stage.map((line) => `      ${line}\n`).join("")}`;

/** The tutorial's eight hyperparameters and stage, small and short. */
const tutorialSpec = `component: root/Root_Component
experiment_path: results
job_launcher: {component: job_launchers/XT, enabled: 0, hp_tuning: random, total_runs: 500}
hyperparameters:
${[
  ["seqlen", "[4, 24]", 24],
  ["disc", "[0.95, 0.90]", 0.9],
  ["clip", "[64, 2048]", 2048],
  ["lr", "[1.0e-4, 4.0e-4]", 0.0004],
  ["rscale", "[2, 32]", 32],
  ["embed", "[16, 32]", 16],
  ["units", "[8, 16]", 8],
  ["out", "[16, 32]", 16],
]
  .map(
    ([name, values, tuned]) =>
      `  - name: &${name}\n      ordered_tuning_values: ${values}\n      tuned_value: ${tuned}\n`,
  )
  .join("")}
processing_stages:
  - processing_stage:
      component: processors/RL_Proc
      max_iterations: 5000
      iters_per_report: 1000
      agent:
        component: agents/AAC_Agent
        random_seed: randint
        bptt_period: *seqlen
        discount_factor: *disc
        gradient_clip: *clip
        learning_rate: *lr
        reward_scale: *rscale
        model:
          component: models/Model_Nexus
          model_core: {component: model_cores/GRU_Core, obs_embed_size: *embed, num_rnn_units: *units, output_layer_size: *out}
      environment: {component: environments/Maze_Env, agent_placement_seed: randint}
`;

/** The one folder that a run made in `results`; fails if there are others. */
function onlyRun(results: string): string {
  const [run, ...others] = readdirSync(join(folder, results));
  assert.ok(run !== undefined && others.length === 0, `runs in ${results}: ${[run, ...others].join(" ")}`);
  return join(folder, results, run);
}

/** Lines without the parts that differ between runs: the hours, and which kernels this build has. */
const comparable = (text: string): string[] =>
  text
    .split("\n")
    .filter((line) => !line.includes(" kernels"))
    .map((line) => line.replace(/^ +[\d.]+ hrs/, "HOURS hrs"));

/** Numbers replaced by their shape: the rest must be the same in the tutorial and in our run. */
const shapeOf = (text: string): string[] => {
  const own = new Set(["  embed:", "  units:", "  out:"]);
  return comparable(text).map((line) => {
    const setting = line.split(" ").slice(0, 3).join(" ");
    return own.has(setting) ? setting : line.replace(/\d+\.\d{5}/g, "D.DDDDD");
  });
};

test("a local run prints what the tutorial prints, line for line, and can be repeated exactly", async () => {
  const spec = writeSpec(tutorialSpec);
  const first = await nexus(["run", spec], folder);
  assert.equal(first.code, exitCode.done, first.stderr);
  assert.deepEqual(shapeOf(first.stdout), shapeOf(tutorialText("console.txt")));
  const run = onlyRun("results");
  assert.match(first.stderr, /console\.txt and repro_spec\.yaml are in results\/\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d\n$/);
  assert.equal(readFileSync(join(run, "console.txt"), "utf8"), first.stdout);

  const repro = readFileSync(join(run, "repro_spec.yaml"), "utf8");
  assert.ok(!repro.includes("randint\n"), "every number that was drawn is in it");
  const again = await nexus(["run", writeSpec(repro)], folder);
  assert.equal(again.code, exitCode.done, again.stderr);
  assert.deepEqual(comparable(again.stdout), comparable(first.stdout));

  const other = await nexus(["run", spec], folder);
  assert.notDeepEqual(comparable(other.stdout), comparable(first.stdout), "each run of the spec itself draws its own");
  assert.equal(readdirSync(join(folder, "results")).length, 3);
});

test("the job launcher's seed repeats a run", async () => {
  const stage = ["noise: 1", "reports: 2"];
  const spec = `${probe(stage, "seeded")}job_launcher: {component: job_launchers/XT, enabled: 0, seed: 7}\n`;
  const [first, second] = [
    await nexus(["run", writeSpec(spec)], folder),
    await nexus(["run", writeSpec(spec)], folder),
  ];
  assert.match(first.stdout, /hpmax\): {2}-?\d\.\d{5}\n/);
  assert.deepEqual(comparable(first.stdout), comparable(second.stdout));
});

test("arguments of nexus run replace strings of the spec", async () => {
  const replacements = "string_replacements: {<results>: elsewhere, <way>: none}\n";
  const spec = writeSpec(`${probe(["misbehaviour: <way>"], "<results>/below")}${replacements}`);
  const { code, stderr } = await nexus(["run", spec, "--results", "replaced"], folder);
  assert.equal(code, exitCode.done, stderr);
  assert.equal(readdirSync(join(folder, "replaced/below")).length, 1);
  assert.equal((await nexus(["run", "--way=throw", spec, "--results=replaced"], folder)).code, exitCode.failure);
  const wrong = await nexus(["run", "--resluts=other", spec], folder);
  assert.equal(wrong.code, exitCode.usage);
  assert.match(wrong.stderr, /--resluts replaces nothing.*did you mean --results\?.*1 problem; nothing was submitted/s);
  assert.ok(!existsSync(join(folder, "elsewhere")) && !existsSync(join(folder, "other")), "nothing was run");
});

test("an unusable spec is refused with all its problems, and leaves nothing behind", async () => {
  const bad = probe(["reprots: 3", "value: *nothing"], "never");
  const { code, stdout, stderr } = await nexus(["run", writeSpec(bad, "bad.yaml")], folder);
  assert.equal(code, exitCode.usage);
  assert.equal(stdout, "");
  assert.match(stderr, /bad\.yaml:6:\d+: .*reprots.*did you mean "reports"\?/s);
  assert.match(stderr, /bad\.yaml:7:\d+: \*nothing names no /);
  assert.match(stderr, /2 problems; nothing was submitted\n$/);
  const missing = await nexus(["run", "bda.yaml"], folder);
  assert.equal(missing.code, exitCode.usage);
  assert.match(missing.stderr, /there is no such file\n {2}did you mean bad\.yaml\?/);
  assert.ok(!existsSync(join(folder, "never")));
});

test("a wasteful spec gets a warning, and the run continues", async () => {
  const spec = `${probe(["value: 1"], "wasted")}hyperparameters:\n  - name: &unused\n      ordered_tuning_values: [1, 2]\n      tuned_value: 1\n`;
  const { code, stderr } = await nexus(["run", writeSpec(spec, "wasted.yaml")], folder);
  assert.equal(code, exitCode.done);
  assert.match(stderr, /^warning: wasted\.yaml:\d+:\d+: .*unused/);
});

test("a failed run exits with 1 and says why on stderr and in console.txt", async () => {
  const failed = await nexus(["run", writeSpec(probe(["misbehaviour: throw"], "failed"))], folder);
  assert.equal(failed.code, exitCode.failure);
  assert.match(failed.stderr, /^the run failed: this probe was told to throw\n/);
  assert.match(
    readFileSync(join(onlyRun("failed"), "console.txt"), "utf8"),
    /1 iters.*\nError: this probe was told to throw/s,
  );
  const died = await nexus(["run", writeSpec(probe(["misbehaviour: exit"], "died"))], folder);
  assert.equal(died.code, 9, "the run's process ended by itself");
  const diverged = await nexus(["run", writeSpec(probe(["misbehaviour: nan"], "diverged"))], folder);
  assert.equal(diverged.code, exitCode.failure);
  assert.match(diverged.stderr, /the run failed: its hpmax is NaN/);
});

test("Ctrl-C stops a run, and what it printed is kept", async () => {
  const command = startNexus(["run", writeSpec(probe(["seconds: 600", "reports: 6000"], "stopped"))], folder);
  await eventually("the first report", () => command.stdout().includes("1 iters"));
  process.kill(command.pid, "SIGINT");
  const { code, stdout } = await command.ended();
  assert.equal(code, 130);
  assert.match(stdout, /\nStopped\.\n$/);
  assert.equal(readFileSync(join(onlyRun("stopped"), "console.txt"), "utf8"), stdout);
});

test("a run does not outlive the command that started it", async () => {
  const command = startNexus(["run", writeSpec(probe(["seconds: 600", "reports: 6000"], "orphaned"))], folder);
  await eventually("the first report", () => command.stdout().includes("1 iters"));
  const children = childrenOf(command.pid);
  assert.equal(children.length, 1);
  process.kill(command.pid, "SIGKILL");
  await command.ended();
  await eventually("its process has ended", () => children.every((pid) => !existsSync(`/proc/${pid}`)));
});

test("a folder for a run's files that cannot be created is reported", async () => {
  writeFileSync(join(folder, "a-file"), "");
  const { code, stderr } = await nexus(["run", writeSpec(probe([], "a-file/below"), "nowhere.yaml")], folder);
  assert.equal(code, exitCode.usage);
  assert.match(stderr, /nowhere\.yaml: no folder for the run's files can be made in experiment_path a-file\/below/);
  assert.equal(processesNaming(join(folder, "a-file")).length, 0);
});

function childrenOf(parent: number): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      const file = `/proc/${name}/status`;
      try {
        return readFileSync(file, "utf8").includes(`\nPPid:\t${parent}\n`);
      } catch (error) {
        // The process ended while we looked.
        assert.ok(["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? ""));
        return false;
      }
    })
    .map(Number);
}
