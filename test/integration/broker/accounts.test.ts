import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import {
  type ConnectionOptions,
  connect,
  type JetStreamClient,
  type NatsConnection,
  type NatsError,
  nkeyAuthenticator,
  nkeys,
  StringCodec,
} from "nats";
import { inboxPrefix, inviteUser, type WorkerUser } from "../../../shared/broker/access/accounts.ts";
import { operatorName, type Role, readRoleSecret } from "../../../shared/broker/access/credentials.ts";
import { inviteKey, newInviteCode } from "../../../shared/broker/access/invite-code.ts";
import { type HeldBroker, holdBroker } from "../../../shared/broker/server/server.ts";
import type { WorkerId } from "../../../shared/domain/names.ts";
import { workspacePaths } from "../../../shared/machine/workspace.ts";
import * as subjects from "../../../shared/wire/subjects.ts";
import { atEnd, temporaryFolder } from "../../support/cleanup.ts";
import { eventually, patienceMs } from "../../support/patience.ts";

const text = StringCodec();
const paths = workspacePaths("ws1", { XDG_DATA_HOME: temporaryFolder() });
let broker: HeldBroker;
let coordinator: NatsConnection;

interface TestWorker {
  readonly user: WorkerUser;
  readonly seed: Uint8Array;
}
function newWorker(id: string): TestWorker {
  const pair = nkeys.createUser();
  return { user: { id: id as WorkerId, publicKey: pair.getPublicKey() }, seed: pair.getSeed() };
}
const w1 = newWorker("w1");
const w2 = newWorker("w2");

async function connectWith(options: ConnectionOptions): Promise<NatsConnection> {
  const connection = await connect({ servers: broker.url, reconnect: false, ...options });
  atEnd(() => connection.close());
  return connection;
}
function connectAs(role: Role): Promise<NatsConnection> {
  const { user, password } = readRoleSecret(paths, role);
  return connectWith({ user, pass: password, inboxPrefix: inboxPrefix(role) });
}
const connectWorker = ({ user, seed }: TestWorker): Promise<NatsConnection> =>
  connectWith({ authenticator: nkeyAuthenticator(seed), inboxPrefix: inboxPrefix(user.id) });

const violates = (error: NatsError): boolean => error.code === "PERMISSIONS_VIOLATION";
const isRefused = (error: NatsError): boolean => error.code === "AUTHORIZATION_VIOLATION";

async function mayNotPublish(connection: NatsConnection, refused: readonly string[]): Promise<void> {
  for (const subject of refused) {
    await assert.rejects(connection.request(subject, "", { timeout: patienceMs }), violates, subject);
  }
}

async function mayNotSubscribe(connection: NatsConnection, refused: readonly string[]): Promise<void> {
  for (const subject of refused) {
    const error = await new Promise<NatsError | null>((resolve) => {
      const subscription = connection.subscribe(subject, { callback: (problem) => resolve(problem) });
      // A refusal comes before the first answer, and its callback has run before the second answer.
      void connection
        .flush()
        .then(() => connection.flush())
        .then(() => resolve(null), resolve)
        .finally(() => subscription.unsubscribe());
    });
    assert.ok(error && violates(error), subject);
  }
}

before(async () => {
  broker = await holdBroker(paths, { kind: "coordinator", log: () => undefined });
  atEnd(() => broker.release());
  await broker.reloadUsers([w1.user, w2.user]);
  coordinator = await connectAs("coordinator");
  const manager = await coordinator.jetstreamManager();
  await manager.streams.add({ name: "JRN", subjects: subjects.journalSubjects, allow_direct: true });
  await manager.streams.add({ name: "EV", subjects: subjects.evidenceSubjects, allow_direct: true });
  await manager.streams.add({ name: "BLOB", subjects: subjects.blobSubjects, allow_direct: true });
  await coordinator.jetstream().views.kv(subjects.bucket);
  coordinator.subscribe("ask.*", { callback: (_, message) => message.respond(text.encode(`for ${message.subject}`)) });
  coordinator.subscribe(subjects.allEnrolments, { callback: (_, message) => message.respond(text.encode("admitted")) });
});

