import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { readRoleSecret } from "../../../shared/broker/access/credentials.ts";
import { BusAround } from "../../../shared/broker/client/bus-around.ts";
import { connectBus } from "../../../shared/broker/client/connect.ts";
import { streamInfo } from "../../../shared/broker/client/jetstream-api.ts";
import { BackupWriter, openBackup } from "../../../shared/broker/copies/backup-file.ts";
import { packStream } from "../../../shared/broker/copies/stream-archive.ts";
import { packWorkspace, unpackWorkspace } from "../../../shared/broker/copies/workspace-copy.ts";
import { holdBroker } from "../../../shared/broker/server/server.ts";
import { JournalFooting } from "../../../shared/broker/store/journal-footing.ts";
import { rotateSeal, sealFile, sealFileName } from "../../../shared/broker/store/seal-file.ts";
import { ensureStreams } from "../../../shared/broker/store/streams.ts";
import { connectAs, linkWorkspace } from "../../../shared/broker/workspace-link.ts";
import { BrokerError, exitCode } from "../../../shared/errors.ts";
import { barredBy } from "../../../shared/machine/restored-file.ts";
import { createWorkspace, workspacePaths } from "../../../shared/machine/workspace.ts";
import { BusError } from "../../../shared/ports.ts";
import { encodeEvents } from "../../../shared/wire/messages.ts";
import { bucket, streams } from "../../../shared/wire/subjects.ts";
import { testimonyOf } from "../../../shared/wire/testimony.ts";
import { newWorkspace } from "../../support/broker/brokers.ts";
import { startNatsServer } from "../../support/broker/nats-server.ts";
import { mustEnd, temporaryFolder } from "../../support/cleanup.ts";
import { eventually } from "../../support/patience.ts";
import { killedAt } from "../../support/processes/killed-at.ts";
import { nexusHere } from "../../support/processes/nexus-here.ts";
import { linkPatiently } from "../../support/processes/patient-link.ts";
import { type Program, Swarm } from "../../support/processes/swarm.ts";
import { JobStory } from "../../support/stories/job-story.ts";

/** More runs than any machine completes before the search is cut to a little more than those that have ended. */
const manyRuns = 4000;
/** On a busy machine a run may miss its lease of 2 s again and again. */
const spec = { total_runs: manyRuns, hp_tuning: "dgd", seed: 3, retries: 1000 };

async function ended(program: Program, code: number): Promise<string> {
  const { code: found } = await program.exited();
  assert.equal(found, code, program.output());
  return program.output();
}

const nexus = (swarm: Swarm, ...words: string[]): Program => swarm.run("coordinator/cli/main.js", words);

/** Checks that EV holds no attempt that the journal does not know: its number will be given out again. */
async function assertNoFuture(swarm: Swarm): Promise<void> {
  const state = await swarm.state();
  const link = await linkPatiently(swarm.paths, "viewer");
  const unknown: string[] = [];
  try {
    const reading = await link.bus.read(streams.evidence, 1, (message) => {
      const told = testimonyOf(message);
      const attempts = told && state.jobs.get(told.job)?.trial(told.n)?.attempts;
      if (told && !attempts?.some(({ attempt, worker }) => attempt === told.attempt && worker === told.worker))
        unknown.push(`${message.seq} ${message.subject}`);
    });
    await reading.caughtUp;
    await reading.stop();
  } finally {
    await link.close();
  }
  assert.deepEqual(unknown, []);
}

