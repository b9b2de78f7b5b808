import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { JournalWriter } from "../../../coordinator/leader/journal.ts";
import { writeSnapshotApart } from "../../../coordinator/process/snapshot-process.ts";
import { readRoleSecret } from "../../../shared/broker/access/credentials.ts";
import type { CoordinatorBus } from "../../../shared/broker/client/bus.ts";
import { askJetStream, streamInfo } from "../../../shared/broker/client/jetstream-api.ts";
import { foldJournal, followJournal } from "../../../shared/broker/store/journal-reader.ts";
import { systemChance } from "../../../shared/chance.ts";
import type { WorkspaceState } from "../../../shared/domain/fold/workspace-state.ts";
import type { JobName, WorkerId } from "../../../shared/domain/names.ts";
import { exitCode } from "../../../shared/errors.ts";
import { systemClock } from "../../../shared/time/clock.ts";
import { encodeEvidence } from "../../../shared/wire/messages.ts";
import { chunksOfJob, evidence, evidenceOfJob, streams } from "../../../shared/wire/subjects.ts";
import { eventually } from "../../support/patience.ts";
import { nexus, startNexus } from "../../support/processes/nexus-command.ts";
import { nexusAt } from "../../support/processes/nexus-here.ts";
import { linkPatiently } from "../../support/processes/patient-link.ts";
import { Swarm } from "../../support/processes/swarm.ts";
import { plain, silentLog } from "../../support/stories/reign.ts";

async function asCoordinator<T>(swarm: Swarm, work: (bus: CoordinatorBus, url: string) => Promise<T>): Promise<T> {
  const { bus, url, close } = await linkPatiently(swarm.paths, "coordinator", { unchecked: true });
  try {
    return await work(bus, url);
  } finally {
    await close();
  }
}

/** The number of stored messages and pieces of a job. */
const storedOf = (swarm: Swarm, job: JobName): Promise<[messages: number, pieces: number]> =>
  asCoordinator(swarm, async (bus) => [
    (await bus.subjects(streams.evidence, evidenceOfJob(job))).length,
    (await bus.subjects(streams.blob, chunksOfJob(job))).length,
  ]);

const stateOf = (swarm: Swarm, stream: string) =>
  asCoordinator(swarm, async (bus) => (await streamInfo(bus, stream))?.state ?? assert.fail(`there is no ${stream}`));

const purgeOne = (swarm: Swarm, job: JobName): Promise<unknown> =>
  asCoordinator(swarm, async (bus) => {
    const [filter = assert.fail(`nothing is stored of ${job}`)] = await bus.subjects(
      streams.evidence,
      evidenceOfJob(job),
    );
    return askJetStream(bus, `STREAM.PURGE.${streams.evidence}`, { filter });
  });

const writeSnapshot = (swarm: Swarm): Promise<unknown> =>
  asCoordinator(swarm, (_bus, url) => {
    const credentials = readRoleSecret(swarm.paths, "coordinator");
    return writeSnapshotApart(
      { url, credentials, workspace: swarm.paths.dir },
      silentLog,
      new AbortController().signal,
    );
  });

const whole = (bus: CoordinatorBus): Promise<WorkspaceState> =>
  followJournal(bus, () => undefined).then(async ({ state, stop }) => {
    await stop();
    return state;
  });

