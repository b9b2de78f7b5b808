import { operatorName } from "../../../shared/broker/access/credentials.ts";
import { eventually } from "../../support/patience.ts";
import type { Act, Family } from "../act.ts";
import { enrolSubject } from "../attacker/joining.ts";
import { claim, enrolment, jobQuestion, order, renewal } from "../attacker/words.ts";
import { type Ground, ids, type Role } from "../ground/ground.ts";
import type { RawClient } from "../raw-client.ts";
import { heardByVictim, openVictimsEars } from "./publishing.ts";

const { worker: own, victim, honest } = ids;

/**
 * The server answers a permitted question on any reply subject that it names, without checking that the sender may
 * publish there. A carrier is a question that a role may ask; a target is a subject that its answer must not reach.
 */
interface Carrier {
  readonly role: Role;
  readonly title: string;
  /** Asks the question. The answer contains the mark, or is recognised by its form (`isAnswer`). */
  readonly send: (client: RawClient, reply: string, mark: string, ground: Ground) => void;
}

const plain =
  (subject: string, data: string | Uint8Array = "") =>
  (client: RawClient, reply: string): void =>
    client.publish(subject, data, { reply });

/** Makes the server send the worker's stored piece to the reply subject. */
const readOut = (client: RawClient, reply: string, mark: string): void =>
  client.publish(`$JS.API.DIRECT.GET.BLOB.ck.${own}.${mark}`, "", { reply });

/** The same, as a worker asks servers before 2.11 for many pieces. */
const readInOrder = (client: RawClient, reply: string, mark: string): void =>
  client.publish("$JS.API.DIRECT.GET.BLOB", JSON.stringify({ seq: 1, next_by_subj: `ck.${own}.${mark}` }), { reply });

/** A reader in the coordinators' account makes the server send out a worker's stored message with its headers. */
const handOut =
  (role: Role, subject: (mark: string) => string, question: (mark: string) => unknown) =>
  (client: RawClient, reply: string, mark: string): void => {
    client.publish(subject(mark), JSON.stringify(question(mark)), { reply });
    void role;
  };

const ofWorkers = (role: "worker" | "benched"): Carrier[] => [
  { role, title: "a renewal", send: plain(`ask.${ids[role]}`, renewal()) },
  { role, title: "a claim", send: plain(`ask.${ids[role]}`, claim({ targets: ["nothing"] })) },
  { role, title: "a question for a job", send: plain(`ask.${ids[role]}`, jobQuestion("job1")) },
  {
    role,
    title: "an acknowledgement of evidence",
    send: (client, reply, mark) => client.publish(`ev.${ids[role]}.${mark}`, mark, { reply }),
  },
  {
    role,
    title: "an acknowledgement of a piece",
    send: (client, reply, mark) => client.publish(`ck.${ids[role]}.${mark}a`, mark, { reply }),
  },
];