test("a backup of a running search goes on to total_runs in an empty place, or in its own", async () => {
  const swarm = new Swarm();
  const coordinator = await swarm.coordinator(["--lease", "2"]);
  const job = await swarm.submit(swarm.probeSpec("saved", spec, { seconds: 0.7, reports: 4 }));
  const early = swarm.worker("early", ["--slots", "4"]);
  await swarm.when("some are done", job, ({ outcomes }) => outcomes.completed >= 8);
  const file = join(swarm.folder, "saved.nexus");
  const told = await ended(nexus(swarm, "backup", file, "--json"), exitCode.done);
  const late = swarm.worker("late", ["--slots", "2"]);
  await swarm.when("the late one has a run", job, ({ trials }) =>
    [...trials].some(({ attempts }) => attempts.some(({ worker }) => worker === "late")),
  );
  const { type, journal, evidence } = JSON.parse(told);
  // Journal records made together share a message; each result has its own.
  assert.ok(type === "backup" && journal > 0 && evidence >= 8, told);

  // The backup is restored on another machine.
  const elsewhere = new Swarm();
  const made = JSON.parse(await ended(nexus(elsewhere, "restore", file, "--json"), exitCode.done));
  assert.ok(made.journal <= journal && made.kept === null, JSON.stringify(made));
  await assertNoFuture(elsewhere);
  const before = await elsewhere.table(job);
  assert.ok(before.outcomes.completed >= 8 && !before.isOver);
  await elsewhere.coordinator(["--lease", "2"]);
  elsewhere.worker("there", ["--slots", "12"]);

  // It is restored in place, after the search has gone on and another worker has joined.
  assert.match(await ended(nexus(swarm, "restore", file), exitCode.usage), /is in use .*\n.*\n.* --replace\n$/);
  const put = await ended(nexus(swarm, "restore", file, "--replace"), exitCode.done);
  await ended(coordinator, exitCode.done);
  assert.match(
    put,
    /ws1 is restored to its state of 20.*1 job, 1 worker,.*what was there before is in .*nexus-coord\n/s,
  );
  assert.match(
    put,
    /rotated since that backup is valid again; .*\n {4}nexus workers revoke NAME\n.*\n {4}nexus rotate\n/,
  );
  await swarm.coordinator(["--lease", "2"]);
  await eventually("the late worker is told", () => /refuses .*nexus-worker/s.test(late.output()));
  assert.equal(early.child.exitCode, null);

  for (const each of [swarm, elsewhere]) {
    const total = (await each.table(job)).ended + 20;
    await ended(nexus(each, "edit", job, "--total-runs", String(total)), exitCode.done);
    const table = await each.when("the search is over", job, ({ isOver }) => isOver);
    assert.ok(table.outcomes.completed >= total);
    assert.equal(table.outcomes.completed, table.trials.length);
    await each.verify();
  }
  await Promise.all([swarm.end(), elsewhere.end()]);
});

const paths = newWorkspace();
process.env["XDG_DATA_HOME"] = join(paths.dir, "../..");
const folder = temporaryFolder();
const command = fileURLToPath(new URL("../../../coordinator/cli/main.js", import.meta.url));

test("a backup that the broker breaks off is reported as failed", async () => {
  createWorkspace(paths);
  const held = await holdBroker(paths, { kind: "reader" });
  const bus = await connectAs(held.url, readRoleSecret(paths, "coordinator"), "coordinator");
  await ensureStreams(bus, paths.store, 1);
  const events = new JobStory({ number: 1 }).events;
  for (const [i, event] of events.entries())
    await bus.store("jrn.job1.job", encodeEvents([event]), { msgId: `1.told.${i}` });
  const bytes = Buffer.alloc(1_000_000);
  for (let i = 0; i < 12; i += 1) {
    // Random, because compressed messages would all fit into what the server sends without waiting.
    for (let at = 0; at < bytes.length; at += 4) bytes.writeUInt32LE(Math.floor(Math.random() * 2 ** 32), at);
    await bus.store(`blob.test.${i}`, bytes, { msgId: `test.${i}` });
  }
  // A disk that writes nothing for longer than the server waits: 2 s (2.10.27) or 5 s (2.15.1).
  let chunks = 0;
  const slow = (): void => {
    chunks += 1;
    if (chunks === 2) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 6000);
  };
  try {
    await assert.rejects(
      packStream(bus, streams.blob, () => undefined, slow),
      /broke off after .* MB of stream BLOB \(408 .*\); nothing was kept, try again/,
    );
  } finally {
    // The tests below need the workspace.
    await bus.close();
    await held.release();
  }
});

