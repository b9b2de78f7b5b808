import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { connect, headers, type NatsConnection } from "nats";
import { verifyStore } from "../../../coordinator/cli/store/verify.ts";
import { JournalWriter } from "../../../coordinator/leader/journal.ts";
import type { CoordinatorBus } from "../../../shared/broker/client/bus.ts";
import { connectBus } from "../../../shared/broker/client/connect.ts";
import { JournalFooting } from "../../../shared/broker/store/journal-footing.ts";
import { foldJournal, readJournal } from "../../../shared/broker/store/journal-reader.ts";
import { ensureSealFile, readSeals, rotateSeal, sealFile } from "../../../shared/broker/store/seal-file.ts";
import { SealedBus } from "../../../shared/broker/store/sealed-bus.ts";
import { writeSnapshot } from "../../../shared/broker/store/snapshots.ts";
import { ensureStreams } from "../../../shared/broker/store/streams.ts";
import { systemChance } from "../../../shared/chance.ts";
import type { JournalEvent } from "../../../shared/domain/fold/events.ts";
import { emptyWorkspace } from "../../../shared/domain/fold/workspace-state.ts";
import type { WorkerId } from "../../../shared/domain/names.ts";
import { UsageError } from "../../../shared/errors.ts";
import type { Bus, StoredMessage } from "../../../shared/ports.ts";
import { systemClock } from "../../../shared/time/clock.ts";
import { decodeOrderAnswer, encodeEvents, encodeLeader, encodeOrder } from "../../../shared/wire/messages.ts";
import { startNatsServer, type TestServer } from "../../support/broker/nats-server.ts";
import { atEnd } from "../../support/cleanup.ts";
import { eventually, patienceMs } from "../../support/patience.ts";
import { machine, type SealedLeader, sealedBus, sealedLeader } from "../../support/stories/sealed-leader.ts";

/** A server with a forger's raw connection, which has every right: more than a real forger could have. */
interface Rig {
  readonly server: TestServer;
  readonly forger: NatsConnection;
  /** A bus without a key: a coordinator of an earlier version, or a reader elsewhere. */
  readonly plain: CoordinatorBus;
}

async function start(): Promise<Rig> {
  const server = await startNatsServer();
  const plain = await connectBus({ url: server.url, credentials: {}, name: "test" });
  const forger = await connect({ servers: server.url });
  atEnd(() => plain.close());
  atEnd(() => forger.close());
  await ensureStreams(plain, null, 1);
  return { server, forger, plain };
}

const now = 1_800_000_000_000;
const revoked: JournalEvent = {
  type: "worker-state",
  worker: "w1" as WorkerId,
  state: "revoked",
  reason: "forged",
  by: "ann",
  op: "forged",
  at: now,
};
const joined: JournalEvent = {
  type: "worker-enrolled",
  worker: "w1" as WorkerId,
  publicKey: "",
  host: "h",
  op: "e",
  at: now,
};

/** Stores a message as any user of JetStream can, with headers of its choice. */
async function forge(
  { forger }: Rig,
  subject: string,
  data: Uint8Array,
  head: Readonly<Record<string, string>>,
): Promise<number> {
  const all = headers();
  for (const [name, value] of Object.entries(head)) all.set(name, value);
  const answer = await forger.request(subject, data, { timeout: patienceMs, headers: all });
  return (JSON.parse(answer.string()) as { seq: number }).seq;
}

async function contentOf(bus: Bus): Promise<StoredMessage[]> {
  const found: StoredMessage[] = [];
  const reading = await bus.read("JRN", 1, (message) => found.push(message));
  await reading.caughtUp;
  await reading.stop();
  return found;
}

/** Has the leader write a record. */
async function admit({ plain }: Rig, worker: string): Promise<void> {
  const order = { kind: "admit", op: `${Math.random()}`, worker: worker as WorkerId } as const;
  const answer = decodeOrderAnswer(await plain.request("op.ann", encodeOrder(order), patienceMs));
  assert.ok(answer.ok, answer.reason);
}

/** Checks that the leader goes on and has reported the forger's messages. */
async function leadsOn(rig: Rig, leader: SealedLeader, seqs: readonly number[]): Promise<void> {
  await admit(rig, "w1");
  assert.deepEqual(leader.warnings, []);
  assert.deepEqual(
    leader.foreign.map(({ seq }) => seq),
    seqs,
  );
}

/** A journal with a worker in it, which a leader of that machine has begun. */
async function begun(rig: Rig, paths = machine(), beforeRelease?: () => Promise<void>) {
  const first = new JournalWriter(
    { bus: rig.plain, clock: systemClock, chance: systemChance },
    1,
    await rig.plain.lastSeq("JRN"),
    () => undefined,
  );
  await first.append({ type: "led", term: 1, leader: "earlier", at: now });
  await first.append(joined);
  const leader = await sealedLeader(rig.server.url, paths, "a", rig.server.url, 30_000, beforeRelease);
  await leader.leading;
  return { paths, leader };
}