test("a job that is over is deleted: it is on no list, its room is free, its number is not given out again", async () => {
  const swarm = new Swarm();
  await swarm.coordinator(["--lease", "4"]);
  const run = (...words: string[]): ReturnType<typeof nexusAt> => nexusAt(words, swarm.folder);
  swarm.worker("one", ["--slots", "2"]);
  const search = { total_runs: 6, hp_tuning: "random" };
  const stage = { reports: 3, writes: ["a.bin"], writes_bytes: 30_000 };
  const job = await swarm.submit(swarm.probeSpec("noop", search, stage));
  const kept = await swarm.submit(swarm.probeSpec("kept", search, stage));
  const open = await swarm.submit(swarm.probeSpec("open", search, { ...stage, seconds: 3600 }));
  for (const each of [job, kept]) await swarm.when("its runs have ended", each, ({ isOver }) => isOver);
  await swarm.when("it runs", open, ({ running }) => running > 0);
  const child = [...(await swarm.table(job)).trials][0]?.run ?? "";

  const early = await run("delete", open, "--yes");
  assert.equal(early.code, exitCode.usage);
  assert.match(early.stderr, /job3 is not over: it is searching, .*nexus stop job3 .*nexus cancel job3/);
  assert.equal((await run("cancel", open, "--yes")).code, 0);
  const unasked = await run("delete", job);
  assert.equal(unasked.code, exitCode.usage);
  assert.match(
    unasked.stderr,
    /deletes job1 \(noop.*\.yaml\) for good: 6 runs with results, .* \d+ kB in the store\n {2}.* add --yes/,
  );
  assert.equal((await run("delete", child, "--yes")).code, exitCode.usage);
  assert.equal((await run("delete", "job9", "--yes")).code, exitCode.notFound);

  const [messages, pieces] = await storedOf(swarm, job);
  assert.ok(messages > 0);
  await writeSnapshot(swarm);
  const before = await stateOf(swarm, streams.evidence);
  const deleted = await run("delete", job, "--yes", "--json");
  assert.equal(deleted.code, 0, deleted.stderr);
  const { order, name, ok, reason } = JSON.parse(deleted.stdout) as Record<string, unknown>;
  assert.deepEqual([order, name, ok], ["delete", "job1", true]);
  const [, gone = ""] = /^(\d+) messages and \d+ pieces? of states and files deleted$/.exec(String(reason)) ?? [];
  assert.match(String(reason), new RegExp(` ${pieces} piece`));
  const after = await stateOf(swarm, streams.evidence);
  assert.equal((before.messages ?? 0) + 1 - (after.messages ?? 0), Number(gone));
  assert.ok((after.bytes ?? 0) < (before.bytes ?? 0));
  assert.deepEqual(await storedOf(swarm, job), [0, 0]);

  const was = /job1 was deleted by \S+ on 20\d\d-\d\d-\d\d \d\d:\d\d UTC/;
  for (const words of [
    ["why", job],
    ["view", "spec", job],
    ["view", "console", child],
    ["view", "metrics", child],
    ["list", "runs", job],
    ["eval", job],
    ["export", job],
    ["edit", job, "--total-runs", "50"],
    ["plot", "summary", job],
    ["confirm", job],
    ["cancel", job, "--yes"],
    ["reject", child, "--yes"],
    ["download", job],
    ["verify", job],
    ["delete", job, "--yes"],
  ]) {
    const { code, stderr } = await run(...words);
    assert.equal(code, exitCode.notFound, `${words.join(" ")}: ${stderr}`);
    assert.match(stderr, was, words.join(" "));
  }
  for (const words of [
    ["list", "jobs"],
    ["list", "runs"],
    ["view", "events", "one"],
  ]) {
    const { code, stdout, stderr } = await run(...words);
    assert.equal(code, 0, stderr);
    assert.doesNotMatch(stdout, new RegExp(`\\bjob1\\b|${child.replace(".", "\\.")}\\b`), words.join(" "));
    assert.match(stdout, words[1] === "events" ? /completed/ : /job2|run2|maze/, words.join(" "));
  }
  const told = await run("view", "events", job);
  assert.match(
    told.stdout,
    new RegExp(`job1 .*job-deleted +begins \\(by .*\n.*job-deleted +${gone} messages deleted \\(by `),
  );
  for (const words of [["verify"], ["verify", kept]]) assert.equal((await run(...words)).code, 0);

  // Folding works from a snapshot made before the deletion, and from one made after it.
  for (const _ of ["before", "after"]) {
    await asCoordinator(swarm, async (bus) => {
      const { state, unusable } = await foldJournal(bus);
      assert.equal(unusable, "");
      assert.deepEqual(plain(state), plain(await whole(bus)));
      assert.equal(state.deleted.get(job)?.runs, 6);
    });
    await writeSnapshot(swarm);
  }
  await swarm.verify();

  // A worker's late evidence is dropped, and the spec's name may be used again.
  const late = encodeEvidence({
    attempt: 1,
    reports: [],
    hpmax: 1,
    iters: 1,
    metrics: { "s1-val": 1 },
    console: "",
  });
  await asCoordinator(swarm, (bus) =>
    bus.store(evidence("one" as WorkerId, job, 1, "result"), late, { msgId: "late" }),
  );
  const again = await swarm.submit(swarm.probeSpec("noop", search, stage));
  assert.equal(again, "job4");
  await swarm.when("it searches as the first did", again, ({ isOver }) => isOver);
  assert.equal((await swarm.state()).jobs.has(job), false);
  await swarm.verify();

  // A backup, and a workspace restored from it.
  const file = join(swarm.folder, "saved.nexus");
  assert.equal((await run("backup", file)).code, 0);
  const elsewhere = new Swarm();
  const restored = await nexus(["restore", file], elsewhere.folder);
  assert.equal(restored.code, 0, restored.stderr);
  await elsewhere.verify();
  assert.match((await nexus(["why", job], elsewhere.folder)).stderr, was);
  await elsewhere.coordinator();
  assert.equal((await nexus(["delete", kept, "--yes"], elsewhere.folder)).code, 0);
  assert.equal(await elsewhere.submit(elsewhere.probeSpec("next", search)), "job5");
  await elsewhere.verify();
  await elsewhere.end();

  // Damage is still found.
  await purgeOne(swarm, kept);
  const damaged = await run("verify");
  assert.equal(damaged.code, exitCode.failure);
  assert.match(damaged.stdout, /\d+ messages of the evidence are missing, and only \d+ were deleted by order/);
  await swarm.end();
});

