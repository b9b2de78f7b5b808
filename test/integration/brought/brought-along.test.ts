import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { linkWorkspace } from "../../../shared/broker/workspace-link.ts";
import { jobName } from "../../../shared/domain/names.ts";
import { exitCode } from "../../../shared/errors.ts";
import { allBundlePieces, streams } from "../../../shared/wire/subjects.ts";
import { pathsBelow } from "../../support/living-tree.ts";
import { eventually } from "../../support/patience.ts";
import { nexusHere, standIn } from "../../support/processes/nexus-here.ts";
import { Swarm } from "../../support/processes/swarm.ts";

/** Prints checksums of its code and data, and whether it may write to the data. */
const program = `
import { createHash } from "node:crypto";
import { accessSync, constants, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
const sum = (path) => createHash("sha256").update(readFileSync(path)).digest("hex").slice(0, 12);
const { NEXUS_CODE, NEXUS_INPUTS } = process.env;
console.log("weights " + sum(join(NEXUS_CODE, "weights.bin")));
console.log("data " + sum(join(NEXUS_INPUTS, "data/big.bin")) + " " + sum(process.argv[2]) + " mode " + (statSync(process.argv[2]).mode & 0o222));
console.log(JSON.stringify({ iters: 1, score: 1 }));
`;

const spec = (job: string): string => `component: root/Root_Component
experiment_path: results
job_launcher:
  component: job_launchers/XT
  enabled: 1
  hp_tuning: grid
  total_runs: 1
  monitor: none
  code: [.]
  inputs: [data]
  ignore: [notes.txt, "*.yaml", results]
${job}hyperparameters:
  - name: &a
      ordered_tuning_values: [1, 2]
      tuned_value: 1
processing_stages:
  - processing_stage:
      component: processors/Command_Proc
      command: [${process.execPath}, train.mjs, data/small.txt]
      arguments: {a: *a}
      metrics: [score]
`;

