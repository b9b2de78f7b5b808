import assert from "node:assert/strict";
import { existsSync, readFileSync, readlinkSync, realpathSync, writeFileSync } from "node:fs";
import { availableParallelism, getPriority } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { livingEndpoint } from "../../../coordinator/endpoint/endpoint.ts";
import { operatorName } from "../../../shared/broker/access/credentials.ts";
import { runningBroker } from "../../../shared/broker/server/broker-info.ts";
import { linkWorkspace } from "../../../shared/broker/workspace-link.ts";
import type { JobName } from "../../../shared/domain/names.ts";
import { exitCode, signalExit } from "../../../shared/errors.ts";
import { descendantsOf } from "../../../shared/machine/process-tree.ts";
import { decodeOrderAnswer, encodeOrder } from "../../../shared/wire/messages.ts";
import { operator } from "../../../shared/wire/subjects.ts";
import { TcpProxy } from "../../support/broker/proxy.ts";
import { atEnd } from "../../support/cleanup.ts";
import { pathsBelow } from "../../support/living-tree.ts";
import { eventually, patienceMs } from "../../support/patience.ts";
import { readIfThere } from "../../support/process-list.ts";
import { untilOpen } from "../../support/processes/gated-program.ts";
import { writeProgramSpec } from "../../support/processes/probe-spec.ts";
import { standingOf } from "../../support/processes/standing.ts";
import { type Program, Swarm } from "../../support/processes/swarm.ts";

const swarm = new Swarm();
before(() => swarm.coordinator(["--lease", "15"]));
after(() => swarm.end());

/** Runner processes of a worker, from the kernel's list, without the processes that start or reap them. */
const runnersOf = ({ pid }: Program): number[] =>
  descendantsOf(pid).filter(
    (each) =>
      isProgram(each, process.execPath) && readIfThere(`/proc/${each}/cmdline`).includes("worker/runner/main.js"),
  );

function isProgram(pid: number, file: string): boolean {
  try {
    return readlinkSync(`/proc/${pid}/exe`) === realpathSync(file);
  } catch {
    return false; // it has just ended
  }
}

/** Waits for `count` runners: a trial is assigned a moment before its process has it. */
const runners = (worker: Program, count: number): Promise<number[]> =>
  eventually(`${count} processes train`, () => {
    const found = runnersOf(worker);
    return found.length === count && found;
  });

/** The nice value, field 19 of /proc/PID/stat; field 2, in brackets, may contain spaces. */
const niceOf = (pid: number): number =>
  Number(
    readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ")[16],
  );

const environmentOf = (pid: number): string[] => readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");

const running = (job: JobName, count: number) =>
  swarm.when(`${count} of ${job} run`, job, (table) => table.running === count);

const over = (job: JobName) => swarm.when(`${job} is over`, job, ({ isOver }) => isOver);

/** Submits a job whose runs, on the target of its name, end once the file `gate` is there. */
async function gated(name: string, runs: number): Promise<{ readonly job: JobName; readonly gate: string }> {
  const gate = join(swarm.folder, `${name}-gate`);
  const settings = { total_runs: runs, hp_tuning: false, compute_target: name };
  return { job: await swarm.submit(writeProgramSpec(swarm.folder, name, settings, untilOpen(gate))), gate };
}

async function leave(worker: Program): Promise<void> {
  worker.child.kill("SIGTERM");
  assert.equal((await worker.exited()).code, 0, worker.output());
}

test("nexus-worker --help says whose rights runs have, and which variables count", async () => {
  const asked = swarm.run("worker/main.js", ["--help"]);
  assert.equal((await asked.exited()).code, exitCode.done);
  assert.match(asked.output(), /Without --sandbox they have your rights/);
  for (const variable of ["NEXUS_JOIN", "NEXUS_WORKSPACE", "NEXUS_LOG", "HTTPS_PROXY", "XDG_STATE_HOME"])
    assert.match(asked.output(), new RegExp(`^ {2}${variable} `, "m"));
});