test("a backup holds the key that nexus rotate adds while it is made", async () => {
  const link = await linkWorkspace(paths, "coordinator");
  let isRotated = false;
  class Rotated extends BusAround {
    override lastSeq(stream: string): Promise<number> {
      if (!isRotated) rotateSeal(paths, 2);
      isRotated = true;
      return super.lastSeq(stream);
    }
  }
  const file = join(folder, "rotated.nexus");
  const writer = new BackupWriter(file, { version: 1, workspace: "ws1", at: "2026-11-29T08:00:00Z", program: "test" });
  await packWorkspace(new Rotated(link.bus), paths, writer);
  writer.finish();
  await link.close();
  const backup = openBackup(file);
  const saved = backup.files.find(({ name }) => name === sealFileName)?.text;
  backup.close();
  rmSync(file);
  assert.ok(isRotated);
  assert.equal(saved, readFileSync(sealFile(paths), "utf8"));
});

test("a folder is not a backup", () => {
  assert.throws(
    () => openBackup(temporaryFolder()),
    /cannot be read \(it is a folder\); expected a file that nexus backup wrote/,
  );
});

test("a backup is tried at once; one that is cut or cannot be folded changes nothing", async () => {
  const file = join(folder, "whole.nexus");
  const made = await nexusHere("backup", file, "--verify");
  assert.equal(made.code, exitCode.done, made.stderr);
  assert.match(made.stdout, /whole\.nexus: ws1, journal to record 1, evidence to message 0, 12\.\d MB, .* s\n/);
  assert.match(made.stdout, /verified: a store made from it folds to 1 job, record 1\n/);
  assert.deepEqual(readdirSync(folder), ["whole.nexus"]);
  const spaced = join(folder, "a b.nexus");
  renameSync(file, spaced);
  const hinted = await nexusHere("restore", spaced);
  assert.match(
    hinted.stderr,
    / holds data already .*\n.* restore '\S+\/a b\.nexus'\n.* restore '\S+\/a b\.nexus' --replace\n/,
  );
  renameSync(spaced, file);
  const unwritable = await nexusHere("backup", join(folder, "no/such/folder"));
  assert.match(unwritable.stderr, /cannot be written: ENOENT.*; nothing was left there/);

  const cut = join(folder, "cut.nexus");
  writeFileSync(cut, readFileSync(file).subarray(0, 5_000_000));
  const bad = join(folder, "bad.nexus");
  writeBad(file, bad);
  const before = readdirSync(paths.dir);
  for (const [which, why] of [
    [cut, /cut\.nexus: this backup is damaged: it ends too early.*nothing was restored/],
    [bad, /record 2 of the journal .* cannot be/],
  ] as const) {
    const empty = await nexusHere("--workspace", "empty", "restore", which);
    assert.equal(empty.code, which === cut ? exitCode.usage : exitCode.failure, empty.stderr);
    assert.match(empty.stderr, why);
    assert.ok(!existsSync(join(paths.dir, "../empty")), "nothing is left of it");
    const replaced = await nexusHere("restore", which, "--replace");
    assert.match(replaced.stderr, why);
    assert.deepEqual(readdirSync(paths.dir), before);
    assert.match((await nexusHere("list", "jobs")).stdout, /total jobs listed: 1/);
  }
});

