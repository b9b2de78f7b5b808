import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, describe, it } from "node:test";
import { isAtLeast } from "../../../shared/broker/install/nats-server-version.ts";
import { runningBroker } from "../../../shared/broker/server/server.ts";
import { type Everybody, everybody, ownOrders, type Person } from "../../support/broker/everybody.ts";

const streams = ["JRN", "EV", "BLOB", "KV_NEXUS"];
const of = (...acts: readonly string[]): string[] =>
  streams.flatMap((stream) => acts.map((act) => act.replaceAll("#", stream)));

const reads = ["STREAM.INFO.#", "STREAM.MSG.GET.#", "DIRECT.GET.#", "DIRECT.GET.#.x"];
const gets = of(...reads.map((act) => `$JS.API.${act}`));
const importedGets = of(...reads.map((act) => `READ.${act}`));
const consumers = of(
  "$JS.API.CONSUMER.CREATE.#",
  "$JS.API.CONSUMER.CREATE.#.x.y",
  "$JS.API.CONSUMER.INFO.#.x",
  "$JS.API.CONSUMER.MSG.NEXT.#.x",
);
const changes = [
  ...of(
    "$JS.API.STREAM.UPDATE.#",
    "$JS.API.STREAM.PURGE.#",
    "$JS.API.STREAM.DELETE.#",
    "$JS.API.STREAM.MSG.DELETE.#",
    "$JS.API.STREAM.SNAPSHOT.#",
    "$JS.API.STREAM.RESTORE.#",
    "$JS.API.CONSUMER.DELETE.#.x",
    "$JS.API.CONSUMER.DURABLE.CREATE.#.x",
    "$JS.API.CONSUMER.PAUSE.#.x",
    "$JS.API.CONSUMER.NAMES.#",
    "$JS.ACK.#.x.1.1.1.0.0",
    "$JS.FC.#.x",
    "READ.STREAM.PURGE.#",
    "READ.STREAM.MSG.DELETE.#",
    "READ.CONSUMER.CREATE.#",
    "READ.CONSUMER.CREATE.#.x.y",
    "READ.CONSUMER.DURABLE.CREATE.#.x",
    "READ.CONSUMER.MSG.NEXT.#.x",
  ),
  "$JS.API.INFO",
  "$JS.API.STREAM.NAMES",
  "$JS.API.STREAM.CREATE.X",
  "$JS.API.META.LEADER.STEPDOWN",
  "$JS.API.ACCOUNT.PURGE.SWARM",
  "$SYS.REQ.SERVER.PING",
  "$SYS.REQ.ACCOUNT.PING.CONNZ",
  "$KV.NEXUS.leader",
  "$KV.NEXUS.users",
  "status",
  "_R_.status",
  "_R_.ctl.all",
  "_R_.ctl.w2",
  "jrn.job1.job",
  "jrn.ws.op",
  "blob.abc.1",
  "moving.jrn.job1.job",
];
/** A piece of what a job brings along. */
const bundlePiece = "blob.code.abc";
const bundleGet = `$JS.API.DIRECT.GET.BLOB.${bundlePiece}`;
const workers = [
  ...["ask.w1", "ev.w1.job1.1.report", "ck.w1.job1.1.1.b.0", "ask.w2", "ev.w2.job1.1.result", "ck.w2.job1.1.1.b.0"],
  ...["ask.w1.x", "ask", "ev.w1", "ck.w1", "ctl.all", "ctl.w1", "ctl.w2"],
  ...["$JS.API.DIRECT.GET.BLOB.ck.w2.job1.1.1.b.0", "$JS.API.DIRECT.GET.BLOB.blob.abc.0"],
  ...["$JS.API.DIRECT.GET.BLOB.>", "$JS.API.DIRECT.GET.BLOB.*.abc.0"],
  ...[bundleGet, "$JS.API.DIRECT.GET.BLOB.blob.*.abc", "$JS.API.DIRECT.GET.BLOB.blob.>"],
];
const others = [bundlePiece, "blob.code.abc.1", "enrol", "enrol.abcdefgh", ownOrders, "op.somebody-else", "op"];
const inboxes = ["w1", "w2", "viewer", "operator", "here-viewer", "coordinator", "enrol"].map(
  (user) => `_INBOX_${user}.x`,
);

