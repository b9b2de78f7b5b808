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
import { hereSecret, operatorName, readRoleSecret } from "../../../shared/broker/access/credentials.ts";
import { inviteKey, newInviteCode } from "../../../shared/broker/access/invite-code.ts";
import { streamInfo } from "../../../shared/broker/client/jetstream-api.ts";
import { type HeldBroker, holdBroker } from "../../../shared/broker/server/server.ts";
import { connectAs as connectRole } from "../../../shared/broker/workspace-link.ts";
import type { WorkerId } from "../../../shared/domain/names.ts";
import { workspacePaths } from "../../../shared/machine/workspace.ts";
import type { BusError } from "../../../shared/ports.ts";
import * as subjects from "../../../shared/wire/subjects.ts";
import { startNatsServer } from "../../support/broker/nats-server.ts";
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
const connectWorker = ({ user, seed }: TestWorker): Promise<NatsConnection> =>
  connectWith({ authenticator: nkeyAuthenticator(seed), inboxPrefix: inboxPrefix(user.id) });

const isRefused = (error: NatsError): boolean => error.code === "AUTHORIZATION_VIOLATION";

before(async () => {
  broker = await holdBroker(paths, { kind: "coordinator", log: () => undefined });
  atEnd(() => broker.release());
  await broker.reloadUsers([w1.user, w2.user]);
  const { user, password } = readRoleSecret(paths, "coordinator");
  coordinator = await connectWith({ user, pass: password });
  const manager = await coordinator.jetstreamManager();
  await manager.streams.add({ name: "JRN", subjects: subjects.journalSubjects, allow_direct: true });
  await manager.streams.add({ name: "EV", subjects: subjects.evidenceSubjects, allow_direct: true });
  await manager.streams.add({ name: "BLOB", subjects: subjects.blobSubjects, allow_direct: true });
  await coordinator.jetstream().views.kv(subjects.bucket);
  coordinator.subscribe("ask.*", { callback: (_, message) => message.respond(text.encode(`for ${message.subject}`)) });
  coordinator.subscribe(subjects.allEnrolments, { callback: (_, message) => message.respond(text.encode("admitted")) });
});

describe("logging in to the broker", () => {
  it("the broker refuses a missing name, a wrong password, and a key that was not admitted", async () => {
    await assert.rejects(connectWith({}), isRefused);
    await assert.rejects(connectWith({ user: "coordinator", pass: "wrong" }), isRefused);
    await assert.rejects(connectWith({ user: "enrol", pass: "" }), isRefused);
    await assert.rejects(connectWorker(newWorker("w1")), isRefused);
  });
});

describe("a worker", () => {
  it("a worker may ask, store evidence and checkpoints, and read checkpoints", async () => {
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

    await worker.close();
  });
});

async function readsEverything(reader: NatsConnection): Promise<void> {
  const store: JetStreamClient = reader.jetstream();
  for (const stream of ["JRN", "EV"]) {
    const manager = await reader.jetstreamManager({ checkAPI: false });
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
    assert.ok(await filtered.next({ expires: patienceMs }));
  }
  const entries = await reader.jetstream({ checkAPI: false }).views.kv(subjects.bucket, { bindOnly: true });
  assert.equal((await entries.get("leader"))?.string(), "c1");
  const chunk = await reader.request("$JS.API.DIRECT.GET.BLOB.blob.abc.0", "", { timeout: patienceMs });
  assert.equal(text.decode(chunk.data), "snapshot");
}

describe("an operator and a viewer on a coordinator's machine", () => {
  before(async () => {
    await coordinator.jetstream().publish("jrn.job1.job", text.encode("submitted"));
    await coordinator.jetstream().publish("ev.w1.job1.1.report", text.encode("x"));
    await coordinator.jetstream().publish("blob.abc.0", text.encode("snapshot"));
    await (await coordinator.jetstream().views.kv(subjects.bucket)).put("leader", "c1");
  });

  it("an operator and a viewer on a coordinator's machine read everything through consumers", async () => {
    const secrets = { coordinator: readRoleSecret(paths, "coordinator") };
    for (const role of ["operator", "viewer"] as const) {
      const { user, password } = hereSecret(secrets, role);
      const reader = await connectWith({ user, pass: password, inboxPrefix: inboxPrefix(user) });
      await readsEverything(reader);
      await reader.close();
    }
  });
});

