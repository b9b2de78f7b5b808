import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { packageRoot } from "../../../../shared/components/component-defaults.ts";
import { plainHousing } from "../../../../worker/node/housing.ts";
import { RunnerPool } from "../../../../worker/node/runner-pool.ts";
import type { RunTask } from "../../../../worker/runner/protocol.ts";
import { temporaryFolder } from "../../../support/cleanup.ts";
import { shellTask, taskOf } from "../../../support/processes/run-task.ts";
import { silentLog } from "../../../support/stories/reign.ts";

const kind = { lowPriority: false, cores: 1, network: false };

/** Takes the place of ours, and writes to its runner's pipe what no worker can read. */
const liar = `import { writeSync } from 'node:fs';
const metric = { short: "val", long: "value", decimals: 1, higherIsBetter: true, aggregation: "last" };
const run = () => {
  writeSync(3, Buffer.from([0, 0, 0, 2, 0xc1, 0xc1]));
  return new Promise((resolve) => setTimeout(resolve, 600_000));
};
export default () => ({ metrics: [metric], run });
`;

test("a runner that said what cannot be read executes no further run", async () => {
  const pool = new RunnerPool(silentLog);
  const task = taskOf("{component: processors/Probe_Proc, reports: 1, seconds: 0, value: *a}");
  const codeFolder = temporaryFolder();
  mkdirSync(join(codeFolder, "processors"));
  writeFileSync(join(codeFolder, "processors", "Probe_Proc.mjs"), liar);
  try {
    const spoilt = await pool.run(kind, { ...task, codeFolder }, () => undefined).end;
    assert.ok(spoilt.type === "failed", spoilt.type);
    assert.match(spoilt.reason, /^the run told its worker what no run may tell: /);
    const next = await pool.run(kind, task, () => undefined).end;
    assert.ok(next.type === "done", "reason" in next ? next.reason : next.type);
  } finally {
    await pool.close();
  }
});

const report = `echo '{"iters":1,"value":1}'`;

test("a runner reads no code of its program any more once it has begun", async () => {
  const root = temporaryFolder();
  const dist = join(root, "dist");
  for (const part of ["package.json", "dist/worker/gathered", "dist/worker/runner", "dist/shared/machine/kept-code.js"])
    cpSync(join(packageRoot(), part), join(root, part), { recursive: true });
  const pool = new RunnerPool(silentLog, { ...plainHousing(), program: join(dist, "worker/runner/main.js") });
  try {
    const probe = taskOf("{component: processors/Probe_Proc, reports: 1, seconds: 0, value: *a}");
    const first = await pool.run(kind, probe, () => undefined).end;
    assert.ok(first.type === "done", "reason" in first ? first.reason : first.type);
    rmSync(dist, { recursive: true });
    const next = await pool.run(kind, { ...shellTask(report), job: "job2" }, () => undefined).end;
    assert.ok(next.type === "done", "reason" in next ? next.reason : next.type);
  } finally {
    await pool.close();
  }
});

test("a runner is told another text of a job that has the name of its last one", async () => {
  const pool = new RunnerPool(silentLog);
  const hpmaxOf = async (task: RunTask): Promise<readonly [pid: number, hpmax: number]> => {
    const running = pool.run(kind, task, () => undefined);
    const end = await running.end;
    assert.ok(end.type === "done", "reason" in end ? end.reason : end.type);
    return [running.pid, end.hpmax];
  };
  try {
    const [before, restored] = [3, 5].map((value) => taskOf(`{component: processors/Probe_Proc, value: ${value}}`));
    assert.ok(before && restored);
    assert.equal(before.job, restored.job);
    const [pid, first] = await hpmaxOf(before);
    assert.deepEqual([first, await hpmaxOf(restored), await hpmaxOf(restored)], [3, [pid, 5], [pid, 5]]);
  } finally {
    await pool.close();
  }
});

test("a run whose runner the system does not start fails of its machine, and says why", async () => {
  const housing = plainHousing();
  const tooLong = "x".repeat(4 * 2 ** 20); // no system takes so much
  const pool = new RunnerPool(silentLog, { ...housing, environment: { ...housing.environment, NEXUS_LONG: tooLong } });
  try {
    const running = pool.run(kind, shellTask(report), () => undefined);
    const end = await running.end;
    assert.ok(end.type === "failed" && end.isOfMachine, end.type);
    assert.match(end.reason, /^the runner process could not be started: .*E2BIG/);
    running.stop();
  } finally {
    await pool.close();
  }
});

test("a run whose runner the system refuses a moment later fails of its machine too, and so does the next", async () => {
  const standing = { words: [], started: () => undefined, keeper: () => undefined };
  const missing = { reaper: [join(temporaryFolder(), "missing")], priority: () => standing };
  const pool = new RunnerPool(silentLog, { ...plainHousing(), ...missing });
  try {
    for (const job of ["job1", "job2"]) {
      const running = pool.run(kind, { ...shellTask(report), job }, () => undefined);
      const end = await running.end;
      assert.ok(end.type === "failed" && end.isOfMachine, end.type);
      assert.match(end.reason, /^the runner process could not be started: .*ENOENT/);
      running.stop();
    }
  } finally {
    await pool.close();
  }
});

test("a run that a worker with too many files open cannot start fails of its machine; the worker lives on", () => {
  const [pool, housing] = ["runner-pool", "housing"].map(
    (name) => new URL(`../../../../worker/node/${name}.js`, import.meta.url).href,
  );
  const script = `const { closeSync, openSync } = await import("node:fs");
    const { RunnerPool } = await import(${JSON.stringify(pool)});
    const { plainHousing } = await import(${JSON.stringify(housing)});
    const quiet = () => undefined;
    const pool = new RunnerPool({ debug: quiet, info: quiet, warn: quiet, error: quiet }, plainHousing());
    const end = async () => {
      const end = await pool.run(${JSON.stringify(kind)}, ${JSON.stringify(shellTask(report))}, quiet).end;
      return end.type + (end.isOfMachine ? " of its machine: " + end.reason : "");
    };
    const opened = [];
    try {
      for (;;) opened.push(openSync("/dev/null"));
    } catch (error) {
      if (error.code !== "EMFILE") throw error;
    }
    const ends = [await end()];
    for (const file of opened) closeSync(file);
    console.log(JSON.stringify([...ends, await end()]));
    await pool.close();`;
  // A file: a runner is started with the options of this process, a script among them.
  const file = join(temporaryFolder(), "crowded.mjs");
  writeFileSync(file, script);
  const limited = 'ulimit -n 200 && exec "$1" "$2"';
  const said = execFileSync("sh", ["-c", limited, "sh", process.execPath, file], {
    encoding: "utf8",
    timeout: 240_000,
  });
  const why =
    "the runner process could not be started: too many files are open here (ulimit -n, or the system's limit)";
  assert.deepEqual(JSON.parse(said), [`failed of its machine: ${why}`, "done"]);
});