/** All subjects that anybody might try to publish to. */
const acts = [
  ...gets,
  ...importedGets,
  ...consumers,
  ...changes,
  ...workers,
  ...others,
  ...inboxes,
  "_INBOX.x",
  "x",
  ">",
];

const mayPublish: Readonly<Record<Person, readonly string[]>> = {
  w1: ["ask.w1", "ev.w1.job1.1.report", "ck.w1.job1.1.1.b.0", "$JS.API.DIRECT.GET.BLOB.ck.w2.job1.1.1.b.0", bundleGet],
  w2: ["ask.w2", "ev.w2.job1.1.result", "ck.w2.job1.1.1.b.0", "$JS.API.DIRECT.GET.BLOB.ck.w2.job1.1.1.b.0", bundleGet],
  viewer: importedGets,
  operator: [...importedGets, ownOrders, bundlePiece],
  "here-viewer": [...gets, ...consumers, ...workers.filter((subject) => subject.startsWith("$JS.API.DIRECT.GET."))],
  "here-operator": [
    ...[...gets, ...consumers, ...workers.filter((subject) => subject.startsWith("$JS.API.DIRECT.GET."))],
    ownOrders,
    bundlePiece,
  ],
  enrol: [],
};

/** All subjects that anybody might try to hear. */
const places = [
  ...[
    ">",
    "*",
    "*.>",
    "ev.>",
    "jrn.>",
    "ck.>",
    "blob.>",
    "ask.*",
    "op.*",
    "enrol",
    "enrol.*",
    "$KV.>",
    "$JS.>",
    "$SYS.>",
  ],
  ...["status", "_R_.status", "ctl.>", "ctl.all", "ctl.w1", "_R_.>", "_R_.*", "_R_.ctl.>", "_R_.ctl.all", "_R_.ctl.w1"],
  ...["_R_.ctl.w2", "_INBOX.>", "_INBOX_w1.>", "_INBOX_w2.>", "_INBOX_viewer.>", "_INBOX_operator.>"],
  ...["_INBOX_here-viewer.>", "_INBOX_here-operator.>", "_INBOX_coordinator.>", "_INBOX_enrol.>", "READ.>"],
];

const mayHear: Readonly<Record<Person, readonly string[]>> = {
  w1: ["_INBOX_w1.>", "_R_.ctl.all", "_R_.ctl.w1"],
  w2: ["_INBOX_w2.>", "_R_.ctl.all", "_R_.ctl.w2"],
  viewer: ["_INBOX_viewer.>", "_R_.status"],
  operator: ["_INBOX_operator.>", "_R_.status"],
  "here-viewer": ["_INBOX_here-viewer.>", "status"],
  "here-operator": ["_INBOX_here-operator.>", "status"],
  enrol: [],
};

let all: Everybody;
/** Further subjects that workers may publish to on a server before 2.11, where a question has one answer. */
let alsoWorkers: readonly string[] = [];
before(async () => {
  all = await everybody();
  const version = runningBroker(all.paths)?.version ?? "";
  if (!isAtLeast(version, 2, 11)) alsoWorkers = ["$JS.API.DIRECT.GET.BLOB"];
});

const refusal = /Permissions Violation for (?:Publish|Subscription) to "([^"]*)"/;

