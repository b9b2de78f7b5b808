import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { readRoleSecret } from "../../../shared/broker/access/credentials.ts";
import type { CoordinatorBus } from "../../../shared/broker/client/bus.ts";
import { askJetStream, streamInfo } from "../../../shared/broker/client/jetstream-api.ts";
import { connectAs } from "../../../shared/broker/workspace-link.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import type { Trial } from "../../../shared/domain/fold/trial.ts";
import type { JobName, WorkerId } from "../../../shared/domain/names.ts";
import { exitCode } from "../../../shared/errors.ts";
import { chunk, stateBlob, streams } from "../../../shared/wire/subjects.ts";
import { nexus } from "../../support/processes/nexus-command.ts";
import { linkPatiently } from "../../support/processes/patient-link.ts";
import { Swarm } from "../../support/processes/swarm.ts";

const mal = "mal" as WorkerId;

/** Works with a coordinator's rights, the only ones that allow storing under another's name. */
async function asCoordinator<T>(swarm: Swarm, work: (bus: CoordinatorBus) => Promise<T>): Promise<T> {
  const link = await linkPatiently(swarm.paths, "viewer", { unchecked: true });
  const bus = await connectAs(link.url, readRoleSecret(swarm.paths, "coordinator"), "coordinator");
  try {
    return await work(bus);
  } finally {
    await bus.close();
    await link.close();
  }
}

const ofEvidence = (swarm: Swarm): ReturnType<typeof streamInfo> =>
  asCoordinator(swarm, (bus) => streamInfo(bus, streams.evidence));

const subjectsOf = (swarm: Swarm, stream: string, pattern: string): Promise<string[]> =>
  asCoordinator(swarm, (bus) => bus.subjects(stream, pattern));

/** Fills EV as a hostile worker would; the stream's last message is one of these. */
const fill = (swarm: Swarm, job: JobName): Promise<void> =>
  asCoordinator(swarm, async (bus) => {
    for (let i = 0; i < 40; i += 1) {
      const subject = i % 2 === 0 ? `ev.mal.${job}.${1 + (i % 9)}.report` : `ev.mal.junk.${i}`;
      await bus.store(subject, Buffer.alloc(5000, i + 1), { msgId: `fill.${i}` });
    }
    const pieces = [stateBlob(1), "files"].map((blob) => chunk(mal, job, 1, 1, blob, 0));
    for (const subject of pieces) await bus.store(subject, Buffer.alloc(5000, 1), { msgId: subject });
  });

