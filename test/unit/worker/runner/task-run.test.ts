import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { FromRunner } from "../../../../worker/runner/protocol.ts";
import { encodeRun } from "../../../../worker/runner/run-state.ts";
import { TaskRun } from "../../../../worker/runner/task-run.ts";
import { temporaryFolder } from "../../../support/cleanup.ts";
import { taskOf } from "../../../support/processes/run-task.ts";

test("a runner keeps the text of one job, that of its last run", async () => {
  const { job: _, jobText, ...rest } = taskOf("{component: processors/Probe_Proc, seconds: 0}");
  const ends: FromRunner[] = [];
  for (const [job, isSent] of [
    ["job1", true],
    ["job1", false],
    ["job2", true],
    ["job1", false],
  ] as const) {
    let last: FromRunner | undefined;
    const message = { type: "run", id: 1, job, jobText: isSent ? jobText : null, ...rest } as const;
    await new TaskRun(message, (each) => {
      last = each;
    }).execute();
    if (last) ends.push(last);
  }
  assert.deepEqual(
    ends.map((end) => (end.type === "failed" ? end.reason : end.type)),
    ["done", "done", "done", "the text of job1 was not sent to this runner"],
  );
});

test("a run whose checkpoint this machine cannot write fails of its machine and does not begin afresh", () => {
  const task = { type: "run", id: 1, ...taskOf("{component: processors/Probe_Proc, seconds: 0, value: *a}") };
  const run = { stage: 1, iters: 1, hours: 0, summary: { value: 0, count: 0 }, metrics: {}, state: new Uint8Array() };
  /** What is told of the run, besides its lines, in a process that may write files of 16 blocks, 8 KB or 16 KB. */
  const told = (bytes: Uint8Array): FromRunner[] => {
    const module = new URL("../../../../worker/runner/task-run.js", import.meta.url);
    const script = `const { TaskRun } = await import(${JSON.stringify(module.href)});
      const resume = Buffer.from(${JSON.stringify(Buffer.from(bytes).toString("base64"))}, "base64");
      const told = [];
      await new TaskRun({ ...${JSON.stringify(task)}, resume }, (message) => told.push(message)).execute();
      process.stdout.write(JSON.stringify(told));`;
    const limited = 'ulimit -f 16 && exec "$1" --input-type=module -e "$2"';
    const { stdout } = spawnSync("sh", ["-c", limited, "sh", process.execPath, script], { encoding: "utf8" });
    const all = JSON.parse(stdout) as FromRunner[]; // what it printed
    return all.filter(({ type }) => type !== "reports");
  };
  const [end, ...more] = told(encodeRun(run, { model: new Uint8Array(50_000) }));
  assert.ok(end?.type === "failed" && end.isOfMachine, JSON.stringify(end));
  assert.match(end.reason, /^the run's checkpoint of 51 kB could not be written here: EFBIG/);
  assert.deepEqual(more, []);
  const [unread, last] = told(encodeRun(run, { a: new Uint8Array(1), "a/b": new Uint8Array(1) }));
  assert.ok(unread?.type === "checkpoint" && unread.state.isUnread, "the state itself is at fault");
  assert.equal(last?.type, "done");
});

test("a run whose folder cannot be emptied on this machine fails of its machine", () => {
  const base = temporaryFolder();
  // Root may delete anything, so it gives up its rights first.
  chmodSync(base, 0o777);
  const directory = join(base, "run");
  const task = { type: "run", id: 1, ...taskOf("{component: processors/Probe_Proc, seconds: 0}"), directory };
  const module = new URL("../../../../worker/runner/task-run.js", import.meta.url);
  const script = `const { TaskRun } = await import(${JSON.stringify(module.href)});
    const { chmodSync, mkdirSync, writeFileSync } = await import("node:fs");
    if (process.getuid() === 0) process.setuid(65534);
    const task = ${JSON.stringify(task)};
    mkdirSync(task.directory + "/closed", { recursive: true });
    writeFileSync(task.directory + "/closed/file", "");
    chmodSync(task.directory + "/closed", 0o500);
    const told = [];
    await new TaskRun(task, (message) => told.push(message)).execute();
    chmodSync(task.directory + "/closed", 0o700);
    process.stdout.write(JSON.stringify(told.at(-1)));`;
  const said = execFileSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
  const end = JSON.parse(said) as FromRunner; // what it printed
  assert.ok(end.type === "failed" && end.isOfMachine, said);
  assert.ok(end.reason.startsWith(`what an earlier attempt left in ${directory} cannot be deleted here: `), said);
});