test("a backup whose trial is interrupted leaves no copy of the store behind", async () => {
  const [scratches, file] = [temporaryFolder(), join(folder, "tried.nexus")];
  // Its trial begins by holding the broker of the scratch store.
  const held = killedAt("renameSync", /nexus-verify-[^/]+\/scratch\/holders\//, 1, "SIGINT");
  const env = { ...process.env, ...held, TMPDIR: scratches };
  const trying = spawn(process.execPath, [command, "backup", file, "--verify"], { env, stdio: "ignore" });
  mustEnd(trying.pid);
  assert.deepEqual(await once(trying, "close"), [null, "SIGINT"]);
  assert.deepEqual(readdirSync(scratches), []);
  assert.ok(existsSync(file), "the backup itself is whole");
  rmSync(file);
});

/** The same backup with one impossible record at the end of the journal: the job is submitted once more. */
function writeBad(from: string, to: string): void {
  const whole = openBackup(from);
  const writer = new BackupWriter(to, whole.header);
  for (const { name, text } of whole.files) writer.file(name, text);
  for (const { packed, chunks } of whole.streams) {
    writer.beginStream(packed);
    for (const chunk of chunks()) writer.chunk(chunk);
    writer.endStream();
  }
  const [event] = new JobStory({ number: 1 }).events;
  assert.ok(event);
  writer.record({ seq: 2, subject: "jrn.job1.job", msgId: "1.told.2", data: encodeEvents([event]) });
  writer.finish();
  whole.close();
}

test("restoring into a NATS server of others is all or nothing, and touches nothing else there", async () => {
  const server = await startNatsServer();
  const nats = (...words: string[]): ReturnType<typeof nexusHere> =>
    nexusHere("--workspace", "theirs", "--nats", server.url, ...words);
  const bus = await connectBus({ url: server.url, credentials: {}, name: "test" });
  const whole = openBackup(join(folder, "whole.nexus"));
  const copied = async (): Promise<void> => {
    assert.equal(await streamInfo(bus, `KV_${bucket}`), undefined, "others would use the streams already");
    throw new BrokerError("not copied");
  };
  await assert.rejects(unpackWorkspace(bus, whole, { storeDir: null, replicas: 1, copied }), /not copied/);
  assert.equal(await streamInfo(bus, streams.journal), undefined);
  whole.close();
  await bus.close();
  const bad = await nats("restore", join(folder, "bad.nexus"));
  assert.equal(bad.code, exitCode.failure, bad.stderr);
  const refused = await nats("restore", join(folder, "whole.nexus"), "--replicas", "3");
  assert.equal(refused.code, exitCode.unreachable);
  assert.match(refused.stderr, /refused it: .*; nothing was restored/);
  assert.equal(barredBy(workspacePaths("theirs"), { job: "job1", op: "any" }), undefined);
  const made = await nats("restore", join(folder, "whole.nexus"));
  assert.equal(made.code, exitCode.done, made.stderr);
  assert.match(made.stderr, new RegExp(`to go on: nexus-coord --workspace theirs --nats ${server.url}\n`));
  assert.match((await nats("list", "jobs")).stdout, /total jobs listed: 1/);
  const again = await nats("restore", join(folder, "whole.nexus"));
  assert.equal(again.code, exitCode.unreachable);
  assert.match(again.stderr, /there is a stream JRN already; nothing was restored/);
  assert.match((await nats("list", "jobs")).stdout, /total jobs listed: 1/);
  await server.stop();
});

test("a restore elsewhere, killed or not believed, starts no program and says what to type", async (t) => {
  const file = join(folder, "whole.nexus");
  const killing = await startNatsServer();
  const words = ["--workspace", "killed", "--nats", killing.url, "restore", file];
  // What it restored is there; which jobs that are is about to be noted.
  const env = { ...process.env, ...killedAt("openSync", /restored\.json\.[^/]*tmp$/, 2) };
  const restoring = spawn(process.execPath, [command, ...words], { env, stdio: "ignore" });
  mustEnd(restoring.pid);
  const [, signal] = await once(restoring, "close");
  assert.equal(signal, "SIGKILL");
  const listed = await nexusHere("--workspace", "killed", "--nats", killing.url, "list", "jobs");
  assert.match(listed.stdout, /total jobs listed: 1/);
  assert.equal(barredBy(workspacePaths("killed"), { job: "job1", op: "any" })?.from, "ws1");

  const unbelieved = await startNatsServer();
  t.mock.method(JournalFooting, "accept", () => Promise.reject(new BusError("no answer in time", "JRN: no answer")));
  const made = await nexusHere("--workspace", "unheard", "--nats", unbelieved.url, "restore", file);
  assert.equal(made.code, exitCode.unreachable, made.stderr);
  assert.match(made.stderr, /the workspace is restored, but what it holds is not believed yet/);
  assert.match(made.stderr, /to go on: nexus --workspace unheard --nats \S+ repair --accept-journal\n/);
  await Promise.all([killing.stop(), unbelieved.stop()]);
});