const stored = async (stream: string): Promise<Record<string, number>> => {
  const manager = await coordinator.jetstreamManager();
  return (await manager.streams.info(stream, { subjects_filter: ">" })).state.subjects ?? {};
};

describe("logging in to the broker", () => {
  it("refuses a missing name, a wrong password, and a key that was not admitted", async () => {
    await assert.rejects(connectWith({}), isRefused);
    await assert.rejects(connectWith({ user: "coordinator", pass: "wrong" }), isRefused);
    await assert.rejects(connectWith({ user: "enrol", pass: "" }), isRefused);
    await assert.rejects(connectWorker(newWorker("w1")), isRefused);
  });
});

describe("a worker", () => {
  it("may ask, store evidence and checkpoints, read blobs, and hear its control subjects", async () => {
    const worker = await connectWorker(w1);
    const answer = await worker.request("ask.w1", "", { timeout: patienceMs });
    assert.equal(text.decode(answer.data), "for ask.w1");

    const store = worker.jetstream();
    const first = await store.publish("ev.w1.job1.1.report", text.encode("r"), { msgID: "1.1.1" });
    const again = await store.publish("ev.w1.job1.1.report", text.encode("r"), { msgID: "1.1.1" });
    assert.deepEqual([first.duplicate, again.duplicate, again.seq], [false, true, first.seq]);
    await store.publish("ck.w1.job1.1.1.0", text.encode("state"));
    const chunk = await worker.request("$JS.API.DIRECT.GET.BLOB.ck.w1.job1.1.1.0", "", { timeout: patienceMs });
    assert.equal(text.decode(chunk.data), "state");

    const heard: string[] = [];
    for (const subject of ["ctl.all", "ctl.w1"]) {
      worker.subscribe(subject, { callback: (_, message) => heard.push(message.subject) });
    }
    await worker.flush();
    for (const subject of ["ctl.w2", "ctl.w1", "ctl.all"]) coordinator.publish(subject);
    await eventually("both messages", () => heard.length === 2);
    assert.deepEqual(heard, ["ctl.w1", "ctl.all"]);
    await worker.close();
  });

  it("may use no other subject", async () => {
    const worker = await connectWorker(w1);
    await mayNotPublish(worker, [
      "ask.w2",
      "ask.w1.x",
      "ev.w2.job1.1.result",
      "ev.w1",
      "ck.w2.job1.1.1.0",
      "blob.abc.0",
      "jrn.job1.job",
      "ctl.all",
      "ctl.w1",
      "op.root",
      "enrol",
      "_INBOX_w2.x",
      "$KV.NEXUS.leader",
      "$JS.API.INFO",
      "$JS.API.STREAM.INFO.EV",
      "$JS.API.STREAM.PURGE.EV",
      "$JS.API.STREAM.DELETE.JRN",
      "$JS.API.STREAM.MSG.GET.EV",
      "$JS.API.DIRECT.GET.EV.ev.w2.job1.1.result",
      "$JS.API.DIRECT.GET.BLOB",
      "$JS.API.CONSUMER.CREATE.EV",
      "$JS.API.CONSUMER.MSG.NEXT.EV.x",
      "$JS.ACK.EV.x.1.1.1.0.0",
      "$SYS.REQ.SERVER.PING",
    ]);
    await mayNotSubscribe(worker, [
      ">",
      "ctl.>",
      "ctl.w2",
      "_INBOX_w2.>",
      "_INBOX.>",
      "ev.>",
      "ask.*",
      "enrol",
      "_INBOX_enrol.>",
    ]);
    await worker.close();
  });

  it("cannot make the server write in another's name, whatever reply subject it gives", async () => {
    const worker = await connectWorker(w1);
    await worker.jetstream().publish("ck.w1.job9.1.1.0", text.encode("forged"));
    const heard: string[] = [];
    for (const subject of ["op.>", "ctl.>", "jrn.>", "$KV.>", "_INBOX_viewer.>"]) {
      coordinator.subscribe(subject, { callback: (_, message) => heard.push(message.subject) });
    }
    const asked: string[] = [];
    coordinator.subscribe("ask.*", { callback: (_, message) => asked.push(message.subject) });
    await coordinator.flush();
    const earlier = { EV: await stored("EV"), BLOB: await stored("BLOB") };

    const foreign = [
      "ev.w2.job9.1.result",
      "ck.w2.job9.1.1.0",
      "blob.abc.0",
      "jrn.job9.job",
      "op.root",
      "ask.w2",
      "ctl.w2",
      "enrol",
      "$KV.NEXUS.leader",
      "$JS.API.STREAM.PURGE.EV",
      "_INBOX_viewer.x",
    ];
    for (const reply of foreign) {
      worker.publish("$JS.API.DIRECT.GET.BLOB.ck.w1.job9.1.1.0", "", { reply });
      worker.publish("ask.w1", "", { reply });
      worker.publish("ev.w1.job9.1.report", "", { reply });
    }
    // The server handles a connection's messages in order: before this answer it gave the others.
    await worker.jetstream().publish("ev.w1.job9.1.report", text.encode("last"));
    await eventually("all questions", () => asked.length === foreign.length);
    await coordinator.flush();

    assert.deepEqual(heard, []);
    assert.deepEqual(new Set(asked), new Set(["ask.w1"]));
    assert.deepEqual(await stored("EV"), { ...earlier.EV, "ev.w1.job9.1.report": foreign.length + 1 });
    assert.deepEqual(await stored("BLOB"), earlier.BLOB);
    assert.deepEqual(await stored("JRN"), {});
    await worker.close();
  });
});

