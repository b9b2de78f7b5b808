import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { initFrom, isToBeRead } from "../../../../../coordinator/cli/init/init-from.ts";
import { readScript } from "../../../../../coordinator/cli/init/script-reading.ts";
import { loadSpecFile } from "../../../../../shared/components/component-defaults.ts";
import { expandStages } from "../../../../../shared/domain/runspec/spec-read.ts";
import { spaceSize } from "../../../../../shared/domain/search/space.ts";
import { commandLine } from "../../../../../worker/stages/Command_Proc/command-line.ts";
import { readCommand } from "../../../../../worker/stages/Command_Proc/command-spec.ts";
import { temporaryFolder } from "../../../../support/cleanup.ts";

const scripts = fileURLToPath(new URL("../../../../../../test/fixtures/scripts", import.meta.url));

/** The spec written for a script of the fixtures, read with its tuned values as a worker reads it, and what is said. */
function init(source: string) {
  const folder = join(temporaryFolder(), "scripts");
  cpSync(scripts, folder, { recursive: true });
  const file = join(folder, source);
  const target = join(file, "..", "made.yaml");
  const notes: string[] = [];
  initFrom(file, target, { note: (text) => void notes.push(text), result: () => undefined });
  const { spec, warnings } = loadSpecFile(target, {});
  assert.deepEqual(warnings, []);
  const tuned = Object.fromEntries(spec.hyperparameters.map(({ name, tuned: value }) => [name, value]));
  const [stage] = expandStages(spec, tuned, () => 7);
  assert.ok(stage);
  const command = readCommand(stage.spec);
  return {
    spec,
    command,
    words: commandLine(command, { codeFolder: null, inputsFolder: null }).join(" "),
    dials: spec.hyperparameters.map(({ name }) => name),
    text: readFileSync(target, "utf8"),
    said: notes.join(""),
  };
}

const patternFits = (pattern: string | undefined, line: string): unknown => ({
  ...new RegExp(pattern ?? "(?!)").exec(line)?.groups,
});

test("a script is read by the Python that there is, under whatever name", () => {
  const folder = temporaryFolder();
  const file = join(folder, "train.py");
  writeFileSync(file, "");
  const read = (env: NodeJS.ProcessEnv): string => readScript(file, { PATH: folder, ...env }).kind;
  assert.throws(() => read({}), /train\.py is read by python3, which is not in PATH\n/);
  const real = execFileSync("python3", ["-c", "import sys; print(sys.executable)"], { encoding: "utf8" }).trim();
  assert.equal(read({ NEXUS_BROUGHT_PYTHON: real }), "");
  assert.equal(read({ NEXUS_PYTHON: real }), "");
  assert.throws(
    () => read({ NEXUS_PYTHON: "/nowhere/python", NEXUS_BROUGHT_PYTHON: real }),
    /^UsageError: NEXUS_PYTHON=\/nowhere\/python is not a program; correct it, or unset it$/,
  );
  symlinkSync(real, join(folder, "python"));
  assert.equal(read({ NEXUS_BROUGHT_PYTHON: "/nowhere/python" }), "");
});

test("the pattern for a printed line fits what Python prints for it, whatever its format", () => {
  const printed: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    'print("loss: 0.3")': { loss: "0.3" },
    'print("epoch: 4 loss = 1e-3")': { iters: "4", loss: "1e-3" },
    'print("loss:", 0.25)': { loss: "0.25" },
    'print(f"epoch {e:03d} loss={x:8.4f} acc={a:>7.2%}, done")': { iters: "004", loss: "0.1235", acc: "93.21" },
    'print(f"acc={a:.1%} after epoch={e:<4}!")': { acc: "93.2" },
    'print(f"{e=} {loss=:.3f}")': { loss: "0.123" },
    'print("step %4d loss:%7.3f acc:%5.1f%%" % (e, x, a))': { iters: "4", loss: "0.123", acc: "0.9" },
    'print("epoch {:>4} | loss {:^9.3f}| acc {:.2%}".format(e, x, a))': { iters: "4", loss: "0.123", acc: "93.21" },
    'print(f"loss {x:{width}.2f}")': { loss: "0.12" },
    'logging.info("epoch %d: val_loss %.3f", e, x)': { iters: "4", val_loss: "0.123" },
    'print("val_loss: " + str(loss) + " at epoch " + str(e))': { val_loss: "0.123456" },
  };
  const folder = temporaryFolder();
  for (const [i, [line, found]] of Object.entries(printed).entries()) {
    const file = join(folder, `t${i}.py`);
    writeFileSync(
      file,
      `import logging, sys\nlogging.basicConfig(stream=sys.stdout, level="INFO")\ne, x, a, width = 4, 0.123456, 0.93213, 9\nloss = x\n${line}\n`,
    );
    const target = join(folder, `t${i}.yaml`);
    initFrom(file, target, { note: () => undefined, result: () => undefined });
    const pattern = /metric_pattern: '(.*)'/.exec(readFileSync(target, "utf8"))?.[1]?.replaceAll("''", "'");
    const output = execFileSync("python3", [file], { encoding: "utf8" }).trim();
    assert.deepEqual(patternFits(pattern, output), found, `${line} printed ${output}, pattern ${pattern}`);
  }
});

