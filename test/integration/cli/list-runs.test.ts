import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { exitCode } from "../../../shared/errors.ts";
import { workspacePaths } from "../../../shared/machine/workspace.ts";
import { temporaryFolder } from "../../support/cleanup.ts";
import { nexusAt } from "../../support/processes/nexus-here.ts";
import { tellWorkspace } from "../../support/stories/told-workspace.ts";
import { job278, job289, tutorialText } from "../../support/stories/tutorial-jobs.ts";

/** The tutorial's two jobs in a real store, and no coordinator: each command starts a broker for itself. */
const folder = temporaryFolder();

before(async () => {
  const paths = workspacePaths("ws1", { XDG_DATA_HOME: join(folder, "data") });
  await tellWorkspace(paths, [...job278().events, ...job289().events]);
});

test("the tutorial's commands print the tutorial's tables with no coordinator running", async () => {
  const best = await nexusAt(["list", "runs", "job278", "--sort=metrics.hpmax", "--last=10"], folder);
  assert.equal(best.code, exitCode.done, best.stderr);
  assert.equal(best.stdout, tutorialText("list-runs-job278.txt"));
  const again = await nexusAt(["list", "runs", "job289"], folder);
  assert.equal(again.stdout, tutorialText("list-runs-job289.txt"));
  assert.equal(again.stderr, "");
});

test("why a run was tried is read from the journal, also of runs that have ended", async () => {
  const { code, stdout } = await nexusAt(["list", "runs", "job289", "--columns", "run,status,why"], folder);
  assert.equal(code, exitCode.done);
  const rows = stdout.split("\n").filter((line) => /^run\d+\.\d+ /.test(line));
  assert.equal(rows.length, 20);
  for (const row of rows) assert.match(row, / completed +the best run set's neighbour$/);
});

test("nexus list runs --export writes what is listed, and options may be shortened", async () => {
  const { code, stdout, stderr } = await nexusAt(["list", "runs", "job278", "--exp=out/runs.csv", "--chi"], folder);
  assert.equal(code, exitCode.done);
  assert.equal(stdout, "");
  assert.equal(stderr, "20 runs written to out/runs.csv\n");
  const lines = readFileSync(join(folder, "out/runs.csv"), "utf8").split("\n");
  assert.match(lines[0] ?? "", /^workspace,job,target,run,status,iters,s1-hrs,s1-rew,s1-win,hpmax,seqlen,/);
  assert.equal(lines.length, 22);
});

test("jobs are listed as JSON, and workers in words", async () => {
  const jobs = await nexusAt(["list", "jobs", "--json"], folder);
  const parsed = jobs.stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual(
    parsed.map(({ job, ended, status }) => [job, ended, status]),
    [
      ["job278", 19, "running"],
      ["job289", 20, "completed"],
    ],
  );
  const workers = await nexusAt(["list", "workers"], folder);
  assert.match(workers.stdout, /\nws1 +node-887 +admitted +0 +4 +0 +0\n/);
});

test("nexus list runs ends with 3 for a job that is not there, and with 2 for no column", async () => {
  const job = await nexusAt(["list", "runs", "job7"], folder);
  assert.equal(job.code, exitCode.notFound);
  assert.match(job.stderr, /there is no job7 in workspace ws1; it has job278 and job289/);
  const column = await nexusAt(["list", "runs", "job278", "--sort=hpmx"], folder);
  assert.equal(column.code, exitCode.usage);
  assert.match(column.stderr, /there is no column "hpmx"; did you mean hpmax\?/);
});

test("an order without a coordinator says what to start, and starts no broker", async () => {
  const { code, stderr } = await nexusAt(["release", "job278"], folder);
  assert.equal(code, exitCode.unreachable);
  assert.equal(stderr, "no coordinator answers in workspace ws1; start one: nexus-coord\n");
  assert.ok(!existsSync(join(folder, "data/nexus/ws1/broker.json")));
});