describe("an operator and a viewer elsewhere", () => {
  it("an operator and a viewer elsewhere read all messages one by one, and the operator gives orders", async () => {
    const own = subjects.operator(operatorName());
    coordinator.subscribe("op.*", { callback: (_, message) => message.respond(text.encode(message.subject)) });
    for (const role of ["operator", "viewer"] as const) {
      const bus = await connectRole(broker.url, readRoleSecret(paths, role), role);
      const read: string[] = [];
      const reading = await bus.read("EV", 1, ({ subject }) => read.push(subject), ["ev.w1.>"]);
      await reading.caughtUp;
      assert.equal(read.length, await bus.lastSeq("EV"));
      assert.deepEqual(await bus.subjects("JRN", "jrn.>"), ["jrn.job1.job"]);
      assert.equal(text.decode((await bus.entries.get("leader"))?.value ?? new Uint8Array()), "c1");
      assert.equal(text.decode((await bus.newest("BLOB", "blob.abc.0")) ?? new Uint8Array()), "snapshot");
      assert.equal((await streamInfo(bus, "JRN"))?.state.lastSeq, 1);
      const heard: string[] = [];
      const asked = (timeout: number) => coordinator.request(subjects.status, undefined, { timeout });
      await assert.rejects(asked(patienceMs), /503|no responders/i);
      bus.subscribe(subjects.status, (subject) => heard.push(subject));
      await bus.flush();
      await assert.rejects(asked(300), /timeout/i, "somebody hears it");
      coordinator.publish(subjects.status);
      await eventually("the status", () => heard.includes(subjects.status));
      const order = bus.request(own, new Uint8Array([1]), patienceMs);
      if (role === "operator") assert.equal(text.decode(await order), own);
      else await assert.rejects(order, (error: BusError) => error.reason === "refused");
      await bus.close();
    }
  });

  it("a viewer reads from a server that others run, where users share one account", async () => {
    const server = await startNatsServer({ config: 'authorization { users: [{ user: "viewer", password: "v" }] }' });
    const bus = await connectRole(server.url, { user: "viewer", password: "v" }, "viewer");
    await bus.makeStreams([{ name: "JRN", subjects: subjects.journalSubjects, maxBytes: -1 }], 1);
    await bus.store("jrn.job1.job", text.encode("submitted"), { msgId: "1.x.1" });
    const read: string[] = [];
    await (await bus.read("JRN", 1, ({ subject }) => read.push(subject))).caughtUp;
    assert.deepEqual(read, ["jrn.job1.job"]);
    await bus.close();
    await server.stop();
  });
});

describe("the list of workers", () => {
  it("the list of workers changes while the server runs, which disconnects only removed workers", async () => {
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

    await broker.reloadUsers([w1.user, w3.user]);
    await second.closed();
    await enrolling.closed();
    await assert.rejects(connectWorker(w2), isRefused);
    for (const connection of [first, third, coordinator]) await connection.flush();
    assert.equal(reconnects, 0);
    await first.close();
    await third.close();
  });

  it("the list of workers leaves out what is no worker or has a refused key, and lets the others in", async () => {
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

  it("the list of workers takes many changes at once; the last one wins", async () => {
    const changes = [[w1.user], [w2.user], [w1.user, w2.user], [w2.user]];
    await Promise.all(changes.map((workers) => broker.reloadUsers(workers)));
    await assert.rejects(connectWorker(w1), isRefused);
    await (await connectWorker(w2)).close();
  });
});