const ofReaders = (role: "viewer" | "operator"): Carrier[] => [
  { role, title: "stream info by its account's name", send: plain("READ.STREAM.INFO.EV") },
  {
    role,
    title: "a direct get of a worker's piece by its account's name",
    send: handOut(
      role,
      (mark) => `READ.DIRECT.GET.BLOB.ck.${own}.${mark}`,
      () => ({}),
    ),
  },
  {
    role,
    title: "a get of a worker's evidence by its account's name",
    send: handOut(
      role,
      () => "READ.STREAM.MSG.GET.EV",
      (mark) => ({ last_by_subj: `ev.${own}.${mark}` }),
    ),
  },
  {
    role,
    title: "a direct get of a worker's evidence by its account's name",
    send: handOut(
      role,
      () => "READ.DIRECT.GET.EV",
      (mark) => ({ last_by_subj: `ev.${own}.${mark}` }),
    ),
  },
  { role, title: "stream info", send: plain("$JS.API.STREAM.INFO.EV") },
  { role, title: "account info", send: plain("$JS.API.INFO") },
  { role, title: "names", send: plain("$JS.API.STREAM.NAMES") },
  {
    role,
    title: "a direct get of a worker's piece",
    send: handOut(
      role,
      (mark) => `$JS.API.DIRECT.GET.BLOB.ck.${own}.${mark}`,
      () => ({}),
    ),
  },
  {
    role,
    title: "a get by subject of a worker's evidence",
    send: handOut(
      role,
      () => "$JS.API.STREAM.MSG.GET.EV",
      (mark) => ({ last_by_subj: `ev.${own}.${mark}` }),
    ),
  },
  {
    role,
    title: "a direct get of a worker's evidence",
    send: handOut(
      role,
      () => "$JS.API.DIRECT.GET.EV",
      (mark) => ({ last_by_subj: `ev.${own}.${mark}` }),
    ),
  },
  {
    role,
    title: "a consumer's next message",
    send: (client, reply, mark) => {
      const name = `${mark}c`;
      const config = { name, ack_policy: "none", filter_subject: `ev.${own}.${mark}`, inactive_threshold: 5e9 };
      const at = `$JS.API.CONSUMER.CREATE.EV.${name}.ev.${own}.${mark}`;
      client.publish(at, JSON.stringify({ stream_name: "EV", config }), { reply: `_INBOX_${role}.${mark}` });
      client.publish(`$JS.API.CONSUMER.MSG.NEXT.EV.${name}`, JSON.stringify({ batch: 1, expires: 3e9 }), { reply });
    },
  },
  {
    role,
    title: "a push consumer that delivers there",
    send: (client, reply, mark) => {
      const name = `${mark}p`;
      const config = {
        name,
        ack_policy: "none",
        deliver_subject: reply,
        filter_subject: `ev.${own}.${mark}`,
        inactive_threshold: 5e9,
      };
      const at = `$JS.API.CONSUMER.CREATE.EV.${name}.ev.${own}.${mark}`;
      client.publish(at, JSON.stringify({ stream_name: "EV", config }), { reply: `_INBOX_${role}.${mark}` });
    },
  },
];

const carriers: readonly Carrier[] = [
  ...ofWorkers("worker"),
  { role: "worker", title: "a direct get of its own piece", send: readOut },
  { role: "worker", title: "a direct get in order of its own piece", send: readInOrder },
  { role: "worker", title: "a direct get of what is not there", send: plain("$JS.API.DIRECT.GET.BLOB.ck.none") },
  ...ofWorkers("benched"),
  ...ofReaders("viewer"),
  ...ofReaders("operator"),
  {
    role: "operator",
    title: "an order",
    send: plain(`op.${operatorName()}`, order({ kind: "admit", worker: "nobody" })),
  },
  {
    role: "joiner",
    title: "an enrolment",
    send: (client, reply, mark, ground) => client.publish(enrolSubject(ground), enrolment({ op: mark }), { reply }),
  },
];

/** `?` stands for the mark. On a subject without it, an answer is told from honest messages by its form. */
const targets: readonly string[] = [
  "jrn.job1.trial.1",
  "jrn.ws.op",
  "jrn.ws.batch",
  "jrn.?",
  `ev.${honest}.job1.1.result`,
  `ev.${victim}.?`,
  `ck.${victim}.?`,
  "blob.?.0",
  `ask.${victim}`,
  "ask.?",
  "enrol",
  "enrol.?",
  `op.${operatorName()}x`,
  "op.?",
  "ctl.all",
  `ctl.${victim}`,
  "status",
  "$KV.NEXUS.leader",
  "$KV.NEXUS.users",
  "$KV.NEXUS.?",
  "$JS.API.STREAM.PURGE.BLOB",
  "$JS.API.STREAM.MSG.DELETE.EV",
  "$JS.API.CONSUMER.DELETE.EV.?",
  "$JS.API.STREAM.INFO.?",
  "$JS.ACK.EV.?.1.1.1.0.0",
  "_INBOX_coordinator.?",
  "_INBOX_operator.?",
  "_INBOX_viewer.?",
  `_INBOX_${victim}.?`,
  "$SYS.REQ.USER.?",
  "_R_.ctl.all",
  `_R_.ctl.${victim}`,
  "_R_.status",
  "READ.STREAM.PURGE.?",
];

