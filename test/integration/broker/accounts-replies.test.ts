import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { isAtLeast } from "../../../shared/broker/install/nats-server-version.ts";
import { runningBroker } from "../../../shared/broker/server/server.ts";
import { type Everybody, everybody, ownOrders, type Person, people } from "../../support/broker/everybody.ts";
import type { RawClient } from "../../support/broker/raw-client.ts";

const forged = "ck.w1.job9.1.1.forged.0";

/** Reply subjects that somebody might name: every family of subjects, in every account. */
const replies = [
  ...["jrn.job9.job", "jrn.ws.op", "jrn.ws.worker.w2", "jrn.x", "op.root", "op.somebody-else", ownOrders],
  ...[
    "enrol",
    "enrol.abcdefgh",
    "ask.w1",
    "ask.w2",
    "ev.w1.job9.1.result",
    "ev.w2.job9.1.result",
    "ck.w2.job9.1.1.b.0",
  ],
  ...["blob.abc.0", "ctl.all", "ctl.w2", "_R_.ctl.all", "_R_.ctl.w2", "status", "_R_.status", "_R_.x", "_GR_.x"],
  ...["$KV.NEXUS.leader", "$KV.NEXUS.users", "$KV.NEXUS.snap", "$JS.API.STREAM.PURGE.EV", "$JS.API.STREAM.DELETE.JRN"],
  ...[
    "$JS.API.CONSUMER.CREATE.JRN",
    "$JS.API.DIRECT.GET.JRN",
    "$JS.API.DIRECT.GET.BLOB",
    "$JS.ACK.EV.x.1.1.1.0.0",
    "$JS.FC.EV.x",
  ],
  ...["READ.STREAM.INFO.JRN", "READ.STREAM.MSG.GET.JRN", "READ.DIRECT.GET.JRN", "READ.DIRECT.GET.BLOB.blob.abc.0"],
  ...["READ.STREAM.PURGE.EV", "READ.CONSUMER.CREATE.JRN", "SWARM.jrn.x", "moving.jrn.x", "$SYS.REQ.SERVER.PING"],
  ...["_INBOX_w2.x", "_INBOX_viewer.x", "_INBOX_operator.x", "_INBOX_coordinator.x", "_INBOX_here-viewer.x"],
  ...["_INBOX_enrol.x", "_INBOX.x", "*", ">", "*.w2", "ctl.*", "_INBOX_w2.>", "_INBOX_w2.*.1", "_INBOX_viewer.*.1"],
];

/** A question that workers may ask only a server before 2.11. */
const inOrder = "$JS.API.DIRECT.GET.BLOB";

/** Every question that is answered, by asker. */
const questions: Readonly<Record<Exclude<Person, "w2" | "here-viewer" | "here-operator">, readonly string[]>> = {
  w1: ["ask.w1", "ev.w1.job9.1.report", "ck.w1.job9.1.1.c.0", `$JS.API.DIRECT.GET.BLOB.${forged}`, inOrder],
  viewer: [
    `READ.DIRECT.GET.BLOB.${forged}`,
    "READ.DIRECT.GET.BLOB",
    "READ.STREAM.MSG.GET.BLOB",
    "READ.STREAM.INFO.BLOB",
    "READ.DIRECT.GET.KV_NEXUS.$KV.NEXUS.leader",
  ],
  operator: [ownOrders, `READ.DIRECT.GET.BLOB.${forged}`, "READ.DIRECT.GET.BLOB", "READ.STREAM.MSG.GET.BLOB"],
  enrol: ["enrol.<own>"],
};

const gets = String.raw`\$JS\.API\.(STREAM\.INFO|STREAM\.MSG\.GET|DIRECT\.GET)\.(JRN|EV|BLOB|KV_NEXUS)(\..*)?`;

