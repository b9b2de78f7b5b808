import { type ChildProcess, spawn } from "node:child_process";
import { randomFillSync } from "node:crypto";
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { livingEndpoint } from "../../../coordinator/endpoint/endpoint.ts";
import { jobName } from "../../../shared/domain/names.ts";
import { Rig, until } from "../../chaos/rig.ts";
import { cpuSeconds } from "../process-cpu.ts";
import { MemoryWatch } from "./memory-watch.ts";
import { tableOf } from "./rig-jobs.ts";

const limitMs = 600_000;
/** Milliseconds between looks: looking at every process takes CPU time from the others. */
const sampleMs = 1000;
const workerProgram = fileURLToPath(new URL("../../../worker/main.js", import.meta.url));
const nexusProgram = fileURLToPath(new URL("../../../coordinator/cli/main.js", import.meta.url));

const trains = `
import { statSync } from "node:fs";
console.log(JSON.stringify({ iters: 1, bytes: statSync(process.env.NEXUS_CODE + "/weights.bin").size }));
`;

const spec = `component: root/Root_Component
experiment_path: results
job_launcher:
  component: job_launchers/XT
  enabled: 1
  hp_tuning: grid
  total_runs: 1
  monitor: none
  low_priority: false
  code: [weights.bin, train.mjs]
hyperparameters:
  - name: &a
      ordered_tuning_values: [1, 2]
      tuned_value: 1
processing_stages:
  - processing_stage:
      component: processors/Command_Proc
      command: [${process.execPath}, train.mjs]
      arguments: {a: *a}
      metrics: [bytes]
`;

/**
 * Sends code of many megabytes from a submitter through the broker to a new worker, then the same code again. Measures
 * seconds, each process's memory at first and at most, and the pieces sent.
 *
 * @param args  megabytes (500)
 */
export async function run(args: string[]): Promise<void> {
  const megabytes = Number(args[0] ?? 500);
  const rig = new Rig(10);
  const { folder } = rig;
  const memory = new MemoryWatch(folder, {
    submitter: "coordinator/cli/main.js",
    coordinator: "coordinator/main.js",
    worker: "worker/main.js",
    "nats-server": "nats-server.conf",
  });
  const mine = join(folder, "mine");
  mkdirSync(mine);
  writeFileSync(join(mine, "train.mjs"), trains);
  writeFileSync(join(mine, "search.yaml"), spec);
  const file = openSync(join(mine, "weights.bin"), "w");
  const part = Buffer.alloc(1e6);
  for (let i = 0; i < megabytes; i += 1) writeSync(file, randomFillSync(part));
  closeSync(file);
  let worker: ChildProcess | undefined;
  try {
    await rig.lead();
    const done = (n: number): Promise<unknown> =>
      until(`job ${n} is done`, limitMs, async () => (await tableOf(rig, jobName(n)))?.outcomes.completed === 1);
    memory.start(sampleMs);
    const first = await submit(mine, folder);
    const startedAt = Date.now();
    worker = startWorker(rig, folder);
    await until("its code is there", limitMs, async () => logOf(folder).includes("files are here"));
    const [, pieces, fetched, ms] = /"pieces":(\d+),"fetched":(\d+),"ms":(\d+)/.exec(logOf(folder)) ?? [];
    const [, arrivedAt] = /"time":(\d+)[^\n]*files are here/.exec(logOf(folder)) ?? [];
    const arrived = Number(arrivedAt) - startedAt;
    const cpu = cpuSeconds(folder);
    await done(1);
    const second = await submit(mine, folder);
    const againAt = performance.now();
    await done(2);
    const again = performance.now() - againAt;
    memory.stop();
    const s = (ms: number): string => (ms / 1000).toFixed(1);
    process.stdout.write(
      `${megabytes} MB of code: nexus run took ${s(first.ms)} s (${first.said}); ${s(arrived)} s from the start of a new worker until ` +
        `all of it was there, of which its transfer took ${s(Number(ms))} s (${fetched} of ${pieces} pieces)\n` +
        `the same code again: nexus run took ${s(second.ms)} s (${second.said}); to the end of its run ${s(again)} s, ` +
        `${logOf(folder).split('"fetched"').length - 2} more transfers\n`,
    );
    const used = ["workers", "coordinator", "nats-server"].map(
      (kind) => `${kind} ${(cpu.get(kind) ?? 0).toFixed(1)} s`,
    );
    process.stdout.write(`processor time since their start, once it was there: ${used.join(", ")}\n`);
    process.stdout.write(memory.text);
  } finally {
    memory.stop();
    worker?.kill("SIGTERM");
    if (worker?.exitCode === null) await new Promise((resolve) => worker?.once("close", resolve));
    await rig.end();
  }
}

/** Starts a worker with nothing between it and the broker. */
function startWorker({ paths }: Rig, folder: string): ChildProcess {
  const line = livingEndpoint(paths)?.joinLine;
  if (line === undefined) throw new Error("no coordinator leads");
  return spawn(process.execPath, [workerProgram, line, "--name", "newcomer", "--slots", "1"], {
    cwd: folder,
    env: environmentOf(folder),
    stdio: "ignore",
  });
}

const environmentOf = (folder: string): NodeJS.ProcessEnv => ({
  ...process.env,
  HOME: folder,
  XDG_DATA_HOME: join(folder, "data"),
  XDG_STATE_HOME: join(folder, "state"),
  XDG_CONFIG_HOME: join(folder, "config"),
});

/** `nexus run` as a person types it. */
async function submit(mine: string, folder: string): Promise<{ readonly ms: number; readonly said: string }> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, [nexusProgram, "run", join(mine, "search.yaml")], {
    cwd: folder,
    env: environmentOf(folder),
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  if (code !== 0) throw new Error(`nexus run failed: ${said}`);
  return { ms: performance.now() - startedAt, said: /: (sent .*|the broker has .*)/.exec(said)?.[1] ?? said };
}

/** The log of the one worker. */
function logOf(folder: string): string {
  const state = join(folder, "state");
  const name = readdirSync(state, { recursive: true, encoding: "utf8" }).find((each) => each.endsWith("worker.log"));
  return name === undefined ? "" : readFileSync(join(state, name), "utf8");
}