test("code and data of any size travel once to each worker, and what is in them already is not sent again", async () => {
  const swarm = new Swarm();
  await swarm.coordinator(["--lease", "4"]);
  const mine = join(swarm.folder, "mine");
  mkdirSync(join(mine, "data"), { recursive: true });
  mkdirSync(join(mine, "build"));
  mkdirSync(join(mine, ".git"));
  const weights = randomBytes(3_000_000);
  writeFileSync(join(mine, "weights.bin"), weights);
  writeFileSync(join(mine, "data/big.bin"), randomBytes(2_000_000));
  writeFileSync(join(mine, "data/small.txt"), "small");
  writeFileSync(join(mine, "build/made.o"), randomBytes(1000));
  writeFileSync(join(mine, "notes.txt"), "for me");
  writeFileSync(join(mine, ".gitignore"), "build/\ndata/\n");
  writeFileSync(join(mine, "train.mjs"), program);
  writeFileSync(join(mine, "search.yaml"), spec(""));
  standIn(swarm);
  const pieces = async (): Promise<number> => {
    const link = await linkWorkspace(swarm.paths, "viewer");
    const found = await link.bus.subjects(streams.blob, allBundlePieces);
    await link.close();
    return found.length;
  };

  const launched = await nexusHere("run", join(mine, "search.yaml"));
  assert.equal(launched.code, exitCode.done, launched.stderr);
  assert.match(launched.stderr, /search\.yaml: left out: \d+ that \.gitignore or ignore names\n/);
  assert.match(launched.stderr, /\n3\.0 MB of code in 2 files: sent 3\.0 MB in 14 pieces\n/);
  assert.match(launched.stderr, /\n2\.0 MB of inputs in 2 files: sent 2\.0 MB in 10 pieces\n/);
  assert.match(launched.stdout, /uploading 2 code files, uploading 2 input files, job submitted/);
  const stored = await pieces();
  assert.equal(stored, 24);

  const worker = swarm.worker("keeper", ["--slots", "1"]);
  const first = await swarm.when("the first job is done", jobName(1), ({ isOver }) => isOver);
  const console1 = await nexusHere("view", "console", first.trial(1)?.run ?? "");
  assert.match(console1.stdout, /\nweights \w{12}\n/);
  assert.match(console1.stdout, /\ndata \w{12} \w{12} mode 0\n/);
  const state = join(swarm.folder, "state/nexus");
  const log = (): string => readFileSync(findLog(state), "utf8");
  const fetches = (): number[] =>
    [...log().matchAll(/"pieces":(\d+),"fetched":(\d+)/g)].map(([, , fetched]) => Number(fetched));
  assert.deepEqual(fetches(), [13, 9]);

  // The same job again: nothing is sent to the broker or to the worker.
  const again = await nexusHere("run", join(mine, "search.yaml"));
  assert.match(again.stderr, /\n3\.0 MB of code in 2 files: the broker has all of it\n/);
  await swarm.when("the second job is done", jobName(2), ({ isOver }) => isOver);
  assert.deepEqual([fetches(), await pieces()], [[13, 9], stored]);

  // One small file changes: its piece and the list are sent, the large file is not.
  writeFileSync(join(mine, "train.mjs"), `${program}// changed\n`);
  const changed = await nexusHere("run", join(mine, "search.yaml"));
  assert.match(
    changed.stderr,
    /\n3\.0 MB of code in 2 files: sent \S+ kB in 2 pieces, of 14; the broker had the others\n/,
  );
  const third = await swarm.when("the third job is done", jobName(3), ({ isOver }) => isOver);
  assert.equal(third.outcomes.completed, 1);
  assert.deepEqual(fetches(), [13, 9, 1]);

  // A restarted worker checks its cached files and repairs damaged ones.
  worker.child.kill("SIGTERM");
  await worker.exited();
  const cache = join(findLog(state), "../cache");
  const folders = readdirSync(cache);
  assert.equal(folders.length, 3);
  for (const folder of folders) {
    const file = join(cache, folder, "files/weights.bin");
    if (!existsSync(file)) continue;
    const bytes = readFileSync(file);
    bytes[1_000_000] = (bytes[1_000_000] ?? 0) ^ 1;
    writeFileSync(file, bytes);
    writeFileSync(join(cache, folder, "files/sitecustomize.py"), "left by a run");
  }
  swarm.worker("keeper", ["--slots", "1"]);
  await nexusHere("run", join(mine, "search.yaml"));
  const fourth = await swarm.when("the fourth job is done", jobName(4), ({ isOver }) => isOver);
  assert.equal(fourth.outcomes.completed, 1);
  await eventually("the damaged piece was fetched", () => fetches().length === 4);
  assert.equal(fetches()[3], 1, "both copies had the damage in the same piece");
  const mended = readdirSync(cache)
    .map((folder) => join(cache, folder, "files"))
    .filter((folder) => existsSync(join(folder, "train.mjs")))
    .filter((folder) => readFileSync(join(folder, "train.mjs"), "utf8").endsWith("// changed\n"));
  assert.deepEqual(
    mended.map((folder) => [readFileSync(join(folder, "weights.bin")).equals(weights), readdirSync(folder).sort()]),
    [[true, ["train.mjs", "weights.bin"]]],
  );
  assert.equal(statSync(join(mended[0] ?? "", "train.mjs")).mode & 0o777, 0o600);
  await swarm.verify();

  // Deleting a job deletes its pieces, except those that other jobs share; a later job sends them again.
  assert.equal(await pieces(), stored + 2);
  const left: number[] = [];
  for (const jobs of ["job1", "job2", "job3-job4"]) {
    const { code, stderr } = await nexusHere("delete", jobs, "--yes");
    assert.equal(code, exitCode.done, stderr);
    left.push(await pieces());
  }
  assert.deepEqual(left, [stored + 2, stored, 0]);
  const sent = await nexusHere("run", join(mine, "search.yaml"));
  assert.match(sent.stderr, /\n3\.0 MB of code in 2 files: sent 3\.0 MB in 14 pieces\n/);
  await swarm.when("the fifth job is done", jobName(5), ({ isOver }) => isOver);
  await swarm.verify();
  await swarm.end();
});

/** The log of the one worker. */
function findLog(state: string): string {
  const found = pathsBelow(state).find((path) => path.endsWith("worker.log"));
  if (found === undefined) throw new Error(`no worker.log in ${state}`);
  return found;
}
