import type { Act, Family } from "../act.ts";
import type { Ground, Role } from "../ground/ground.ts";
import { attackers, ids } from "../ground/ground.ts";
import { RawClient } from "../raw-client.ts";
import { mayPublish } from "./rights.ts";

/** Subjects that an attacker might publish to; `?` stands for the mark, where a new name that arrives is no harm. */
const targets: readonly string[] = [
  "jrn.job1.job",
  "jrn.job1.trial.1",
  "jrn.ws.worker.?",
  "jrn.ws.op",
  "jrn.ws.batch",
  "jrn.?",
  `ev.${ids.honest}.job1.1.report`,
  `ev.${ids.honest}.job1.1.result`,
  `ev.${ids.victim}.job1.1.failed`,
  `ev.${ids.victim}.job1.1.released`,
  `ev.${ids.victim}.job1.1.checkpoint`,
  "ev.?.job1.1.result",
  "ev.?",
  `ck.${ids.honest}.job1.1.1.state-1.0`,
  `ck.${ids.victim}.job1.1.1.files.0`,
  "ck.?",
  "blob.?.0",
  `ask.${ids.honest}`,
  `ask.${ids.victim}`,
  "ask.?",
  "ask.x.?",
  "enrol",
  "enrol.?",
  "op.root",
  "op.?",
  "op.x.?",
  "ctl.all",
  `ctl.${ids.honest}`,
  `ctl.${ids.victim}`,
  "ctl.?",
  "status",
  "$KV.NEXUS.leader",
  "$KV.NEXUS.snap",
  "$KV.NEXUS.users",
  "$KV.NEXUS.peers",
  "$KV.NEXUS.?",
  "$JS.API.INFO",
  "$JS.API.STREAM.NAMES",
  "$JS.API.STREAM.LIST",
  "$JS.API.STREAM.CREATE.?",
  "$JS.API.STREAM.UPDATE.EV",
  "$JS.API.STREAM.DELETE.BLOB",
  "$JS.API.STREAM.PURGE.JRN",
  "$JS.API.STREAM.PURGE.EV",
  "$JS.API.STREAM.PURGE.BLOB",
  "$JS.API.STREAM.MSG.DELETE.JRN",
  "$JS.API.STREAM.MSG.DELETE.EV",
  "$JS.API.STREAM.SNAPSHOT.JRN",
  "$JS.API.STREAM.RESTORE.?",
  "$JS.API.STREAM.TEMPLATE.CREATE.?",
  "$JS.API.STREAM.LEADER.STEPDOWN.JRN",
  "$JS.API.STREAM.PEER.REMOVE.JRN",
  "$JS.API.STREAM.INFO.JRN",
  "$JS.API.STREAM.MSG.GET.EV",
  "$JS.API.DIRECT.GET.JRN",
  "$JS.API.DIRECT.GET.EV",
  "$JS.API.DIRECT.GET.KV_NEXUS",
  `$JS.API.DIRECT.GET.EV.ev.${ids.honest}.job1.1.result`,
  "$JS.API.DIRECT.GET.KV_NEXUS.$KV.NEXUS.leader",
  "$JS.API.CONSUMER.CREATE.JRN",
  "$JS.API.CONSUMER.CREATE.EV.?",
  "$JS.API.CONSUMER.DURABLE.CREATE.EV.?",
  "$JS.API.CONSUMER.DELETE.EV.?",
  "$JS.API.CONSUMER.LIST.EV",
  "$JS.API.CONSUMER.NAMES.EV",
  "$JS.API.CONSUMER.MSG.NEXT.EV.?",
  "$JS.API.CONSUMER.PAUSE.EV.?",
  "$JS.API.CONSUMER.LEADER.STEPDOWN.EV.?",
  "$JS.API.META.LEADER.STEPDOWN",
  "$JS.API.SERVER.REMOVE",
  "$JS.API.ACCOUNT.PURGE.SWARM",
  "$JS.API.ACCOUNT.STREAM.MOVE.SWARM.EV",
  "$JS.ACK.EV.?.1.1.1.0.0",
  "$JS.FC.EV.?",
  "$JSC.R.?",
  "$SYS.REQ.SERVER.PING",
  "$SYS.REQ.SERVER.PING.CONNZ",
  "$SYS.REQ.ACCOUNT.SWARM.CONNZ",
  "$SYS.REQ.CLAIMS.UPDATE",
  "$SYS.REQ.USER.INFO",
  "_INBOX_coordinator.?",
  "_INBOX_operator.?",
  "_INBOX_viewer.?",
  `_INBOX_${ids.victim}.?`,
  `_INBOX_${ids.honest}.?`,
  "_INBOX_enrol.?",
  "_INBOX.?",
  "_R_.?",
  "_R_.ctl.all",
  `_R_.ctl.${ids.victim}`,
  "_R_.status",
  "READ.INFO",
  "READ.STREAM.NAMES",
  "READ.STREAM.INFO.JRN",
  "READ.STREAM.INFO.?",
  "READ.STREAM.MSG.GET.EV",
  "READ.STREAM.PURGE.EV",
  "READ.STREAM.DELETE.BLOB",
  "READ.STREAM.MSG.DELETE.JRN",
  "READ.STREAM.UPDATE.EV",
  "READ.STREAM.SNAPSHOT.JRN",
  "READ.DIRECT.GET.KV_NEXUS",
  "READ.DIRECT.GET.?",
  "READ.CONSUMER.CREATE.JRN",
  "READ.CONSUMER.CREATE.EV.?",
  "READ.CONSUMER.MSG.NEXT.EV.?",
  "READ.CONSUMER.DELETE.EV.?",
  "READ.CONSUMER.DURABLE.CREATE.EV.?",
  "READ.META.LEADER.STEPDOWN",
  "READ.?",
];

