import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { jobName } from "../../../shared/domain/names.ts";
import { exitCode } from "../../../shared/errors.ts";
import { pathsBelow } from "../../support/living-tree.ts";
import { eventually } from "../../support/patience.ts";
import { nexusHere, standIn } from "../../support/processes/nexus-here.ts";
import { Swarm } from "../../support/processes/swarm.ts";

/**
 * A setup that installs a package without any tool: it copies the package to where the environment's Python finds it.
 */
const install = `
import os, shutil, sys, sysconfig
if os.path.exists(os.path.join(os.path.dirname(sys.argv[0]), "broken")):
    print("collecting tiny-package")
    sys.exit("ERROR: no matching distribution for tiny-package")
shutil.copy(sys.argv[1], sysconfig.get_paths()["purelib"])
print("installed into", sys.prefix)
`;

const train = `
import json, sys
import tiny_package
print("prefix", sys.prefix)
print(json.dumps({"iters": 1, "score": tiny_package.score}))
`;

const spec = (job: string): string => `component: root/Root_Component
experiment_path: results
job_launcher:
  component: job_launchers/XT
  enabled: 1
  hp_tuning: grid
  total_runs: 2
  monitor: none
  code: [.]
  ignore: ["*.yaml"]
${job}hyperparameters:
  - name: &a
      ordered_tuning_values: [1, 2]
      tuned_value: 1
processing_stages:
  - processing_stage:
      component: processors/Command_Proc
      command: [python, train.py]
      arguments: {a: *a}
      metrics: [score]
`;

test("a setup makes an environment once on each worker, and its failure is the worker's", async () => {
  const swarm = new Swarm();
  await swarm.coordinator();
  const mine = join(swarm.folder, "mine");
  mkdirSync(mine);
  for (const [name, text] of Object.entries({
    "install.py": install,
    "train.py": train,
    "tiny_package.py": "score = 7\n",
    "search.yaml": spec("  setup: [python, install.py, tiny_package.py]\n"),
    "none.yaml": spec('  setup: [python, install.py, tiny_package.py]\n  python: "3.99"\n'),
  }))
    writeFileSync(join(mine, name), text);
  standIn(swarm);
  const run = async (file: string): Promise<void> => {
    const launched = await nexusHere("run", join(mine, file));
    assert.equal(launched.code, exitCode.done, launched.stderr);
  };
  const state = join(swarm.folder, "state/nexus");
  const environments = (): string[] => pathsBelow(state).filter((path) => /environments\/\w+\.json$/.test(path));

  await run("search.yaml");
  const worker = swarm.worker("keeper", ["--slots", "2"]);
  const first = await swarm.when("the first job is done", jobName(1), ({ isOver }) => isOver);
  assert.deepEqual(
    [...first.trials].map(({ hpmax, attempts }) => [hpmax, attempts.length]),
    [
      [7, 1],
      [7, 1],
    ],
  );
  const [made = "", ...others] = environments();
  assert.deepEqual(others, [], "both runs share it");
  const folder = made.replace(/\.json$/, "");
  const name = first.trial(1)?.run ?? "";
  const shown = await nexusHere("view", "run", name);
  assert.match(shown.stdout, /\nenvironment +python 3\.\d+\.\d+, setup [0-9a-f]{12}\n/);
  assert.ok((await nexusHere("view", "console", name)).stdout.includes(`\nprefix ${folder}\n`));
  assert.match(readFileSync(`${folder}.log`, "utf8"), /\$ python install\.py tiny_package\.py\ninstalled into /);

  // The same environment is used again, and remade only after it vanished.
  const madeAt = (): number => statSync(join(folder, "pyvenv.cfg")).mtimeMs;
  const before = madeAt();
  await run("search.yaml");
  await swarm.when("the second job is done", jobName(2), ({ isOver }) => isOver);
  assert.equal(madeAt(), before);
  rmSync(join(folder, "bin"), { recursive: true });
  await run("search.yaml");
  const third = await swarm.when("the third job is done", jobName(3), ({ isOver }) => isOver);
  assert.equal(third.outcomes.completed, 2);
  assert.ok(existsSync(join(folder, "bin/python")));

  // A setup that fails here may succeed elsewhere: the run waits, and this worker gets no more of that job.
  writeFileSync(join(mine, "broken"), "");
  writeFileSync(join(mine, "install.py"), `${install}# another one\n`);
  await run("search.yaml");
  const told = await eventually(
    "the job waits for a worker that can run it",
    async () => {
      const { stdout } = await nexusHere("why", "job4");
      return /can run it/.test(stdout) ? stdout : undefined;
    },
    { everyMs: 300 },
  );
  assert.match(
    told,
    /keeper: its setup failed: python install\.py tiny_package\.py ended with exit code 1: ERROR: no matching/,
  );
  const table = await swarm.table(jobName(4));
  const cause = table.trial(1)?.attempts[0];
  assert.deepEqual([cause?.cause, table.ended], ["owner", 0], "no run of it failed, and none is charged");
  const failed = await nexusHere("view", "console", table.trial(1)?.run ?? "");
  assert.match(
    failed.stdout + failed.stderr,
    /collecting tiny-package\nERROR: no matching distribution for tiny-package/,
  );
  assert.equal((await nexusHere("cancel", "job4", "--yes")).code, exitCode.done);

  await run("none.yaml");
  const lacking = await eventually(
    "the job waits for its Python",
    async () => {
      const { stdout } = await nexusHere("why", "job5");
      return /can run it/.test(stdout) ? stdout : undefined;
    },
    { everyMs: 300 },
  );
  assert.match(lacking, /keeper: there is no Python 3\.99 here: found 3\.\d+\.\d+/);
  assert.equal(worker.child.exitCode, null);
  await swarm.verify();
  await swarm.end();
});