/**
 * Answers on a role's own inbox are legitimate. Answers on the victim's inbox are harmless: a worker takes answers only
 * on the unguessable subject where it asked for them.
 */
const isHarmless = (role: Role, target: string): boolean =>
  target.startsWith(`_INBOX_${role}.`) ||
  ((role === "worker" || role === "benched") && target.startsWith(`_INBOX_${victim}`));

const acts = carriers.flatMap((carrier) =>
  targets.filter((target) => !isHarmless(carrier.role, target)).map((target) => act(carrier, target)),
);

function act({ role, title, send }: Carrier, target: string): Act {
  return {
    family: "replies",
    role,
    title: `has ${title} sent to ${target}`,
    attempt: async (ground, mark) => {
      if (send === readOut || send === readInOrder || /worker's|consumer/.test(title)) await leave(ground, mark);
      const client = await ground.as(role);
      send(client, target.replace("?", mark), mark, ground);
      await client.sync();
    },
    harm: (ground, mark) => {
      const subject = target.replace("?", mark);
      const arrived = ground.observer.heard.find(
        (each) => each.subject === subject && isAnswer(each.text, mark, target),
      );
      if (arrived) return `it arrived on ${subject}`;
      const heard = heardByVictim(ground, mark).find((each) => each === subject);
      return heard && `the victim heard it on ${heard}`;
    },
  };
}

/** Stores messages as a colluding worker, for a reader to have handed out. */
async function leave(ground: Ground, mark: string): Promise<void> {
  const worker = await ground.as("worker");
  const head = `Nats-Msg-Id: 1.${mark}.1`;
  for (const kind of ["ev", "ck"]) {
    const answer = await worker.ask(`${kind}.${own}.${mark}`, mark, ground.inbox("worker"), 60_000, head);
    if (!answer?.data.includes("seq")) throw new Error(`not stored: ${answer?.data.toString() ?? "no answer"}`);
  }
}

/**
 * On a subject made for the act every message is an answer; elsewhere one that contains the mark or has the form of a
 * server's answer. The leader's own records about messages that it set aside do not count.
 */
const isAnswer = (text: string, mark: string, target: string): boolean =>
  target.includes("?") ||
  (text.includes(mark) && !text.includes("set-aside")) ||
  /"type":\s*"io\.nats|^\{"stream":\s*"|Nats-Stream|Status: /.test(text);

export const replies: Family = {
  name: "replies",
  origin: "held, 5, 8",
  acts: async (ground) => {
    await openVictimsEars(ground);
    return acts;
  },
  control: async (ground, mark) => {
    await leave(ground, mark);
    const client = await ground.as("worker");
    const inbox = `${ground.inbox("worker")}.${mark}`;
    const sid = client.subscribe(`${inbox}.>`);
    readOut(client, `${inbox}.x`, mark);
    client.publish(`ev.${own}.${mark}b`, mark, { reply: `${inbox}.y` });
    await client.sync();
    const told = (): number => client.messages.filter((each) => each.sid === sid).length;
    // Storing waits for a disk sync, and others use that disk too.
    await eventually("a worker's answers", () => told() >= 2, { seen: () => `${told()} of 2` });
    await ground.settle();
    client.send(`UNSUB ${sid}`);
    if (!ground.observer.saw(mark).includes(`ev.${own}.${mark}b`)) return "what a worker says of itself";
    return told() === 2 ? undefined : `a worker was given ${told()} of its 2 answers`;
  },
};
