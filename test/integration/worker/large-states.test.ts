import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { linkWorkspace } from "../../../shared/broker/workspace-link.ts";
import type { JobName } from "../../../shared/domain/names.ts";
import { allChunks, streams } from "../../../shared/wire/subjects.ts";
import { eventually } from "../../support/patience.ts";
import { nexusAt } from "../../support/processes/nexus-here.ts";
import { writeProgramSpec } from "../../support/processes/probe-spec.ts";
import { type Program, Swarm } from "../../support/processes/swarm.ts";

/** Writes `bytes` bytes of state and waits; its successor reports whether they are the same, and the rest. */
const trains = (bytes: number): string => `
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
const state = process.env.NEXUS_STATE;
const resume = Number(process.env.NEXUS_RESUME);
const report = (iters, value) => console.log(JSON.stringify({ iters, value }));
const whole = Buffer.alloc(${bytes}, createHash("sha512").update("weights").digest());
const file = state + "/deep/model.bin";
if (resume > 0) {
  report(resume + 1, readFileSync(file).equals(whole) && readFileSync(state + "/note", "utf8") === "small" ? 42 : -1);
} else {
  mkdirSync(state + "/deep");
  writeFileSync(file + ".new", whole);
  renameSync(file + ".new", file);
  writeFileSync(state + "/note", "small");
  symlinkSync("/etc/passwd", state + "/secret");
  for (let i = 1; i <= 5; i += 1) report(i, i);
  setInterval(() => undefined, 1000);
}
`;

const settings = { checkpoint_every: 1, retries: 9 };
const checkpointAt = (swarm: Swarm, job: JobName, iters: number) =>
  swarm.when(`a state at ${iters} is in the journal`, job, (table) => table.trial(1)?.checkpoint?.iters === iters);

/** Kills the worker, and takes its run from it at once, whatever its lease. */
async function takenFrom(swarm: Swarm, victim: Program): Promise<void> {
  victim.child.kill("SIGKILL");
  await victim.exited();
  assert.equal((await nexusAt(["bench", "victim", "--yes"], swarm.folder)).code, 0);
}

describe("a run with a large state", () => {
  for (const [bytes, sandbox] of [
    [60_000_000, []],
    [15_000_000, ["--sandbox"]],
  ] as const) {
    test(`a run goes on elsewhere with all ${bytes / 1e6} MB of its state ${sandbox.join("")}`, async () => {
      const swarm = new Swarm();
      await swarm.coordinator();
      const job = await swarm.submit(writeProgramSpec(swarm.folder, "trains", settings, trains(bytes)));
      const victim = swarm.worker("victim", ["--slots", "1", ...sandbox]);
      const { checkpoint } = (await checkpointAt(swarm, job, 5)).trial(1) ?? {};
      assert.ok((checkpoint?.size ?? 0) > bytes, `${checkpoint?.size} bytes`);
      await takenFrom(swarm, victim);
      swarm.worker("heir", ["--slots", "1", ...sandbox]);
      const table = await swarm.when("the job is completed", job, ({ state }) => state === "completed");
      assert.equal(table.trial(1)?.hpmax, 42);
      assert.equal(table.trial(1)?.iters, 6);
      const { stdout } = await nexusAt(["view", "console", table.trial(1)?.run ?? ""], swarm.folder);
      assert.match(stdout, /^checkpoints leave out secret \(not a file\)$/m);
      await swarm.verify();
      await swarm.end();
    });
  }
});

test("a state of which a piece was changed is found out, and the run starts afresh", async () => {
  const swarm = new Swarm();
  await swarm.coordinator();
  const job = await swarm.submit(writeProgramSpec(swarm.folder, "changed", settings, trains(15_000_000)));
  const victim = swarm.worker("victim", ["--slots", "1"]);
  await checkpointAt(swarm, job, 5);
  await takenFrom(swarm, victim);
  const link = await linkWorkspace(swarm.paths, "coordinator");
  const pieces = await link.bus.subjects(streams.blob, allChunks);
  const { blob } = (await swarm.table(job)).trial(1)?.checkpoint ?? {};
  const last = pieces.find((subject) => subject.endsWith(`.${blob}.30`));
  assert.ok(last);
  await link.bus.purge(streams.blob, last);
  await link.bus.store(last, new Uint8Array(1000), { msgId: "a changed piece" });
  await link.close();
  swarm.worker("heir", ["--slots", "1"]);
  const lost = await swarm.when("another state is there", job, (table) => table.trial(1)?.checkpoint?.attempt === 2);
  assert.equal(lost.trial(1)?.checkpoint?.iters, 5);
  const { stdout } = await nexusAt(["view", "events", job], swarm.folder);
  assert.match(stdout, /checkpoint-lost .*cannot be read.*piece 31 of/);
  await swarm.end();
});