test("messages that no coordinator wrote depose nobody, are folded by nobody, and are told once", async () => {
  const rig = await start();
  const { paths, leader } = await begun(rig);
  const data = encodeEvents([revoked]);
  const own = (await contentOf(rig.plain)).at(-1);
  assert.ok(own);
  const term = Number(own.msgId.split(".")[0]);
  const forged = [
    // As a record of a later reign.
    await forge(rig, "jrn.ws.worker.w1", data, { "Nats-Msg-Id": `${term + 1}.abc.1` }),
    // As a record of this reign, with another record's seal.
    await forge(rig, "jrn.ws.worker.w1", data, { "Nats-Msg-Id": `${own.msgId}0`, "Nexus-Seal": own.seal ?? "" }),
    // A true record repeated at another sequence.
    await forge(rig, own.subject, own.data, { "Nats-Msg-Id": `${term}.abc.2`, "Nexus-Seal": own.seal ?? "" }),
    // Without headers, as an answer of the broker is stored.
    await forge(rig, "jrn.ws.op", data, {}),
  ];
  await leadsOn(rig, leader, forged);
  const reader = await sealedBus(rig.server.url, paths);
  assert.notEqual((await readJournal(reader)).workers.get("w1" as WorkerId)?.state, "revoked");
  const { broken, damage, foreign } = await verifyStore(reader, undefined, "ws1");
  assert.deepEqual([broken, damage, foreign.map(({ seq }) => seq)], [[], [], forged]);
  await leader.stop();

  const next = await sealedLeader(rig.server.url, paths, "b");
  await next.leading;
  assert.notEqual((await readJournal(next.bus)).workers.get("w1" as WorkerId)?.state, "revoked");
  await leadsOn(rig, next, forged);
});

test("a message stored under the id that the leader is about to use takes no record's place", async () => {
  const rig = await start();
  const { leader } = await begun(rig);
  const own = (await contentOf(rig.plain)).at(-1);
  const [, prefix = "", count = ""] = /^(.*\.)(\d+)$/.exec(own?.msgId ?? "") ?? [];
  // A reign has two writers with different ids; the first message of the one that goes on shows its id.
  await admit(rig, "w1");
  const newest = (await contentOf(rig.plain)).at(-1);
  const [, newPrefix = prefix, newCount = count] = /^(.*\.)(\d+)$/.exec(newest?.msgId ?? "") ?? [];
  const next = `${newPrefix}${Number(newCount) + 1}`;
  const forged = await forge(rig, "jrn.ws.worker.w1", encodeEvents([revoked]), { "Nats-Msg-Id": next });
  await leadsOn(rig, leader, [forged]);
  const told = (await contentOf(leader.bus)).filter(({ seq }) => seq > forged);
  assert.ok(told.length > 0 && told.every(({ isForeign = false }) => !isForeign), "its record was stored again");
});

test("a journal of an earlier version is sealed from the first start on, and what was there is remembered", async () => {
  const rig = await start();
  const { paths, leader } = await begun(rig);
  assert.deepEqual(readSeals(paths)?.before?.seq, 2);
  assert.deepEqual(
    (await contentOf(leader.bus)).map(({ seal }) => seal !== ""),
    [false, false, true],
  );
  assert.equal((await readJournal(leader.bus)).workers.size, 1);
  const reader = await sealedBus(rig.server.url, paths);
  assert.deepEqual((await verifyStore(reader, undefined, "ws1")).broken, []);
  const file = JSON.parse(readFileSync(sealFile(paths), "utf8")) as { before: { digest: string } };
  writeFileSync(sealFile(paths), JSON.stringify({ ...file, before: { ...file.before, digest: "0".repeat(64) } }));
  const { broken } = await verifyStore(await sealedBus(rig.server.url, paths), undefined, "ws1");
  assert.match(broken.join(), /up to message 2, from before it was sealed, is not what it was/);
});

test("a key that was made anew, or another machine's, leads nothing, until the journal is accepted", async () => {
  const rig = await start();
  const { paths, leader } = await begun(rig);
  await leader.stop();
  const other = machine();
  const refused = await sealedLeader(rig.server.url, other, "b");
  await assert.rejects(refused.over, (error: Error) => {
    assert.ok(error instanceof UsageError);
    assert.match(
      error.message,
      /record 3, of 3 in the journal, was not sealed with the key in .*seal\.json: another coord/,
    );
    assert.match(error.message, /copy secrets\/seal\.json .*\n.*\n.*nexus repair --accept-journal/);
    return true;
  });
  // A command with that key still reads the journal, like one without any key.
  assert.equal((await readJournal(await sealedBus(rig.server.url, other))).workers.size, 1);

  assert.equal(await JournalFooting.accept(rig.plain, other), 3);
  const accepted = await sealedLeader(rig.server.url, other, "c");
  await accepted.leading;
  await leadsOn(rig, accepted, []);
  await accepted.stop();
  // Now the first machine's key is the wrong one.
  await assert.rejects((await sealedLeader(rig.server.url, paths, "d")).over, /was not sealed with the key/);
});