test("a state folder that cannot be used is reported, with what to type", async () => {
  const worker = swarm.worker("homeless", [], { XDG_STATE_HOME: "/dev/null" });
  assert.equal((await worker.exited()).code, exitCode.usage, worker.output());
  assert.match(worker.output(), /^cannot use \/dev\/null\/.* \(ENOTDIR[^\n]*\)\n {2}set XDG_STATE_HOME to a folder/m);
});

describe("Ctrl-C", { concurrency: 3 }, () => {
  test("Ctrl-C once has a worker finish the runs in progress and take no more", async () => {
    const { job, gate } = await gated("once", 3);
    const worker = swarm.worker("once", ["--slots", "1", "--target", "once"]);
    await eventually("the worker has begun one", () => / started$/m.test(worker.output()));
    worker.child.kill("SIGINT");
    await eventually("it finishes its run", () =>
      /finishing 1 run, taking no more; Ctrl-C again hands them back/.test(worker.output()),
    );
    writeFileSync(gate, "");
    assert.equal((await worker.exited()).code, 0, worker.output());
    const table = await swarm.when("its run has ended", job, ({ ended }) => ended === 1);
    assert.deepEqual([table.outcomes.completed, table.reclaimed, table.lost, table.running], [1, 0, 0, 0]);
  });

  test("Ctrl-C twice hands a worker's runs back, and they continue elsewhere", async () => {
    const { job, gate } = await gated("twice", 1);
    const worker = swarm.worker("twice", ["--slots", "1", "--target", "twice"]);
    await running(job, 1);
    worker.child.kill("SIGINT");
    await eventually("it has heard the first", () => worker.output().includes("taking no more"));
    worker.child.kill("SIGINT");
    assert.equal((await worker.exited()).code, 0, worker.output());
    const waits = await swarm.when("it waits for another", job, ({ waiting }) => waiting.size === 1);
    assert.deepEqual([waits.reclaimed, waits.lost], [1, 0], "handed back, and charged to nobody");
    writeFileSync(gate, "");
    const other = swarm.worker("twice-2", ["--slots", "1", "--target", "twice"]);
    assert.equal((await over(job)).outcomes.completed, 1);
    await leave(other);
  });

  test("Ctrl-C three times kills the worker, and the lease expires", async () => {
    const job = await swarm.submit(
      swarm.probeSpec("thrice", { total_runs: 1, compute_target: "thrice" }, { seconds: 600, reports: 60 }),
    );
    const proxy = await TcpProxy.start(() => runningBroker(swarm.paths)?.port ?? 0);
    atEnd(() => proxy.close());
    const line = livingEndpoint(swarm.paths)?.joinLine.replace(/@[^/]+/, `@127.0.0.1:${proxy.port}`) ?? "";
    const words = [line, "--name", "thrice", "--slots", "1", "--target", "thrice"];
    const worker = swarm.run("worker/main.js", words);
    await running(job, 1);
    const [runner = 0] = await runners(worker, 1);
    // The broker is silent, or the hand-back would be done before the third Ctrl-C.
    proxy.cut();
    for (const word of ["taking no more", "Ctrl-C again kills"]) {
      worker.child.kill("SIGINT");
      await eventually(word, () => worker.output().includes(word));
    }
    worker.child.kill("SIGINT");
    assert.equal((await worker.exited()).code, signalExit.SIGINT, worker.output());
    await eventually("its runner is gone too", () => !existsSync(`/proc/${runner}`));
    await swarm.when("nobody holds it", job, ({ waiting }) => waiting.size === 1);
  });
});