test("in a sandbox a setup is executed there, without a network and out of reach of the worker's key", async () => {
  const swarm = new Swarm();
  await swarm.coordinator();
  const mine = join(swarm.folder, "mine");
  mkdirSync(mine);
  const look = `
import os, socket, sys
for what, act in [
    ("keys", lambda: os.listdir(sys.argv[1])),
    ("code", lambda: open("train.py", "a")),
    ("network", lambda: socket.create_connection(("127.0.0.1", int(sys.argv[2])), 5)),
]:
    try:
        act()
        print(what, "reached")
    except OSError as error:
        print(what, type(error).__name__)
print("home", os.environ["HOME"], "in", os.path.basename(os.getcwd()) != "")
`;
  const keys = join(swarm.folder, "data/nexus/ws1/secrets");
  const port = JSON.parse(readFileSync(join(swarm.folder, "data/nexus/ws1/endpoint.json"), "utf8")).url.match(
    /:(\d+)/,
  )?.[1];
  const setup = `  setup: [[python, look.py, ${keys}, "${port}"], [python, install.py, tiny_package.py]]\n`;
  for (const [name, text] of Object.entries({
    "install.py": install,
    "look.py": look,
    "train.py": train,
    "tiny_package.py": "score = 7\n",
    "search.yaml": spec(setup),
  }))
    writeFileSync(join(mine, name), text);
  standIn(swarm);
  const launched = await nexusHere("run", join(mine, "search.yaml"));
  assert.equal(launched.code, exitCode.done, launched.stderr);
  swarm.worker("boxed", ["--slots", "2", "--sandbox"]);
  const table = await swarm.when("the job is done", jobName(1), ({ isOver }) => isOver);
  assert.deepEqual(
    [...table.trials].map(({ hpmax, attempts }) => [hpmax, attempts.length]),
    [
      [7, 1],
      [7, 1],
    ],
  );
  const logs = pathsBelow(join(swarm.folder, "state/nexus")).filter((path) => /environments\/\w+\.log$/.test(path));
  assert.equal(logs.length, 1, "both runs share it");
  const said = readFileSync(logs[0] ?? "", "utf8");
  assert.doesNotMatch(said, /bwrap|reached/);
  assert.match(said, /\nkeys FileNotFoundError\ncode \w+Error\nnetwork \w+Error\nhome \/tmp\/home in True\n/);
  await swarm.verify();
  await swarm.end();
});
