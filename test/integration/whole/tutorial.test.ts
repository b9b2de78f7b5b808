import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { packageRoot } from "../../../shared/components/component-defaults.ts";
import { rngFrom } from "../../../shared/domain/rng.ts";
import { exitCode } from "../../../shared/errors.ts";
import { maskedCrc32c } from "../../../shared/tensorboard/crc32c.ts";
import { encodeEvidence, type ReportRow } from "../../../shared/wire/messages.ts";
import { evidence } from "../../../shared/wire/subjects.ts";
import { readEvents } from "../../support/event-file.ts";
import { eventually } from "../../support/patience.ts";
import { type CommandEnd, nexus, startNexus } from "../../support/processes/nexus-command.ts";
import { Swarm } from "../../support/processes/swarm.ts";
import { JobStory, workerOf } from "../../support/stories/job-story.ts";
import { tutorialHyperparameters } from "../../support/stories/search.ts";
import { type ToldMessage, tellWorkspace } from "../../support/stories/told-workspace.ts";
import { job278, job289, tutorialRows, tutorialText } from "../../support/stories/tutorial-jobs.ts";

/**
 * The original's tutorial: every command in order, with `nexus` in place of `xt` and `python run.py`, against a real
 * store with the tutorial's three jobs, beside a real coordinator. Where the tutorial shows a command's output, the
 * command prints the same.
 */
const swarm = new Swarm();
/** The tutorial's working folder; `../jobs` lies beside it. */
const folder = join(swarm.folder, "rl_nexus");
const xt = (words: string): Promise<CommandEnd> =>
  nexus(words.split(" "), folder, { XDG_DATA_HOME: swarm.env["XDG_DATA_HOME"] });

before(async () => {
  mkdirSync(folder);
  const events = [job278(), job289(), job411()].flatMap((story) => story.events);
  await tellWorkspace(swarm.paths, events, [...reportsOfJob289(), ...resultsOfJob411()]);
  // list-runs.test.ts has the same commands without a coordinator, each starting a broker for itself.
  await swarm.coordinator();
});

/** Ten reports of each run of job289, the last as the tutorial's table shows it. */
function reportsOfJob289(): ToldMessage[] {
  const { job } = job289();
  return tutorialRows("list-runs-job289.txt")
    .filter(({ values }) => values !== null)
    .map(({ run, values }, i) => {
      const { "s1-hrs": hours = 0, "s1-rew": rew = 0, "s1-win": win = 0, hpmax = 0 } = values ?? {};
      const reports = Array.from({ length: 10 }, (_, k): ReportRow => {
        const share = (k + 1) / 10;
        return [1, 10_000 * (k + 1), hours * share, [rew * share, win * share], [10_000, 100]];
      });
      const metrics = { "s1-hrs": hours, "s1-rew": rew, "s1-win": win };
      const body = { attempt: 1, reports, hpmax, iters: 100_000, metrics, console: "" };
      return { subject: evidence(workerOf(run), job, i + 1, "result"), data: encodeEvidence(body) };
    });
}

/** The evidence that job411's journal cites: a coordinator refuses a store that has lost some. */
function resultsOfJob411(): ToldMessage[] {
  const story = job411();
  return story.events.flatMap((event) => {
    if (event.type !== "completed") return [];
    const { worker, n, hpmax, iters, metrics } = event;
    const data = encodeEvidence({ attempt: 1, reports: [], hpmax, iters, metrics, console: "" });
    return [{ subject: evidence(worker, story.job, n, "result"), data }];
  });
}

/** A DGD search whose best configuration changes a few times. */
function job411(): JobStory {
  const settings = { hpTuning: "dgd", totalRuns: 10_000, computeTarget: "azb-cpu" } as const;
  const story = new JobStory({
    number: 411,
    hyperparameters: tutorialHyperparameters,
    settings,
    firstParent: 3755,
    parents: 2,
  });
  const rng = rngFrom("tutorial");
  const sets = Array.from({ length: 6 }, () => tutorialHyperparameters.map(({ values }) => rng.below(values.length)));
  for (let i = 1; i <= 60; i += 1) {
    const at = Math.min(sets.length - 1, Math.floor(i / 10));
    const run = `run${3755 + (i % 2)}.${Math.ceil(i / 2)}`;
    story.completed(story.started(run, sets[at] ?? []), run, 0.02 + at / 200 + rng.uniform() / 500, 100_000);
  }
  return story;
}