test("what a benched worker has stored is deleted, and the store counts as whole wherever it is checked", async () => {
  const swarm = new Swarm();
  const first = await swarm.coordinator();
  const run = (...words: string[]): ReturnType<typeof nexus> => nexus(words, swarm.folder);
  swarm.worker("honest", ["--slots", "1"]);
  const malicious = swarm.worker("mal", ["--slots", "1"]);
  // Enough runs that each worker completes some, however busy the machine is.
  const spec = { total_runs: 1000, hp_tuning: "random" };
  const job = await swarm.submit(swarm.probeSpec("noop", spec, { seconds: 0.2, reports: 3 }));
  const carried = (table: RunTable, worker: string): Trial[] =>
    [...table.trials].filter(({ status, attempts }) => status === "completed" && attempts[0]?.worker === worker);
  await swarm.when("both have results", job, (t) => ["mal", "honest"].every((name) => carried(t, name).length >= 3));
  assert.equal((await run("stop", job, "--yes")).code, 0);
  const table = await swarm.when("the job is over", job, ({ isOver }) => isOver);
  const { completed } = table.outcomes;
  const byMal = carried(table, mal);
  await fill(swarm, job);

  const unknown = await run("purge", "worker", "nobody", "--yes");
  assert.equal(unknown.code, exitCode.notFound, unknown.stderr);
  const early = await run("purge", "worker", "mal", "--yes");
  assert.equal(early.code, exitCode.usage);
  assert.match(
    early.stderr,
    /mal works here, .* bench it first \(nexus bench mal\), or .*\(nexus workers revoke mal\)/,
  );
  const unasked = await run("purge", "worker", "mal");
  assert.match(unasked.stderr, /deletes what worker mal has stored, except for .*--all.*--yes/s);

  assert.equal((await run("bench", "mal")).code, 0);
  const before = await ofEvidence(swarm);
  const purged = await run("purge", "worker", "mal", "--yes");
  assert.equal(purged.code, 0, purged.stderr);
  const { messages } =
    /mal: (?<messages>\d+) messages and [12] pieces? of states and files deleted/.exec(purged.stdout)?.groups ?? {};
  // All junk goes but the stream's last message; reports go too, except of the runs that it carried, at most nine.
  assert.ok(Number(messages) >= 19, purged.stdout);
  const after = await ofEvidence(swarm);
  assert.equal(after?.state.lastSeq, before?.state.lastSeq);
  assert.equal((before?.state.messages ?? 0) - (after?.state.messages ?? 0), Number(messages));
  assert.deepEqual(
    await subjectsOf(swarm, streams.blob, "ck.mal.>"),
    [chunk(mal, job, 1, 1, "files", 0)].filter(() => byMal.some(({ n }) => n === 1)),
  );
  const told = await run("view", "events", "mal");
  assert.match(told.stdout, /worker-purged .*: begins \(by /);
  assert.match(told.stdout, new RegExp(`worker-purged .*: ${messages} messages of EV deleted \\(by `));
  const verified = await run("verify");
  assert.equal(verified.code, 0, verified.stdout);
  const curve = await run("view", "metrics", byMal[0]?.run ?? "", "--json");
  assert.equal(curve.code, 0, curve.stderr);
  assert.ok(curve.stdout.trim().split("\n").length >= 3, curve.stdout);

  // A starting coordinator checks the store before it writes. Then come a backup and a workspace restored from it.
  malicious.child.kill("SIGTERM");
  first.child.kill("SIGKILL");
  await first.exited();
  const second = await swarm.coordinator();
  const file = join(swarm.folder, "saved.nexus");
  const saved = await run("backup", file);
  assert.equal(saved.code, 0, saved.stderr);
  const elsewhere = new Swarm();
  const restored = await nexus(["restore", file], elsewhere.folder);
  assert.equal(restored.code, 0, restored.stderr);
  await elsewhere.verify();
  await elsewhere.end();

  const all = await run("purge", "worker", "mal", "--all", "--yes");
  assert.match(all.stdout, /mal: \d+ messages and [01] pieces? of states and files deleted/, all.stderr);
  assert.ok((await subjectsOf(swarm, streams.evidence, "ev.mal.>")).length <= 1);
  await swarm.verify();
  assert.equal((await swarm.table(job)).outcomes.completed, completed);
  const more = await swarm.submit(swarm.probeSpec("more", { total_runs: 3, hp_tuning: "random" }, { reports: 2 }));
  await swarm.when("the search goes on", more, ({ isOver }) => isOver);

  // Damage is still found: one message more than was purged is missing, then one after the last purge.
  const [lost] = await subjectsOf(swarm, streams.evidence, `ev.honest.${job}.>`);
  assert.ok(lost);
  await asCoordinator(swarm, (bus) => askJetStream(bus, `STREAM.PURGE.${streams.evidence}`, { filter: lost }));
  const damaged = await run("verify");
  assert.equal(damaged.code, exitCode.failure);
  assert.match(damaged.stdout, /(\d+) messages of the evidence are missing, and only \d+ were deleted by order/);
  const later = `ev.*.${more}.1.>`;
  await asCoordinator(swarm, (bus) => askJetStream(bus, `STREAM.PURGE.${streams.evidence}`, { filter: later }));
  assert.match((await run("verify")).stdout, /messages? \d+( to \d+)? of the evidence (is|are) missing/);
  second.child.kill("SIGTERM");
  await second.exited();
  const repaired = await run("repair", "--accept-loss");
  assert.equal(repaired.code, 0, repaired.stderr);
  assert.doesNotMatch((await run("verify")).stdout, /missing/);
  await swarm.end();
});
