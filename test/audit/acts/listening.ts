import type { Act, Family } from "../act.ts";
import { renewal } from "../attacker/words.ts";
import type { Ground, Role } from "../ground/ground.ts";
import { attackers, ids } from "../ground/ground.ts";
import type { RawClient } from "../raw-client.ts";
import { isOutside, knock } from "./publishing.ts";
import { covers, mayHear, rights } from "./rights.ts";

const { honest, victim } = ids;

/** Subjects and patterns that an attacker might subscribe to. */
const targets: readonly string[] = [
  ">",
  "*",
  "*.>",
  "*.*",
  "*.*.*.*.>",
  "jrn.>",
  "jrn.*.trial.*",
  "jrn.ws.batch",
  "ev.>",
  `ev.${honest}.>`,
  `ev.*.job1.*.result`,
  "ck.>",
  `ck.${honest}.>`,
  "blob.>",
  "ask.*",
  `ask.${honest}`,
  `ask.${victim}`,
  "enrol",
  "enrol.>",
  "op.*",
  "op.>",
  "ctl.>",
  "ctl.*",
  `ctl.${honest}`,
  `ctl.${victim}`,
  "status",
  "$KV.>",
  "$KV.NEXUS.*",
  "$KV.NEXUS.leader",
  "$JS.>",
  "$JS.API.>",
  "$JS.API.DIRECT.GET.>",
  "$JS.ACK.>",
  "$JS.EVENT.>",
  "$JS.EVENT.ADVISORY.>",
  "$SYS.>",
  "$SYS.ACCOUNT.>",
  "$SYS._INBOX.>",
  "$G.>",
  "_INBOX.>",
  "_INBOX_*.>",
  "_INBOX_coordinator.>",
  "_INBOX_operator.>",
  "_INBOX_viewer.>",
  `_INBOX_${victim}.>`,
  `_INBOX_${honest}.>`,
  "_INBOX_enrol.>",
  "_R_.>",
  "_R_.status",
  "_R_.ctl.>",
  `_R_.ctl.${victim}`,
  "READ.>",
  "_GR_.>",
  "_SR_.>",
  "_R_.*",
  "_R_.ctl.>",
  "_R_.ctl.*",
  "_R_.ctl.all",
  `_R_.ctl.${honest}`,
  `_R_.ctl.${victim}`,
  "_R_.status",
  "READ.>",
  "READ.DIRECT.GET.>",
];

interface Listening {
  readonly client: RawClient;
  readonly sid: string;
}

const acts = attackers.flatMap((role) =>
  targets.filter((target) => !mayHear(role, target)).map((target) => act(role, target)),
);

/** Subscribes to `target`; it is harm if a message arrives that is not the role's own. */
function act(role: Role, target: string): Act {
  return {
    family: "listening",
    role,
    title: `listens to ${target}`,
    attempt: async (ground, mark) => {
      const client = isOutside(ground, role) ? await knock(ground, role) : await ground.as(role);
      const sid = client.subscribe(target);
      await client.sync();
      ground.notes.set(mark, { client, sid } satisfies Listening);
      await everybodySpeaks(ground, mark);
    },
    harm: (ground, mark) => {
      const { client, sid } = ground.notes.get(mark) as Listening; // as attempt left it
      client.send(`UNSUB ${sid}`);
      if (isOutside(ground, role)) client.end();
      const overheard = client.messages.find((each) => each.sid === sid && !isOwn(role, each.subject));
      return overheard && `it was told ${overheard.subject}`;
    },
  };
}

const isOwn = (role: Role, subject: string): boolean => rights[role].subscribe.some((own) => covers(own, subject));

/** Sends a message on every kind of subject that matters; journal, evidence and status get messages anyway. */
async function everybodySpeaks(ground: Ground, mark: string): Promise<void> {
  const { observer } = ground;
  for (const subject of [
    `ctl.${victim}`,
    `op.${mark}`,
    `enrol.${mark}`,
    `ask.x.${mark}`,
    `blob.${mark}.0`,
    `_INBOX_${victim}.${mark}`,
    `_INBOX_viewer.${mark}`,
    `_INBOX_coordinator.${mark}`,
    `$KV.NEXUS.${mark}`,
    `_INBOX.${mark}`,
    `ck.${honest}.${mark}`,
    `ev.${honest}.${mark}`,
  ])
    observer.publish(subject, mark);
  const own = await ground.as("victim");
  own.publish(`ask.${victim}`, renewal(), { reply: `_INBOX_${victim}.${mark}` });
  own.publish(`ev.${victim}.${mark}`, mark, { reply: `_INBOX_${victim}.${mark}` });
  await own.sync();
  await observer.flush();
}

export const listening: Family = {
  name: "listening",
  origin: "held",
  acts: () => acts,
  control: async (ground, mark) => {
    const worker = await ground.as("worker");
    const sid = worker.subscribe(`_R_.ctl.${ids.worker}`);
    await worker.sync();
    ground.observer.publish(`ctl.${ids.worker}`, mark);
    await ground.settle();
    worker.send(`UNSUB ${sid}`);
    if (!worker.messages.some((each) => each.sid === sid)) return "what a worker may hear";
    ground.observer.forget();
    // Messages on the journal and on status must pass while others listen.
    await ground.until("the journal speaks", () =>
      ground.observer.heard.some(({ subject }) => subject.startsWith("jrn.")),
    );
    await ground.until("status speaks", () => ground.observer.heard.some(({ subject }) => subject === "status"));
    return undefined;
  },
};
