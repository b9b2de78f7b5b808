import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import { pause } from "../../../shared/time/deadline.ts";
import { Rig, until } from "../../chaos/rig.ts";
import { writeProgramSpec } from "../../support/processes/probe-spec.ts";
import { cpuSeconds } from "../process-cpu.ts";
import { MemoryWatch } from "./memory-watch.ts";
import { submitTo, tableOf } from "./rig-jobs.ts";

const limitMs = 600_000;
const sampleMs = 200;

/** The program: it writes its state and waits; its successor compares that state and reports one more iteration. */
const trains = `
import { createHash } from "node:crypto";
import { closeSync, createReadStream, openSync, renameSync, writeFileSync, writeSync } from "node:fs";
const state = process.env.NEXUS_STATE;
const report = (iters, value) => console.log(JSON.stringify({ iters, value }));
const block = createHash("sha512").update("weights");
const part = Buffer.alloc(1e6, block.digest());
const parts = Number(process.env.MEGABYTES);
const sum = createHash("sha256");
for (let i = 0; i < parts; i += 1) sum.update(part.fill(i & 255, 0, 64));
const wanted = sum.digest("hex");
const resume = Number(process.env.NEXUS_RESUME);
if (resume > 0) {
  const found = createHash("sha256");
  for await (const bytes of createReadStream(state + "/model")) found.update(bytes);
  report(resume + 1, found.digest("hex") === wanted ? 1 : -1);
} else {
  const file = openSync(state + "/model.new", "w");
  for (let i = 0; i < parts; i += 1) writeSync(file, part.fill(i & 255, 0, 64));
  closeSync(file);
  renameSync(state + "/model.new", state + "/model");
  for (let i = 1; i <= 100; i += 1) report(i, 0);
  setInterval(() => undefined, 1000);
}
`;

/**
 * Kills the worker of a run with a large checkpoint; the run continues on another worker. Measures seconds, each
 * process's memory at first and at most, and the coordinator's CPU time.
 *
 * @param args  megabytes (1000)
 */
export async function run(args: string[]): Promise<void> {
  const megabytes = Number(args[0] ?? 1000);
  const rig = new Rig(10);
  const { folder } = rig;
  const memory = new MemoryWatch(folder, {
    holder: "--name holder",
    heir: "--name heir",
    coordinator: "coordinator/main.js",
    "nats-server": "nats-server.conf",
  });
  try {
    await rig.lead();
    const spec = writeProgramSpec(
      folder,
      "large",
      { checkpoint_every: 5, checkpoint_limit: "4 GB", low_priority: false },
      trains,
      {
        MEGABYTES: megabytes,
      },
    );
    const job = await submitTo(rig, spec, limitMs);
    const table = (): Promise<RunTable | undefined> => tableOf(rig, job);
    const holder = await rig.addWorker("holder", 1);
    await until("the run has begun", limitMs, async () => ((await table())?.running ?? 0) === 1);
    await rig.addWorker("heir", 1);
    await pause(3000);
    memory.start(sampleMs);
    const cpuBefore = cpuSeconds(folder).get("coordinator") ?? 0;
    const startedAt = performance.now();
    await until("its checkpoint is stored", limitMs, async () => (await table())?.trial(1)?.checkpoint?.iters === 100);
    const storedAt = performance.now();
    holder.signal("SIGKILL");
    await until("the heir has it", limitMs, async () => (await table())?.trial(1)?.attempts.length === 2);
    const movedAt = performance.now();
    const done = await until("it is done", limitMs, async () => {
      const found = await table();
      return found?.isOver ? found : undefined;
    });
    const doneAt = performance.now();
    await pause(3000); // its pieces are being deleted
    memory.stop();
    const cpu = (cpuSeconds(folder).get("coordinator") ?? 0) - cpuBefore;
    const trial = done.trial(1);
    const s = (from: number, to: number): string => ((to - from) / 1000).toFixed(1);
    process.stdout.write(
      `${megabytes} MB: ${s(startedAt, storedAt)} s until a checkpoint with all of it was stored, ${s(storedAt, movedAt)} s from SIGKILL to the next ` +
        `worker (lease 10 s), ${s(movedAt, doneAt)} s until it had gone on and ended\n` +
        `iterations ${trial?.iters} of 101, state ${trial?.hpmax === 1 ? "the same" : "NOT the same"}; both coordinators together ${cpu.toFixed(1)} s of CPU\n`,
    );
    process.stdout.write(memory.text);
  } finally {
    memory.stop();
    await rig.end();
  }
}