describe("nexus init for a script", () => {
  test("nexus init reads a script's argparse options, printed metrics and imported modules", () => {
    const { spec, command, words, dials, text, said } = init("argparse_mnist.py");
    assert.deepEqual(dials, "batch_size lr gamma dropout weight_decay optimizer hidden_dim nesterov amp".split(" "));
    assert.equal(
      words,
      "python3 argparse_mnist.py --batch-size 64 --lr 1 --gamma 0.7 --dropout 0.25 --weight-decay 0 --optimizer adam " +
        "--hidden-dim 128 --amp false --seed 7",
    );
    assert.deepEqual(spec.settings.code, ["argparse_mnist.py", "model.py"]);
    assert.deepEqual(patternFits(command.patterns[0], "Epoch 3/14: loss 0.1234, accuracy: 96.5%"), {
      iters: "3",
      loss: "0.1234",
      accuracy: "96.5",
    });
    for (const word of [
      /line 11: .*a positional argument/,
      /line 26: .*only a short name/,
      /line 27: .*not a plain value/,
    ]) {
      assert.match(text, word);
      assert.match(said, word);
    }
    assert.match(text, /# epochs: 14 {3}\(it says how long a run takes\)/);
  });

  test("nexus init makes no dial of a switch whose option changes nothing, and says so", () => {
    const folder = temporaryFolder();
    const [script, target] = [join(folder, "t.py"), join(folder, "t.yaml")];
    const switches = [
      '"--augment", action="store_true", default=True',
      '"--no-bias", dest="bias", action="store_false", default=False',
      '"--no-augment", dest="augment", action="store_false", default=True',
      '"--nesterov", action="store_true", default=False',
    ];
    const lines = switches.map((words) => `p.add_argument(${words})`);
    writeFileSync(script, ["import argparse", "p = argparse.ArgumentParser()", ...lines, ""].join("\n"));
    const notes: string[] = [];
    initFrom(script, target, { note: (text) => void notes.push(text), result: () => undefined });
    assert.match(notes[0] ?? "", /dials no-augment, nesterov;/);
    for (const said of [notes.join(""), readFileSync(target, "utf8")]) {
      assert.match(said, /line 3: .*: it is on by default, so this option changes nothing\n/);
      assert.match(said, /line 4: .*: it is off by default, so this option changes nothing\n/);
    }
  });

  test("nexus init reads click's options, but no switch whose two forms cannot be written together", () => {
    const { words, text, command } = init("click_train.py");
    assert.equal(
      words,
      "python3 click_train.py --output CHANGE_ME --learning-rate 0.0003 --batch-size 32 --activation relu",
    );
    assert.match(text, /augment was left out/);
    assert.deepEqual([command.metrics[0]?.short, command.metrics[0]?.higherIsBetter], ["val_loss", false]);
  });

  test("nexus init reads typer's options, with --no-x", () => {
    const { words, command } = init("typer_train.py");
    assert.match(
      words,
      /--learning-rate 0.001 --batch-size 128 --dropout 0.1 --depth 3 --warmup 500 --amp --momentum 0.9$/,
    );
    assert.deepEqual(patternFits(command.patterns[0], "epoch 2 loss: 0.5"), { iters: "2", loss: "0.5" });
  });

  test("nexus init reads HfArgumentParser's dataclasses, inherited ones too, and TrainingArguments' dials", () => {
    const { dials, words, text, said } = init("hf_train.py");
    assert.deepEqual(
      dials,
      "clip dropout hidden_dim freeze use_bias pooling scheduler learning_rate per_device_train_batch_size weight_decay".split(
        " ",
      ),
    );
    assert.equal(
      words,
      "python3 hf_train.py --data_dir CHANGE_ME --clip 1 --dropout 0.1 --hidden_dim 128 --freeze False --use_bias True " +
        "--pooling mean --scheduler linear --learning_rate 0.00005 --per_device_train_batch_size 8 --weight_decay 0 --seed 7",
    );
    assert.match(text, /# layers: \.\.\. {3}\(it takes several values\)/);
    assert.match(said, /line 32: TrainingArguments: of its many options only learning_rate, /);
  });

  test("nexus init reads the metrics that transformers' Trainer itself prints", () => {
    const { spec, command, text, said } = init("trainer_train.py");
    assert.deepEqual(
      command.metrics.map(({ short }) => short),
      ["eval_f1", "eval_loss", "eval_accuracy"],
    );
    assert.match(said, /dials lr; maximize eval_f1\./);
    assert.match(text, /goal: maximize/);
    assert.ok(spec);
    const [pattern] = command.patterns.map(String);
    for (const quote of ["", "'"]) {
      // As versions 4 and 5 of transformers print it.
      const line = `{'eval_loss': 0.51, 'eval_accuracy': 0.8, 'eval_f1': nan, 'eval_runtime': 1.2, 'epoch': 1.0}`;
      const printed = line.replaceAll(/: ([\w.]+)/g, `: ${quote}$1${quote}`);
      assert.deepEqual(patternFits(pattern, printed), { eval_loss: "0.51", eval_accuracy: "0.8", eval_f1: "nan" });
    }
    assert.deepEqual(patternFits(pattern, "{'loss': '0.6', 'grad_norm': '1.1', 'epoch': '1'}"), {});
  });

  test("nexus init finds a Trainer's metrics, whether and however the script evaluates", () => {
    const head =
      "import evaluate\nfrom transformers import HfArgumentParser, Seq2SeqTrainer, Trainer, TrainingArguments\n";
    const read = (lines: string) => {
      const folder = temporaryFolder();
      writeFileSync(join(folder, "t.py"), head + lines);
      const notes: string[] = [];
      const output = { note: (text: string) => void notes.push(text), result: () => undefined };
      initFrom(join(folder, "t.py"), join(folder, "t.yaml"), output);
      const text = readFileSync(join(folder, "t.yaml"), "utf8");
      return {
        metrics: /metrics: \[(.*)\]/.exec(text)?.[1],
        goal: /goal: (\w+)/.exec(text)?.[1],
        said: notes.join(""),
      };
    };
    const withLoad =
      "acc = evaluate.load('accuracy')\ndef measure(p):\n    return acc.compute(predictions=p)\n" +
      "Trainer(m, TrainingArguments('o', evaluation_strategy='steps'), compute_metrics=measure).train()\n";
    const loaded = read(withLoad);
    assert.deepEqual([loaded.metrics, loaded.goal], ["eval_accuracy, eval_loss", "maximize"]);
    const plain = read("Seq2SeqTrainer(m, TrainingArguments('o', eval_strategy='epoch')).train()\n");
    assert.deepEqual([plain.metrics, plain.goal], ["eval_loss", "minimize"]);
    const unknown = read("Trainer(m, TrainingArguments('o', eval_strategy='epoch'), compute_metrics=x.y).train()\n");
    assert.equal(unknown.metrics, "eval_loss");
    assert.match(unknown.said, /what compute_metrics returns is not written out/);
    const without = read("Trainer(m, TrainingArguments('o')).train()\n");
    assert.deepEqual([without.metrics, without.goal], ["loss", "minimize"]);
    assert.match(without.said, /the Trainer does not evaluate/);
    const parsed = read(
      "args, = HfArgumentParser(TrainingArguments).parse_args_into_dataclasses()\nTrainer(m, args).train()\n",
    );
    assert.equal(parsed.metrics, "eval_loss");
    assert.match(parsed.said, /pass --eval_strategy epoch/);
    const own = read("Trainer(m, TrainingArguments('o', eval_strategy='no')).train()\nprint(f'val_loss: {x}')\n");
    assert.equal(own.metrics, "val_loss", "what the script prints itself goes first");
  });

  test("nexus init reads tyro's options, with dataclasses in dataclasses", () => {
    const { words } = init("tyro_train.py");
    assert.equal(
      words,
      "python3 tyro_train.py --data CHANGE_ME --optimizer.learning-rate 0.0003 --optimizer.weight-decay 0.01 " +
        "--batch-size 64 --amp --activation RELU",
    );
  });

  test("nexus init reads fire's options, by the function's defaults", () => {
    const { words, said, command } = init("fire_train.py");
    assert.equal(
      words,
      "python3 fire_train.py --data CHANGE_ME --learning_rate 0.001 --batch_size 32 --dropout 0.1 --amp True",
    );
    assert.match(said, /line 4: others: what it takes besides \(\*\) is not seen/);
    assert.deepEqual(patternFits(command.patterns[0], "epoch 2 loss: 0.5"), { iters: "2", loss: "0.5" });
  });

  test("nexus init reads Hydra's options, by its configuration and the groups that it chooses", () => {
    const { words, spec, dials, text } = init("hydra/train.py");
    assert.equal(
      words,
      "python3 train.py checkpoint=CHANGE_ME optimizer=adam optimizer.lr=0.0003 optimizer.weight_decay=0.01 " +
        "model.block.expansion=4 model.dropout=0.2 model.depth=4 trainer.warmup_ratio=0.1 seed=7 model.hidden_size=256 " +
        "trainer.batch_size=48",
    );
    assert.ok(dials.includes("optimizer"));
    assert.deepEqual(spec.settings.code, ["train.py", "conf"]);
    assert.match(text, /left out, since not every choice of its group has it: optimizer\.beta1, optimizer\.momentum/);
  });

  test("nexus init reads a script written for W&B, and says how its import changes", () => {
    const { dials, command, said } = init("wandb_train.py");
    assert.deepEqual(dials, ["learning_rate", "batch_size"]);
    assert.deepEqual(
      command.metrics.map(({ short }) => short),
      ["val_accuracy", "train_loss"],
    );
    assert.match(said, /import nexus_swarm\.wandb as wandb/);
  });

  test("nexus init reads a script without options, which prints JSON", () => {
    const { dials, command, text } = init("plain.py");
    assert.deepEqual([dials, command.metrics[0]?.short, command.patterns], [[], "loss", []]);
    assert.match(text, /^# hyperparameters:$/m);
  });

  test("nexus init names what a script logs to W&B as nexus_swarm reports it", () => {
    const folder = temporaryFolder();
    const [script, target] = [join(folder, "t.py"), join(folder, "t.yaml")];
    writeFileSync(
      script,
      'import wandb, json\nwandb.log({"val/loss": 1, "epoch": 2})\nprint(json.dumps({"a/b": 1}))\n',
    );
    initFrom(script, target, { note: () => undefined, result: () => undefined });
    assert.match(readFileSync(target, "utf8"), /metrics: \[val_loss\] .*\n +goal: minimize\n/);
  });

  test("nexus init turns a W&B sweep into a spec", () => {
    const { dials, spec, words, text } = init("sweep.yaml");
    assert.deepEqual(dials, ["learning_rate", "batch_size", "dropout", "layers", "optimizer", "nested_width"]);
    assert.deepEqual([spec.settings.totalRuns, spec.settings.hpTuning], [40, "dgd"]);
    assert.match(words, /^python3 wandb_train\.py .*--epochs 5 --nested\.width 64$/);
    assert.match(text, /noise was left out/);
  });

  test("nexus init gives a W&B grid without run_cap a run for each configuration", () => {
    const folder = temporaryFolder();
    const [source, target] = [join(folder, "s.yaml"), join(folder, "t.yaml")];
    const specOf = (parameters: string) => {
      writeFileSync(source, `method: grid\nmetric: {name: a, goal: maximize}\nparameters:\n${parameters}`);
      rmSync(target, { force: true });
      initFrom(source, target, { note: () => undefined, result: () => undefined });
      writeFileSync(join(folder, "train.py"), "");
      const { hyperparameters, settings } = loadSpecFile(target, {}).spec;
      return [settings.totalRuns, spaceSize(hyperparameters)];
    };
    assert.deepEqual(specOf("  a: {values: [1, 2, 3]}\n  b: {values: [x, y]}\n  c: {value: 1}\n"), [6, 6n]);
    assert.deepEqual(specOf("  a: {values: [1, 2, 3, 4, 5]}\n  b: {min: 1, max: 25}\n"), [75, 75n]);
    assert.match(readFileSync(target, "utf8"), /Note: a grid tries about ten marks of a range; .* of b\n/);
  });

  test("nexus init says which options have no name of their own as hyperparameters, or an impossible one", () => {
    const folder = temporaryFolder();
    const [source, target] = [join(folder, "train.py"), join(folder, "t.yaml")];
    const options = ["--optimizer.lr", "--optimizer_lr", "--9lives"].map(
      (name) => `p.add_argument("${name}", type=float, default=0.1)`,
    );
    writeFileSync(
      source,
      ["import argparse", "p = argparse.ArgumentParser()", ...options, "p.parse_args()", ""].join("\n"),
    );
    const notes: string[] = [];
    initFrom(source, target, { note: (text) => void notes.push(text), result: () => undefined });
    for (const said of [notes.join(""), readFileSync(target, "utf8")]) {
      assert.match(
        said,
        /optimizer_lr was left out: optimizer\.lr has the same name as a hyperparameter, optimizer_lr\n/,
      );
      assert.match(said, /9lives was left out: such a name cannot be an argument\n/);
    }
  });

  test("nexus init finds the modules of a sweep's program beside that program", () => {
    const folder = temporaryFolder();
    const [source, target] = [join(folder, "s.yaml"), join(folder, "t.yaml")];
    mkdirSync(join(folder, "src"));
    writeFileSync(join(folder, "src", "train.py"), "import model\n");
    writeFileSync(join(folder, "src", "model.py"), "");
    writeFileSync(source, "program: src/train.py\nparameters: {a: {values: [1, 2]}}\n");
    initFrom(source, target, { note: () => undefined, result: () => undefined });
    assert.deepEqual(loadSpecFile(target, {}).spec.settings.code, ["src/train.py", "src/model.py"]);
  });

  test("nexus init never touches a file that is there already, and executes nothing of the script", () => {
    const folder = temporaryFolder();
    const file = join(folder, "train.py");
    writeFileSync(file, `open(${JSON.stringify(join(folder, "executed"))}, "w")\nprint(f"loss: {1}")\n`);
    const quiet = { note: () => undefined, result: () => undefined };
    initFrom(file, undefined, quiet);
    const before = readFileSync(join(folder, "search.yaml"), "utf8");
    assert.throws(() => initFrom(file, undefined, quiet), /search\.yaml is there already and was not touched/);
    assert.equal(readFileSync(join(folder, "search.yaml"), "utf8"), before);
    assert.equal(existsSync(join(folder, "executed")), false);
  });

  test("nexus init says what it cannot read: no Python, no file, a spec elsewhere", () => {
    const quiet = { note: () => undefined, result: () => undefined };
    const folder = temporaryFolder();
    mkdirSync(join(folder, "sub"));
    writeFileSync(join(folder, "train.py"), "x = 1\n");
    assert.throws(
      () => initFrom(join(scripts, "broken.py"), join(folder, "a.yaml"), quiet),
      /no Python that can be read: line 2/,
    );
    assert.throws(
      () => initFrom(join(folder, "none.py"), undefined, quiet),
      /there is no such file; expected a training script/,
    );
    assert.throws(
      () => initFrom(join(folder, "train.py"), join(folder, "sub", "a.yaml"), quiet),
      /is not in the folder of train\.py, nor above it/,
    );
    assert.throws(
      () => initFrom(join(folder, "train.py"), join(folder), quiet),
      /is a folder; name a file in it: nexus init \S+\/train\.py \S+\/search\.yaml$/,
    );
    assert.equal(existsSync(join(folder, "a.yaml")), false);
  });

  test("nexus init reads only scripts, and sweeps that are there; other names are new specs", () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "spec.yaml"), "component: root/Root_Component\n");
    writeFileSync(join(folder, "empty.yaml"), "");
    const names = [
      join(folder, "empty.yaml"),
      join(scripts, "sweep.yaml"),
      "train.py",
      join(folder, "spec.yaml"),
      join(folder, "new.yaml"),
    ];
    assert.deepEqual(names.map(isToBeRead), [false, true, true, false, false]);
  });
});
