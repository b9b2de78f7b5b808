import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { promisify } from "node:util";
import { packageRoot } from "../../../shared/components/component-defaults.ts";
import { temporaryFolder } from "../../support/cleanup.ts";

const root = packageRoot();
const fixtures = join(root, "test/fixtures/python");

/** Runs Python with our library on its path, as if installed by pip. */
const python = (words: readonly string[], env: NodeJS.ProcessEnv = {}) =>
  promisify(execFile)("/usr/bin/python3", ["-B", ...words], {
    cwd: temporaryFolder(),
    env: { ...process.env, PYTHONPATH: join(root, "python/src"), ...env },
  });

/** Prints what a script prints whose `import wandb` finds ours. */
async function printed(script: string, words: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Promise<string> {
  const file = join(temporaryFolder(), "train.py");
  writeFileSync(file, script);
  return (await python(["-m", "nexus_swarm.wandb", file, ...words], env)).stdout;
}

/** The environment of a run. */
function inRun(parameters: object): NodeJS.ProcessEnv {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "parameters.json"), JSON.stringify(parameters));
  return { NEXUS_STATE: join(folder, "state"), NEXUS_PARAMETERS: join(folder, "parameters.json") };
}

describe("a script for W&B", () => {
  test("nexus_swarm.wandb does what W&B's scripts do as people write them, and says what it leaves out", async () => {
    const env = inRun({ lr: 0.5, layers: 3 });
    const { stdout, stderr } = await python(
      ["-m", "nexus_swarm.wandb", join(fixtures, "wandb_script.py"), "--lr=9"],
      env,
    );
    assert.deepEqual(stdout.split("\n"), [
      "0.5 3 sgd True",
      '{"iters": 1, "val_loss": 0.5, "better": 1}',
      '{"iters": 4, "loss": 0.25, "accuracy": 0.75}',
      '{"iters": 5, "best": 0.125}',
      "0.125 0.25",
      "",
    ]);
    assert.deepEqual(stderr.split("\n"), [
      "nexus_swarm.wandb: sweep() starts no search; the runspec does",
      "nexus_swarm.wandb: init() has no option 'colour'; it does nothing",
      "nexus_swarm.wandb: step 1 comes after step 3 and is dropped",
      "",
    ]);
    for (const [words, message] of [
      [[], /expected a script, found none; type: python -m nexus_swarm\.wandb train\.py/],
      [["gone.py"], /there is no script gone\.py/],
    ] as const)
      await assert.rejects(python(["-m", "nexus_swarm.wandb", ...words]), { message });
  });

  test("nexus_swarm.wandb reports the other metrics of a script that logs its own iters", async () => {
    const script = `import wandb
run = wandb.init()
for i in range(2):
    wandb.log({"iters": 10 * i, "loss": 0.5})
wandb.log({"iters": 20})
print(run.summary["iters"])
`;
    assert.equal(await printed(script, [], inRun({})), '{"iters": 1, "loss": 0.5}\n{"iters": 2, "loss": 0.5}\n20.0\n');
  });

  test("nexus_swarm.wandb keeps what a script's own parser has made of the command line", async () => {
    const script = `import argparse, wandb
parser = argparse.ArgumentParser()
parser.add_argument("--amp", type=lambda text: text == "True", default=True)
parser.add_argument("--size", type=lambda text: int(text.rstrip("k")) * 1000, default=1)
args = parser.parse_args()
print(*(wandb.init(config=each).config for each in (args, vars(args), {**vars(args), "lr": 0.1})))
`;
    const twice = (lr: string, amp: string, size: number): string => {
      const config = `{'amp': ${amp}, 'size': ${size}`;
      return `${config}} ${config}} ${config}, 'lr': ${lr}}\n`;
    };
    const words = ["--amp", "False", "--size=3k"];
    assert.equal(await printed(script, words), twice("0.1", "False", 3000));
    assert.equal(await printed(script, words, inRun({ amp: "False", size: "3k" })), twice("0.1", "False", 3000));
    assert.equal(await printed(script, words, inRun({ amp: true, size: 5 })), twice("0.1", "True", 5));
    const plain = `import wandb\nprint(wandb.init(config={"lr": 0.1}).config)\n`;
    assert.equal(await printed(plain, ["--lr", "0.3"]), "{'lr': 0.3}\n");
  });

  test("a script for W&B may change its own settings in a run, but not what the search chose", async () => {
    const script = `import wandb
config = wandb.init(config={"lr": 0.1, "steps": 3}).config
config.update({"lr": 9, "steps": 5}, allow_val_change=True)
config.seed = 7
print(config)
`;
    assert.equal(await printed(script, [], inRun({ lr: 0.5 })), "{'lr': 0.5, 'steps': 5, 'seed': 7}\n");
    assert.equal(await printed(script), "{'lr': 9, 'steps': 5, 'seed': 7}\n");
  });

  test("an argument with dashes sets a W&B script's own setting with underscores", async () => {
    const script = `import wandb
config = wandb.init(config={"batch_size": 32}).config
config.update({"batch_size": 9})
print(config)
`;
    assert.equal(await printed(script, [], inRun({ "batch-size": 64 })), "{'batch_size': 64}\n");
    const parsed = `import argparse, wandb
parser = argparse.ArgumentParser()
parser.add_argument("--max-size", type=lambda text: int(text.rstrip("k")) * 1000, default=1)
print(wandb.init(config=vars(parser.parse_args())).config["max_size"])
`;
    assert.equal(await printed(parsed, ["--max-size", "3k"], inRun({ "max-size": "3k" })), "3000\n");
  });

  test("a name with dots is a key in a W&B script's nested setting, as in a sweep, also if it is set again", async () => {
    const script = `import wandb
own = {"optimizer": {"lr": 0.1, "name": "sgd", "warm": {"steps": 3}}, "flat.x": 1, "kind": "a"}
config = wandb.init(config=own).config
print(config["optimizer"], config.model["width"], own["optimizer"]["lr"], "flat" in config, config["flat.x"], config.kind)
config.update({"optimizer": {"lr": 9, "name": "adam"}})
print(config.optimizer, config["optimizer.lr"])
`;
    const chosen = { "optimizer.lr": 1, "optimizer.warm.steps": 7, "model.width": 8, "flat.x": 2, "kind.of": 4 };
    assert.equal(
      await printed(script, [], inRun(chosen)),
      "{'lr': 1.0, 'name': 'sgd', 'warm': {'steps': 7}} 8 0.1 False 2 a\n" +
        "{'lr': 1.0, 'name': 'adam', 'warm': {'steps': 7}} 1\n",
    );
  });

  test("a script for W&B and what it spawns get our wandb, even if another lies beside it", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "wandb.py"), "");
    writeFileSync(join(folder, "beside.py"), "name = 'beside'\n");
    const script = `import beside, multiprocessing, wandb

def tell():
    print(beside.name, wandb.__name__, flush=True)

if __name__ == "__main__":
    tell()
    child = multiprocessing.get_context("spawn").Process(target=tell)
    child.start()
    child.join()
`;
    writeFileSync(join(folder, "train.py"), script);
    const { stdout } = await python(["-m", "nexus_swarm.wandb", join(folder, "train.py")]);
    assert.equal(stdout, "beside nexus_swarm.wandb\n".repeat(2));
  });

  test("processes that a script for W&B spawns find the same wandb as the script", async () => {
    const script = `import multiprocessing, sys, wandb
from concurrent.futures import ProcessPoolExecutor

def told(_):
    import wandb as again
    return again.__name__

if __name__ == "__main__":
    for method in ("spawn", "forkserver"):
        with ProcessPoolExecutor(1, multiprocessing.get_context(method)) as pool:
            print(*pool.map(told, [1]), wandb.__name__, wandb is sys.modules["nexus_swarm.wandb"])
`;
    const line = "nexus_swarm.wandb nexus_swarm.wandb True\n";
    assert.equal(await printed(script), `${line}${line}`);
  });
});