describe("rights at the broker", () => {
  for (const person of Object.keys(mayPublish) as Person[]) {
    it(`the broker lets ${person} publish and hear what it may, and nothing else`, async () => {
      const client = await all.connect(person);
      const refused = async (say: () => void): Promise<Set<string>> => {
        client.refusals.length = 0;
        say();
        await client.flush();
        return new Set(client.refusals.map((each) => refusal.exec(each)?.[1] ?? each));
      };
      const silent = await refused(() => {
        for (const subject of acts) client.publish(subject, "", `${all.login[person].inbox}.x`);
      });
      assert.deepEqual(
        acts.filter((subject) => !silent.has(subject)),
        acts.filter(
          (subject) => mayPublish[person].includes(subject) || (/^w\d/.test(person) && alsoWorkers.includes(subject)),
        ),
      );
      const deaf = await refused(() => {
        for (const subject of places) client.subscribe(subject);
      });
      assert.deepEqual(
        places.filter((subject) => !deaf.has(subject)),
        places.filter((subject) => mayHear[person].includes(subject)),
      );
      assert.ok(client.isOpen);
      client.end();
    });
  }

  it("the broker lets each role read what it may read, and answers what it may ask", async () => {
    const viewer = await all.connect("viewer");
    assert.match((await viewer.ask("READ.STREAM.INFO.JRN"))?.body ?? "", /"messages":\s*1,/);
    assert.equal((await viewer.ask("READ.DIRECT.GET.JRN", '{"seq": 1}'))?.body, "submitted");
    assert.equal((await viewer.ask("READ.DIRECT.GET.BLOB.blob.abc.0"))?.body, "snapshot");
    assert.equal((await viewer.ask("READ.DIRECT.GET.KV_NEXUS.$KV.NEXUS.leader"))?.body, "c1");
    const operator = await all.connect("operator");
    assert.equal((await operator.ask(ownOrders))?.body, `to ${ownOrders}`);
    const worker = await all.connect("w1");
    assert.equal((await worker.ask("ask.w1"))?.body, "to ask.w1");
    assert.match((await worker.ask("ev.w1.job2.1.report", "r"))?.body ?? "", /"stream":\s*"EV"/);
    assert.equal((await worker.ask("$JS.API.DIRECT.GET.BLOB.ck.w2.job7.1.1.b.0"))?.body, "sealed");
    for (const subject of alsoWorkers) {
      const question = { seq: 1, next_by_subj: "ck.w2.job7.1.1.b.0", batch: 1000 };
      assert.equal((await worker.ask(subject, JSON.stringify(question)))?.body, "sealed");
      await worker.flush();
      assert.equal(worker.heard.filter(({ body }) => body === "sealed").length, 2, "one question, one answer");
    }
    const enrolling = await all.connect("enrol");
    assert.equal((await enrolling.ask(all.enrolment))?.body, `to ${all.enrolment}`);
    for (const client of [viewer, operator, worker, enrolling]) client.end();
  });

  it("a hint reaches the worker that it is for, and status whoever views", async () => {
    const [w1, w2, viewer] = [await all.connect("w1"), await all.connect("w2"), await all.connect("viewer")];
    for (const id of ["w1", "all"]) w1.subscribe(`_R_.ctl.${id}`);
    for (const id of ["w2", "all"]) w2.subscribe(`_R_.ctl.${id}`);
    viewer.subscribe("_R_.status");
    for (const client of [w1, w2, viewer]) await client.flush();
    for (const subject of ["ctl.w1", "ctl.all", "status"]) all.coordinator.publish(subject, "hint");
    await all.coordinator.flush();
    for (const client of [w1, w2, viewer]) await client.flush();
    const subjectsOf = (client: typeof w1): string[] => client.heard.map(({ subject }) => subject);
    assert.deepEqual([w1, w2, viewer].map(subjectsOf), [
      ["_R_.ctl.w1", "_R_.ctl.all"],
      ["_R_.ctl.all"],
      ["_R_.status"],
    ]);
    for (const client of [w1, w2, viewer]) client.end();
  });

  it("the broker lets a connection make some subscriptions, and no more", async () => {
    const client = await all.connect("w1");
    for (let i = 0; i < 2000; i += 1) client.subscribe(`_INBOX_w1.${i}`);
    await client.flush();
    assert.ok(client.refusals.some((each) => /maximum subscriptions exceeded/i.test(each)));
    client.end();
  });

  it("nats-server finds nothing wrong with its configuration", () => {
    // It logs "overrides" for an account's limit that is above its own.
    assert.doesNotMatch(readFileSync(all.paths.serverLog, "utf8"), /overrides/);
  });

  it("nats-server's greeting tells nothing of the workspace", async () => {
    const client = await all.connect("viewer");
    const greeting = JSON.stringify(await client.info());
    assert.doesNotMatch(greeting, new RegExp(`nexus|ws1|${process.pid}|SWARM`, "i"));
    assert.match(String((await client.info())["server_name"]), /^[0-9a-f]{24}$/);
    client.end();
  });
});