const runspec = readFileSync(join(packageRoot(), "specs/random_hp_search.yaml"), "utf8");

/** The spec with lines replaced, as the tutorial says. */
function edited(changes: Readonly<Record<string, unknown>>): string {
  return Object.entries(changes).reduce((text, [key, value]) => {
    const line = new RegExp(`^( +${key}:) .*$`, "m");
    assert.match(text, line, `the spec has no ${key}`);
    return text.replace(line, `$1 ${value}`);
  }, runspec);
}

test("a pre-flight run on this machine prints what the tutorial's prints", async () => {
  // The tutorial's 5000 iterations take half a minute; the lines are the same.
  writeFileSync(join(folder, "spec.yaml"), edited({ enabled: 0, max_iterations: 50, iters_per_report: 10 }));
  const { code, stdout, stderr } = await xt("run spec.yaml");
  assert.equal(code, exitCode.done, stderr);
  const wanted = tutorialText("console.txt").split("\n");
  const shape = (line: string): string => line.replace(/NaN|-?\d+(,\d{3})*(\.\d+)?/g, "#").replace(/ +/g, " ");
  assert.deepEqual(stdout.split("\n").map(shape), wanted.map(shape));
  assert.deepEqual(stdout.split("\n").slice(0, 9), wanted.slice(0, 9), "the settings are the tuned values");
  // log_to_tensorboard: true
  const results = join(swarm.folder, "results");
  const [run = ""] = readdirSync(results);
  const [file = ""] = readdirSync(join(results, run, "tensorboard"));
  const logged = readEvents(readFileSync(join(results, run, "tensorboard", file)), maskedCrc32c);
  const steps = logged.filter(({ scalars }) => "s1-rew" in scalars).map(({ step }) => step);
  assert.deepEqual(steps, [10, 20, 30, 40, 50]);
  assert.ok(logged.some(({ step, scalars }) => step === 50 && "hpmax" in scalars));
});

const parents = (first: number, count: number): string =>
  Array.from({ length: count }, (_, i) => `ws1/run${first + i}, `).join("");

/** Launches a search, which stays and shows it, then leaves with Ctrl-C while the search goes on. */
async function launched(words: string): Promise<CommandEnd> {
  const command = startNexus(words.split(" "), folder, { XDG_DATA_HOME: swarm.env["XDG_DATA_HOME"] });
  // Its last words before it waits.
  await eventually("the launch has said what to type next", () => command.stderr().includes("nexus-worker "));
  command.child.kill("SIGINT");
  const ended = await command.ended();
  assert.equal(ended.code, 130, ended.stderr);
  assert.match(ended.stderr, /^job\d+ goes on without this view/m);
  return ended;
}

test("the launch of the tutorial's search prints what the tutorial's prints", async () => {
  mkdirSync(join(folder, "useful_run_specs"));
  writeFileSync(join(folder, "useful_run_specs/random_hp_search.yaml"), runspec);
  const { stdout } = await launched("run useful_run_specs/random_hp_search.yaml");
  assert.ok(
    stdout.startsWith(
      `------- Runspec (useful_run_specs/random_hp_search.yaml) copied to launched_job_spec.yaml
job412, target: azb-cpu, creating parent runs: 25/25, ${parents(3757, 25)}job submitted
------- Job launched. Use nexus commands to access results.
`,
    ),
    stdout,
  );
});

test("the ten best runs of the tutorial's search are listed, and all are exported", async () => {
  const best = await xt("list runs job278 --sort=metrics.hpmax --last=10");
  assert.equal(best.stdout, tutorialText("list-runs-job278.txt"));
  const exported = await xt("list runs job278 --export=../jobs/job278_list_runs.csv");
  assert.equal(exported.code, exitCode.done, exported.stderr);
  const lines = readFileSync(join(swarm.folder, "jobs/job278_list_runs.csv"), "utf8").trimEnd().split("\n");
  assert.equal(lines.length, 46);
  assert.match(
    lines.find((line) => line.includes(",run662.7,")) ?? "",
    /^ws1,job278,azb-cpu,run662\.7,completed,100000,0\.146,/,
  );
});