test("a coordinator that dies amid a deletion leaves the rest to the next one", async () => {
  const swarm = new Swarm();
  const first = await swarm.coordinator(["--lease", "4"]);
  const worker = swarm.worker("one", ["--slots", "2"]);
  const search = { total_runs: 6, hp_tuning: "random" };
  const [job, other, third] = [
    await swarm.submit(swarm.probeSpec("first", search, { reports: 3 })),
    await swarm.submit(swarm.probeSpec("other", search, { reports: 3 })),
    await swarm.submit(swarm.probeSpec("third", search, { reports: 3 })),
  ];
  for (const each of [job, other, third]) await swarm.when("its runs have ended", each, ({ isOver }) => isOver);
  worker.child.kill("SIGTERM");
  await worker.exited();
  const isDone = async (each: JobName): Promise<boolean> => {
    const { deleted, purges } = await swarm.state();
    return deleted.has(each) && purges.deleting.length === 0;
  };

  // The leader dies as soon as the record is stored, whatever it has deleted; the command keeps asking.
  const asked = startNexus(["delete", job, "--yes"], swarm.folder);
  await asCoordinator(swarm, async (bus) => {
    const reading = await bus.read(streams.journal, 1, ({ subject }) => {
      if (subject === "jrn.ws.purge") first.child.kill("SIGKILL");
    });
    await first.exited();
    await reading.stop();
  });
  const second = await swarm.coordinator(["--lease", "4"]);
  const { code, stdout, stderr } = await asked.ended();
  assert.equal(code, 0, stderr);
  assert.match(
    stdout,
    /job1: (it was deleted|\d+ messages and \d+ pieces of states and files deleted|.* goes on with it)/,
  );
  await eventually("it is over", () => isDone(job));
  assert.deepEqual(await storedOf(swarm, job), [0, 0]);
  await swarm.verify();

  // The journal says that the deletion begins, and one message is deleted.
  second.child.kill("SIGKILL");
  await second.exited();
  await asCoordinator(swarm, async (bus) => {
    const { state } = await foldJournal(bus);
    const ports = { bus, clock: systemClock, chance: systemChance };
    const writer = new JournalWriter(ports, state.term, state.seq, (why) => assert.fail(why));
    const before = (await bus.lastSeq(streams.evidence)) + 1;
    await bus.store("ev.lost", new Uint8Array(1), { msgId: "end" });
    const at = Date.now();
    await writer.append({ type: "job-deleted", job: other, before, messages: null, by: "ann", op: "by hand", at });
  });
  await purgeOne(swarm, other);
  await swarm.verify();
  await swarm.coordinator(["--lease", "4"]);
  await eventually("it is over", () => isDone(other));
  assert.deepEqual(await storedOf(swarm, other), [0, 0]);
  const verified = await nexus(["verify"], swarm.folder);
  assert.equal(verified.code, 0, verified.stdout);
  const jobs = await nexus(["list", "jobs", "--json"], swarm.folder);
  assert.equal(jobs.stdout.trim().split("\n").length, 1);
  await purgeOne(swarm, third);
  assert.equal((await nexus(["verify"], swarm.folder)).code, exitCode.failure);
  await swarm.end();
});