/** Subjects that may reach the account with the streams: those that the asker may publish anyway. */
const own = {
  w1: /^(ask\.w1|ev\.w1\..*|ck\.w1\..*|\$JS\.API\.DIRECT\.GET\.BLOB(\.ck\..*)?)$/,
  viewer: new RegExp(`^${gets}$`),
  operator: new RegExp(`^(${gets}|${ownOrders.replace(".", "\\.")})$`),
  enrol: /^enrol\.[0-9a-z]+$/i,
};

let all: Everybody;
const clients = new Map<Person, RawClient>();
const client = (person: Person): RawClient => {
  const found = clients.get(person);
  assert.ok(found);
  return found;
};

before(async () => {
  all = await everybody();
  for (const person of people) clients.set(person, await all.connect(person));
  for (const id of ["w1", "w2"] as const)
    for (const subject of [`_R_.ctl.${id}`, "_R_.ctl.all"]) client(id).subscribe(subject);
  for (const person of ["viewer", "operator"] as const) client(person).subscribe("_R_.status");
  for (const person of ["here-viewer", "here-operator"] as const) client(person).subscribe("status");
  // With a msgID in the form that makes a message a leader's record.
  const stored = await client("w1").ask(forged, "forged", { "Nats-Msg-Id": "7.nonce.1" });
  assert.match(stored?.body ?? "", /"stream":\s*"BLOB"/);
  for (const each of clients.values()) await each.flush();
});

/** A get's question is in its body. */
const bodyOf = async (question: string): Promise<string> => {
  if (!/GET\.BLOB$/.test(question)) return "";
  const { state } = await all.manager.streams.info("BLOB");
  return JSON.stringify({ next_by_subj: forged, seq: state.first_seq });
};

describe("answers of the broker", () => {
  for (const [asker, asked] of Object.entries(questions) as [keyof typeof questions, readonly string[]][]) {
    for (const text of asked) {
      it(`the answer to ${text.replace(ownOrders, "op.<operator>")} reaches only ${asker}, whatever its reply subject`, async () => {
        const question = text.replace("enrol.<own>", all.enrolment);
        const body = await bodyOf(question);
        if (asker === "w1" && text === inOrder && isAtLeast(runningBroker(all.paths)?.version ?? "", 2, 11)) {
          assert.equal(
            await client(asker).ask(question, body),
            undefined,
            "workers may ask it of earlier servers only",
          );
          return;
        }
        // Checks that this question is answered, and with the stored message.
        const answer = await client(asker).ask(question, body);
        assert.ok(answer && !answer.head.startsWith("NATS/1.0 503"), answer?.head ?? "refused");
        if (question.includes("DIRECT.GET.BLOB")) assert.equal(answer.body, "forged");
        const before = await all.stored();
        all.heard.length = 0;
        for (const [person, each] of clients) if (person !== asker) each.heard.length = 0;
        for (const reply of replies) client(asker).publish(question, body, reply);
        // The server gives a connection's answers in order, and this one comes after the others.
        await client(asker).ask(question, body);
        await all.coordinator.flush();
        for (const each of clients.values()) await each.flush();
        await all.coordinator.flush();

        for (const { subject, body: said } of all.heard) assert.match(subject, own[asker], said);
        const after = await all.stored();
        for (const [subject, count] of Object.entries(after)) {
          if (count !== before[subject]) assert.match(subject, asker === "w1" ? /^(ev|ck)\.w1\./ : /^$/);
        }
        for (const [person, each] of clients) if (person !== asker) assert.deepEqual(each.heard, [], person);
      });
    }
  }

  it("nats-server itself refuses replies under its own names, which hints come under", async () => {
    for (const asker of ["w1", "viewer", "operator"] as const) {
      const each = client(asker);
      each.refusals.length = 0;
      const [question = ""] = questions[asker];
      for (const reply of ["_R_.ctl.all", "_R_.ctl.w2", "_R_.status", "$JS.ACK.EV.x.1.1.1.0.0"])
        each.publish(question, "", reply);
      await each.flush();
      assert.equal(each.refusals.length, 4, each.refusals.join("\n"));
    }
  });
});