test("the tutorial's winner is launched again free of selection bias, with its settings copied", async () => {
  const winner = tutorialRows("list-runs-job278.txt").at(-1)?.values ?? {};
  let spec = edited({ hp_tuning: false, total_runs: 20, compute_nodes: 5 });
  for (const { name } of tutorialHyperparameters) {
    const dial = new RegExp(`(&${name}\\n.*\\n +tuned_value:) .*`);
    assert.match(spec, dial);
    spec = spec.replace(dial, `$1 ${winner[name]}`);
  }
  writeFileSync(join(folder, "spec.yaml"), spec);
  const { stdout } = await launched("run spec.yaml");
  assert.match(
    stdout,
    new RegExp(`\njob413, target: azb-cpu, creating parent runs: 5/5, ${parents(3782, 5)}job submitted\n`),
  );
  assert.equal((await xt("view spec job413")).stdout, spec);
});

test("the twenty runs of the tutorial's winner are listed and plotted", async () => {
  assert.equal((await xt("list runs job289")).stdout, tutorialText("list-runs-job289.txt"));
  const plotted = await xt("plot job289 s1-rew --aggre=mean --group=job --shadow-type=std");
  assert.equal(plotted.code, exitCode.done, plotted.stderr);
  assert.match(
    plotted.stdout,
    /job289: s1-rew\n.*job289 \(mean of 20 runs\)\n[\s\S]*band: ± standard deviation over runs\n$/,
  );
});

test("the mean of the winner's twenty runs is the tutorial's", async () => {
  const { code, stdout, stderr } = await xt("eval job289");
  assert.equal(code, exitCode.done, stderr);
  assert.match(stdout, /\nmean hpmax 0\.0300 of 20 runs, standard deviation 0\.0097\n/);
});

test("the tutorial's DGD search is evaluated, as a table and as a plot", async () => {
  const evaluated = await xt("eval job411");
  assert.equal(evaluated.code, exitCode.done, evaluated.stderr);
  const header = /^seqlen +disc +clip +lr +rscale +embed +units +out +BEST FOR +EST HPMAX +RUNS +BEST *$/gm;
  assert.equal(evaluated.stdout.match(header)?.length, 2);
  assert.match(evaluated.stdout, /^(\S+ +){8}\d+ runs +0\.0\d{5} +\d+ +run375[56]\.\d+$/m);
  assert.match(
    evaluated.stdout,
    /^History of the best hyperparameter combination after each of the 60 completed runs\.$/m,
  );
  const summary = await xt("plot summary job411");
  assert.equal(summary.code, exitCode.done, summary.stderr);
  assert.match(summary.stdout, /job411: best configuration so far\n[\s\S]*\nbest for the last \d+ of 60 runs: seqlen=/);
});

test("the tutorial's plot is saved to a file, and its exported search is where another one begins", async () => {
  const plotted = await xt("plot job289 s1-rew --aggre=mean --group=job --shadow-type=std --save-to plot9.svg");
  assert.equal(plotted.code, exitCode.done, plotted.stderr);
  assert.match(readFileSync(join(folder, "plot9.svg"), "utf8"), /^<svg[\s\S]*<path[\s\S]*<\/svg>/);
  const search2 = "useful_run_specs/dgd.yaml";
  writeFileSync(join(folder, search2), edited({ hp_tuning: "dgd" }));
  const imported = await xt(`import ../jobs/job278_list_runs.csv --spec ${search2} --monitor none`);
  assert.equal(imported.code, exitCode.done, imported.stderr);
  assert.match(imported.stderr, /^18 earlier runs read from .*csv; 27 rows without a result were skipped\n/m);
  const listed = await xt("list runs job414 --status=imported --sort=hpmax --columns=run,status,hpmax,lr --last=1");
  assert.match(listed.stdout, /\nimported:run662\.7 +imported +0\.045 +0\.00040\n/);
  await swarm.end();
});