async function readsEverything(reader: NatsConnection): Promise<void> {
  const store: JetStreamClient = reader.jetstream();
  for (const stream of ["JRN", "EV"]) {
    const manager = await reader.jetstreamManager();
    const { state } = await manager.streams.info(stream);
    assert.ok(state.messages > 0);
    const consumer = await store.consumers.get(stream);
    const messages = await consumer.consume({ max_messages: 100 });
    let count = 0;
    for await (const message of messages) {
      count++;
      if (message.info.pending === 0) break;
    }
    assert.equal(count, state.messages);
    const filtered = await store.consumers.get(stream, { filterSubjects: [`${stream.toLowerCase()}.>`] });
    assert.ok(await filtered.next({ expires: 2000 }));
  }
  const entries = await store.views.kv(subjects.bucket, { bindOnly: true });
  assert.equal((await entries.get("leader"))?.string(), "c1");
  const watch = await entries.watch();
  for await (const entry of watch) {
    assert.equal(entry.key, "leader");
    break;
  }
  const chunk = await reader.request("$JS.API.DIRECT.GET.BLOB.blob.abc.0", "", { timeout: patienceMs });
  assert.equal(text.decode(chunk.data), "snapshot");
}

const writes = [
  "jrn.job1.job",
  "ev.w1.job1.1.result",
  "ck.w1.job1.1.1.0",
  "blob.abc.1",
  "ctl.all",
  "ask.w1",
  "enrol",
  "op.somebody-else",
  "$KV.NEXUS.leader",
  "$JS.API.STREAM.CREATE.X",
  "$JS.API.STREAM.UPDATE.EV",
  "$JS.API.STREAM.PURGE.EV",
  "$JS.API.STREAM.DELETE.EV",
  "$JS.API.STREAM.MSG.DELETE.EV",
  "$JS.API.STREAM.SNAPSHOT.EV",
  "$JS.API.CONSUMER.DELETE.EV.x",
  "$JS.API.CONSUMER.DURABLE.CREATE.EV.x",
  "$JS.API.CONSUMER.CREATE.OTHER",
  "$JS.ACK.EV.x.1.1.1.0.0",
  "$SYS.REQ.SERVER.PING",
];