/** The server lets everybody ask here, and answers only about the asker. */
const ownAffairs = ["$SYS.REQ.USER.INFO"];

/** Whether the server refuses this role's login. */
export const isOutside = (ground: Ground, role: Role): boolean =>
  role === "nobody" || role === "stranger" || (role === "revoked" && !ground.notes.has("not revoked"));

/** A connection that keeps sending before the server has accepted or refused its login. */
export async function knock(ground: Ground, role: Role): Promise<RawClient> {
  const client = await RawClient.open(ground.broker.port);
  client.introduce(ground.credentials(role));
  return client;
}

const acts = attackers.flatMap((role) =>
  targets
    .filter((target) => !mayPublish(role, target) && !ownAffairs.includes(target))
    .map((target) => act(role, target)),
);

function act(role: Role, target: string): Act {
  return {
    family: "publishing",
    role,
    title: `publishes on ${target}`,
    attempt: async (ground, mark) => {
      const client = isOutside(ground, role) ? await knock(ground, role) : await ground.as(role);
      client.publish(target.replace("?", mark), mark);
      await client.sync();
      if (isOutside(ground, role)) client.end();
    },
    harm: (ground, mark) => {
      const [subject] = ground.observer.saw(mark);
      const [heard] = heardByVictim(ground, mark);
      return subject !== undefined ? `it reached ${subject}` : heard && `the victim heard it on ${heard}`;
    },
  };
}

/** Subjects of messages with the mark that the victim's connection received. */
export function heardByVictim(ground: Ground, mark: string): string[] {
  const messages = (ground.notes.get("victim hears") as { subject: string; data: Buffer }[] | undefined) ?? [];
  return messages
    .filter(({ subject, data }) => subject.includes(mark) || data.includes(mark))
    .map(({ subject }) => subject);
}

/** Subscribes the victim's connection to everything that it may hear. */
export async function openVictimsEars(ground: Ground): Promise<void> {
  const victim = await ground.as("victim");
  for (const subject of ["_R_.ctl.all", `_R_.ctl.${ids.victim}`, `_INBOX_${ids.victim}.>`]) victim.subscribe(subject);
  await victim.sync();
  ground.notes.set("victim hears", victim.messages);
}

export const publishing: Family = {
  name: "publishing",
  origin: "held",
  acts: async (ground) => {
    await openVictimsEars(ground);
    return acts.filter(({ role }) => role !== "revoked" || !ground.notes.has("not revoked"));
  },
  control: async (ground, mark) => {
    await openVictimsEars(ground);
    const own: readonly [Role, string][] = [
      ["worker", `ask.${ids.worker}`],
      ["worker", `ev.${ids.worker}.${mark}`],
      ["worker", `ck.${ids.worker}.${mark}`],
      ["viewer", "READ.STREAM.INFO.EV"],
    ];
    for (const [role, subject] of own) {
      const word = `${mark}${own.findIndex(([, each]) => each === subject)}`;
      const client = await ground.as(role);
      client.publish(subject, word, { reply: `${ground.inbox(role)}.x` });
      await client.sync();
      await ground.settle();
      if (!ground.observer.saw(word).includes(subject) && role !== "viewer") return `${role} on ${subject}`;
    }
    ground.observer.publish(`ctl.${ids.victim}`, mark);
    await ground.settle();
    return heardByVictim(ground, mark).length > 0 ? undefined : "what the victim hears";
  },
};