/** Saves itself only when told to leave, which takes a while; its successor reports the saved value. */
const savesLate = `
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
const state = process.env.NEXUS_STATE;
const report = (iters, value) => console.log(JSON.stringify({ iters, value }));
if (existsSync(state + "/saved")) report(Number(process.env.NEXUS_RESUME) + 1, Number(readFileSync(state + "/saved", "utf8")));
else {
  console.log("grace " + process.env.NEXUS_GRACE);
  report(1, 1);
  setInterval(() => undefined, 1000);
  process.on("SIGTERM", () => setTimeout(() => {
    writeFileSync(state + "/new", "42");
    renameSync(state + "/new", state + "/saved");
    console.log(JSON.stringify({ iters: 2, value: 7 }));
    process.exitCode = 3;
    process.exit();
  }, 22_000));
}
`;

test("a run that is told to leave has its share of the grace, and loses nothing that it saved in it", async () => {
  const swarm = new Swarm();
  // The lease is shorter than the hand-back takes, so it is renewed meanwhile.
  await swarm.coordinator(["--lease", "20"]);
  const job = await swarm.submit(writeProgramSpec(swarm.folder, "late", { retries: 0 }, savesLate));
  const first = swarm.worker("first", ["--slots", "1", "--grace", "90s"]);
  await swarm.when("it has begun", job, (table) => table.trial(1)?.status === "running");
  await eventually("it has reported", async () =>
    /grace/.test((await nexusAt(["view", "console", job], swarm.folder)).stdout),
  );
  first.child.kill("SIGTERM");
  await first.exited();
  assert.match(first.output(), /handing 1 run back, within 90 s; a signal after 5 s shortens that/);
  const waiting = await swarm.when("its trial waits", job, (table) => table.waiting.size === 1);
  assert.equal(waiting.trial(1)?.charged, 0);
  assert.equal(waiting.trial(1)?.attempts.length, 1);
  assert.equal(waiting.trial(1)?.checkpoint?.iters, 2);
  swarm.worker("heir", ["--slots", "1"]);
  const table = await swarm.when("the job is completed", job, ({ state }) => state === "completed");
  assert.equal(table.trial(1)?.hpmax, 42);
  const { stdout } = await nexusAt(["view", "console", table.trial(1)?.run ?? ""], swarm.folder);
  assert.match(stdout, /^grace 36$/m, "half of it is for saving, and a fifth of that for taking the files");
  await swarm.verify();
  await swarm.end();
});

test("a checkpoint that is larger than checkpoint_limit is not carried, and everybody is told", async () => {
  const swarm = new Swarm();
  await swarm.coordinator();
  const small = { checkpoint_every: 0.5, checkpoint_limit: "1 MB" };
  const job = await swarm.submit(writeProgramSpec(swarm.folder, "limited", small, trains(15_000_000)));
  const victim = swarm.worker("victim", ["--slots", "1"]);
  const why = /it has 15\.0 MB, which is more than the job's checkpoint_limit of 1\.0 MB/;
  // While the file is being written, the reason may be another.
  const table = await swarm.when("it is told", job, (found) => why.test(found.trial(1)?.unsaved ?? ""));
  assert.ok((table.trial(1)?.checkpoint?.iters ?? 0) < 5, "at most one from before the program had begun");
  assert.match((await nexusAt(["view", "run", table.trial(1)?.run ?? ""], swarm.folder)).stdout, why);
  assert.match((await nexusAt(["view", "events", job], swarm.folder)).stdout, why);
  await eventually("the owner's terminal says so", () => why.test(victim.output()));
  await swarm.end();
});
