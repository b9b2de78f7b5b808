import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { livingEndpoint } from "../../../coordinator/endpoint/endpoint.ts";
import { packageRoot } from "../../../shared/components/component-defaults.ts";
import type { WorkerId } from "../../../shared/domain/names.ts";
import { eventually } from "../../support/patience.ts";
import { writeProgramSpec } from "../../support/processes/probe-spec.ts";
import { Slurm } from "../../support/processes/slurm.ts";
import { assertExactly, Swarm } from "../../support/processes/swarm.ts";

/** Counts to 12 and records each step; at 6 it waits for a file. Like most programs, it has no handler for SIGTERM. */
const program = `
import { appendFileSync, existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
const file = process.env.NEXUS_STATE + "/at";
let at = existsSync(file) ? Number(readFileSync(file, "utf8")) : 0;
const tell = () => appendFileSync(process.env.COUNTED, process.pid + " " + at + "\\n");
tell();
const timer = setInterval(() => {
  if (at === 6 && !existsSync(process.env.GO)) return;
  at += 1;
  tell();
  console.log(JSON.stringify({ iters: at, value: at }));
  writeFileSync(file + ".new", String(at));
  renameSync(file + ".new", file);
  if (at >= 12) clearInterval(timer);
}, 100);
`;

test("a requeued worker of an array job hands its runs back and keeps its name; every run completes once", async () => {
  const swarm = new Swarm();
  const folder = join(swarm.folder, "slurm");
  const lineFile = join(swarm.folder, "line.txt");
  const go = join(swarm.folder, "go");
  const counted = join(swarm.folder, "counted.txt");
  /** The counts of each program, in the order in which they began. */
  const counts = (): number[][] => {
    const programs = new Map<string, number[]>();
    for (const line of existsSync(counted) ? readFileSync(counted, "utf8").trim().split("\n") : []) {
      const [pid = "", at = ""] = line.split(" ");
      programs.set(pid, [...(programs.get(pid) ?? []), Number(at)]);
    }
    return [...programs.values()];
  };
  const environment = {
    ...swarm.env,
    NEXUS_LINE_FILE: lineFile,
    NEXUS_WORKER: `${process.execPath} ${join(packageRoot(), "dist/worker/main.js")}`,
  };
  const [slurm] = await Promise.all([Slurm.start(folder, environment), swarm.coordinator()]);
  const line = livingEndpoint(swarm.paths)?.joinLine ?? "";
  const [, code = ""] = /\/\/([^@]+)@/.exec(line) ?? [];
  assert.ok(code.length > 10, line);
  writeFileSync(lineFile, `${line}\n`, { mode: 0o600 });

  const script = join(packageRoot(), "specs/slurm/worker.sbatch");
  const array = slurm.run("sbatch", "--parsable", "--array=0-2", "--cpus-per-task=2", script).trim();
  const job = await swarm.submit(
    writeProgramSpec(swarm.folder, "count", { total_runs: 10, hp_tuning: "false", checkpoint_every: 0.5 }, program, {
      COUNTED: counted,
      GO: go,
    }),
  );
  const names = [0, 1, 2].map((task) => `test-${array}-${task}`);
  const output = (task: number): string => readFileSync(join(folder, `nexus-worker-${array}_${task}.log`), "utf8");
  await swarm.when("all tasks are at work", job, ({ holding }) =>
    names.every((name) => holding.get(name as WorkerId) === 2),
  );
  const wait = (): boolean => counts().filter((each) => each.at(-1) === 6).length === 6;
  await eventually("each waits at 6", wait, { everyMs: 20 });
  // A program killed by SIGTERM keeps only its newest checkpoint, so wait for that.
  await swarm.when("each is saved at 6", job, ({ trials }) => {
    const saved = [...trials].filter(({ checkpoint }) => checkpoint?.iters === 6);
    return saved.length === 6;
  });

  const taskOf = (task: number): string => `${array}_${task}`;
  const shown =
    slurm.run("scontrol", "show", "job", "--details", array) +
    slurm.run("scontrol", "write", "batch_script", array, "-");
  assert.ok(shown.includes("nexus-worker") && !shown.includes(code), shown);

  // Preempted: Slurm sends SIGTERM to every process of the task, the programs of its runs included.
  slurm.run("scontrol", "requeue", taskOf(1));
  // Time nearly up: Slurm sends SIGTERM only to the task's script, which requeues the task.
  slurm.run("scancel", "--batch", "--signal=TERM", taskOf(2));
  const moved = await swarm.when("four runs were handed back", job, ({ trials }) => {
    const ends = [...trials].flatMap(({ attempts }) => attempts.map(({ end }) => end));
    return ends.filter((end) => end !== "").length >= 4;
  });
  assert.equal(moved.outcomes.failed, 0, "a signal to everybody fails nothing");
  writeFileSync(go, "");
  for (const task of [1, 2]) {
    const isBack = (): boolean => output(task).match(/ lends 2 slots /g)?.length === 2;
    await slurm.comesBack(taskOf(task), isBack, () => output(task));
  }
  const table = await swarm.when("the job is over", job, ({ isOver }) => isOver);
  assertExactly(table, 10);
  assert.equal(table.outcomes.completed, 10);
  assert.equal(table.lost, 0);
  for (const { hpmax } of table.trials) assert.equal(hpmax, 12, "each counted to its end");
  const begins = counts().map(([at]) => at ?? 0);
  assert.equal(begins.length, 14);
  assert.equal(begins.filter((at) => at === 6).length, 4, `those that moved went on where they were: ${begins}`);
  const { workers } = await swarm.state();
  assert.deepEqual([...workers.keys()].sort(), names, "under the names they had");

  slurm.run("scancel", array);
  await eventually("the array is gone", () => slurm.run("squeue", "--noheader").trim() === "", { everyMs: 50 });
  assert.doesNotMatch(slurm.run("scontrol", "show", "job", array), /JobState=(PENDING|REQUEUED|RUNNING)/);
  await swarm.verify();
  await slurm.end();
  await swarm.end();
});