describe("an operator and a viewer", () => {
  before(async () => {
    await coordinator.jetstream().publish("jrn.job1.job", text.encode("submitted"));
    await coordinator.jetstream().publish("ev.w1.job1.1.report", text.encode("x"));
    await coordinator.jetstream().publish("blob.abc.0", text.encode("snapshot"));
    await (await coordinator.jetstream().views.kv(subjects.bucket)).put("leader", "c1");
  });

  it("may both read journal, evidence, entries and blobs", async () => {
    for (const role of ["operator", "viewer"] as const) {
      const reader = await connectAs(role);
      await readsEverything(reader);
      await reader.close();
    }
  });

  it("the viewer may only publish requests to read, and only hear its own inbox", async () => {
    const viewer = await connectAs("viewer");
    await mayNotPublish(viewer, [...writes, subjects.operator(operatorName())]);
    await mayNotSubscribe(viewer, [">", "ev.>", "jrn.>", "op.*", "_INBOX_operator.>", "_INBOX.>"]);
    await viewer.close();
  });

  it("the operator may only give orders in his own name", async () => {
    const own = subjects.operator(operatorName());
    coordinator.subscribe("op.*", { callback: (_, message) => message.respond(text.encode(message.subject)) });
    const operator = await connectAs("operator");
    assert.equal(text.decode((await operator.request(own, "", { timeout: patienceMs })).data), own);
    await mayNotPublish(operator, writes);
    await mayNotSubscribe(operator, [">", "op.*", "_INBOX_viewer.>"]);
    await operator.close();
  });
});

describe("the list of workers", () => {
  it("changes while the server runs: a removed worker is disconnected, the others are not", async () => {
    const w3 = newWorker("w3");
    const first = await connectWorker(w1);
    const second = await connectWorker(w2);
    let reconnects = 0;
    for (const connection of [first, coordinator]) {
      void (async () => {
        for await (const status of connection.status()) if (status.type === "disconnect") reconnects++;
      })();
    }
    await assert.rejects(connectWorker(w3), isRefused);
    const invite = inviteKey(newInviteCode(Date.now()));
    await broker.reloadUsers([w1.user, w2.user, w3.user], [invite]);
    const third = await connectWorker(w3);
    assert.equal(text.decode((await third.request("ask.w3", "", { timeout: patienceMs })).data), "for ask.w3");
    assert.ok(!second.isClosed());

    const enrolling = await connectWith({
      authenticator: nkeyAuthenticator(new TextEncoder().encode(invite.seed)),
      inboxPrefix: inboxPrefix(inviteUser(invite.id)),
    });
    const own = subjects.enrol(invite.id);
    assert.equal(text.decode((await enrolling.request(own, "", { timeout: patienceMs })).data), "admitted");
    const others = ["enrol", "enrol.aaaaaaaa", "ask.w1", "ev.w1.job1.1.result", "ctl.all", "op.root", "$JS.API.INFO"];
    await mayNotPublish(enrolling, others);
    await mayNotSubscribe(enrolling, [">", "ctl.all", own, "_INBOX_w1.>", "_INBOX_enrol_aaaaaaaa.>"]);

    await broker.reloadUsers([w1.user, w3.user]);
    await second.closed();
    await enrolling.closed();
    await assert.rejects(connectWorker(w2), isRefused);
    for (const connection of [first, third, coordinator]) await connection.flush();
    assert.equal(reconnects, 0);
    await first.close();
    await third.close();
  });

  it("leaves out what is not a worker or has a key that nats-server refuses, and lets the others in", async () => {
    const { publicKey } = w2.user;
    const broken = publicKey.slice(0, -1) + (publicKey.endsWith("A") ? "B" : "A");
    const notWorkers = [
      { id: 'w9", "ev.>' as WorkerId, publicKey },
      { id: "w8" as WorkerId, publicKey: broken },
    ];
    await broker.reloadUsers([...notWorkers, w1.user]);
    await (await connectWorker(w1)).close();
    await assert.rejects(connectWorker(w2), isRefused);
  });

  it("takes many changes at once; the last one wins", async () => {
    const changes = [[w1.user], [w2.user], [w1.user, w2.user], [w2.user]];
    await Promise.all(changes.map((workers) => broker.reloadUsers(workers)));
    await assert.rejects(connectWorker(w1), isRefused);
    await (await connectWorker(w2)).close();
  });
});