describe("a worker", () => {
  test("a worker lets its runs give way, with no more said", async () => {
    await swarm.submit(swarm.probeSpec("way", { compute_target: "way" }, { seconds: 600, reports: 2 }));
    const worker = swarm.worker("way", ["--slots", "1", "--target", "way"], { NODE_OPTIONS: "" });
    const [runner = 0] = await runners(worker, 1);
    await eventually("it is low", () => {
      const { policies = [], nice, groupNice = 19 } = standingOf(runner) ?? {};
      return groupNice === 19 && policies[0] === 5 && nice === 19;
    });
    await leave(worker);
  });

  test("a worker keeps its processes warm, and has a slot for each core", async () => {
    const spec = swarm.probeSpec(
      "low",
      { total_runs: 6, compute_target: "low", cores_per_run: 1 },
      { seconds: 0.4, reports: 2 },
    );
    const job = await swarm.submit(spec);
    const worker = swarm.worker("low", ["--target", "low"]);
    const cores = availableParallelism();
    assert.match(
      (await eventually("it says so", () => worker.output().includes("lends") && worker.output())) || "",
      new RegExp(`lends ${cores} slots`),
    );
    const first = await runners(worker, Math.min(cores, 6));
    await swarm.when("some have followed the first", job, ({ ended }) => ended >= 4);
    assert.deepEqual(runnersOf(worker), first, "the same processes carry out one run after the other");
    await over(job);
    await leave(worker);
  });

  test("a worker gives a run the threads and the priority that its job asks for", async () => {
    const settings = { total_runs: 1, compute_target: "high", cores_per_run: 2, low_priority: false };
    const job = await swarm.submit(swarm.probeSpec("high", settings, { seconds: 1, reports: 2 }));
    const spare = swarm.worker("spare", ["--slots", "2", "--target", "high", "--opportunistic"]);
    await eventually("the opportunistic one is told why it gets nothing", () =>
      spare.output().includes("low_priority: false"),
    );
    assert.equal((await swarm.table(job)).running, 0);
    await leave(spare);
    const worker = swarm.worker("high", ["--slots", "2", "--target", "high"]);
    const [runner = 0] = await runners(worker, 1);
    assert.equal(niceOf(runner), getPriority(), "as its worker, and as this test that started it");
    for (const name of ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"]) {
      // Between fork and exec it still has its parent's environment.
      await eventually(`it has ${name}`, () => environmentOf(runner).includes(`${name}=2`));
    }
    await over(job);
    await leave(worker);
  });

  test("a worker ends a run that uses more memory than the job allows, and says so", async () => {
    const settings = { total_runs: 1, compute_target: "small", memory_per_run: "20 MB" };
    const job = await swarm.submit(swarm.probeSpec("small", settings, { seconds: 600, reports: 20 }));
    const worker = swarm.worker("small", ["--slots", "1", "--target", "small"]);
    const table = await over(job);
    assert.equal(table.outcomes.failed, 1);
    assert.match(table.trial(1)?.reason ?? "", /memory/);
    await leave(worker);
  });

  test("a worker keeps the folders of a job on hold until it is released", async () => {
    const settings = { total_runs: 2, compute_target: "held", hold: true };
    const job = await swarm.submit(swarm.probeSpec("held", settings, { writes: ["kept.txt"] }));
    const worker = swarm.worker("held", ["--slots", "1", "--target", "held"]);
    await swarm.when("both have ended", job, ({ ended }) => ended === 2);
    const runs = join(swarm.folder, "state", "nexus", "workers", "ws1");
    const kept = (): string[] => pathsBelow(runs).filter((path) => path.endsWith("kept.txt"));
    assert.equal(kept().length, 2);
    await swarm.when("the job is held open", job, ({ state }) => state === "held");
    const link = await linkWorkspace(swarm.paths, "operator");
    const order = encodeOrder({ kind: "release", op: "release-held", job });
    const answer = decodeOrderAnswer(await link.bus.request(operator(operatorName()), order, patienceMs));
    await link.close();
    assert.equal(answer.ok, true, answer.reason);
    await swarm.when("the job is completed", job, ({ state }) => state === "completed");
    await eventually("the folders are gone", () => kept().length === 0);
    await leave(worker);
  });
});