test("a coordinator without seals that has led in between is not passed over in silence", async () => {
  const rig = await start();
  const { paths, leader } = await begun(rig);
  await leader.stop();
  const found = await rig.plain.entries.get("leader");
  assert.ok(found);
  const entry = { leader: "old", host: "h", pid: 1, started: "s", term: 90, released: true };
  await rig.plain.entries.update("leader", encodeLeader(entry), found.revision);
  const old = new JournalWriter(
    { bus: rig.plain, clock: systemClock, chance: systemChance },
    90,
    await rig.plain.lastSeq("JRN"),
    () => undefined,
  );
  await old.append({ type: "led", term: 90, leader: "old", at: now });
  await assert.rejects(
    (await sealedLeader(rig.server.url, paths, "b")).over,
    /record 4, after record 3, of 4 in the journal, was not sealed/,
  );
});

test("entries that no coordinator wrote tell neither who leads nor where a snapshot is", async () => {
  const rig = await start();
  const { paths, leader } = await begun(rig);
  const set = async (key: string, value: Uint8Array): Promise<void> => {
    await forgerSet(rig, key, value);
  };
  await set("leader", encodeLeader({ leader: "x", host: "h", pid: 1, started: "s", term: 1e9, released: true }));
  const standby = await sealedLeader(rig.server.url, paths, "b");
  const entry = await eventually("the leader has written its entry again", async () => {
    const found = await leader.bus.entries.get("leader");
    return found && !found.isForeign ? found : undefined;
  });
  assert.ok(entry);
  await leadsOn(rig, leader, []);
  assert.deepEqual(standby.warnings, []);

  const forged = { ...emptyWorkspace(), seq: 3 };
  await writeSnapshot(rig.plain, forged);
  const { state, unusable } = await foldJournal(leader.bus);
  assert.deepEqual([state.workers.size, unusable], [1, "no coordinator of this workspace wrote its entry"]);
  // The next true snapshot takes its place.
  assert.ok((await writeSnapshot(leader.bus, state)) > 0);
  assert.equal((await foldJournal(leader.bus)).unusable, "");
  await standby.stop();
});

async function forgerSet({ plain }: Rig, key: string, value: Uint8Array): Promise<void> {
  const found = await plain.entries.get(key);
  if (found) await plain.entries.update(key, value, found.revision);
  else await plain.entries.create(key, value);
}

test("a new key holds from the next reign on; what the old one sealed stays believed", async () => {
  const rig = await start();
  const { paths, leader } = await begun(rig);
  await leader.stop();
  // A view that started before the rotation.
  const seals = readSeals(paths);
  assert.ok(seals);
  const view = new SealedBus(rig.plain, seals);
  assert.equal((await readJournal(view)).term, (await readJournal(leader.bus)).term);
  rotateSeal(paths, (await rig.plain.lastSeq("JRN")) + 1);
  const next = await sealedLeader(rig.server.url, paths, "b");
  await next.leading;
  await leadsOn(rig, next, []);
  const { broken, foreign } = await verifyStore(await sealedBus(rig.server.url, paths), undefined, "ws1");
  assert.deepEqual([broken, foreign], [[], []]);
  assert.equal((await readJournal(view)).term, (await readJournal(next.bus)).term);
  assert.equal(next.foreign.length, 0);
});

test("a standby that takes the lead when the keys were renewed seals with the new one, and its entry too", async () => {
  const rig = await start();
  const paths = machine();
  let isRotating = false;
  const { leader } = await begun(rig, paths, async () => {
    if (isRotating) rotateSeal(paths, (await rig.plain.lastSeq("JRN")) + 1);
  });
  const standby = await sealedLeader(rig.server.url, paths, "b");
  isRotating = true;
  await leader.stop();
  await standby.leading;
  await leadsOn(rig, standby, []);
  assert.equal(readSeals(paths)?.keys.length, 2);
  const reader = await sealedBus(rig.server.url, paths);
  const { broken, foreign } = await verifyStore(reader, undefined, "ws1");
  assert.deepEqual([broken, foreign], [[], []]);
  const entry = await reader.entries.get("leader");
  assert.ok(entry && !entry.isForeign, "a reader believes who leads");
  // It goes on with the keys that it has if somebody spoils the file.
  writeFileSync(sealFile(paths), "{");
  await leadsOn(rig, standby, []);
});

test("a store that was emptied begins anew, and trusts nothing by its old sequences", async () => {
  const rig = await start();
  const { paths, leader } = await begun(rig);
  await leader.stop();
  for (const stream of ["JRN", "KV_NEXUS"])
    await rig.plain.request(`$JS.API.STREAM.DELETE.${stream}`, new Uint8Array(0), patienceMs);
  await ensureStreams(rig.plain, null, 1);
  const next = await sealedLeader(rig.server.url, paths, "b");
  await next.leading;
  assert.equal(readSeals(paths)?.before?.seq, 0);
  ensureSealFile(paths);
});
