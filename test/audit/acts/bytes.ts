import { operatorName } from "../../../shared/broker/access/credentials.ts";
import { decode } from "../../../shared/wire/codec.ts";
import type { Act, Family, Watch } from "../act.ts";
import { type Held, hold } from "../attacker/holding.ts";
import { costlyBytes, hostileBytes, manyRows, manyValues } from "../attacker/hostile-bytes.ts";
import { enrolSubject, honestEnrolment, joinersTurn } from "../attacker/joining.ts";
import { order, renewal, report } from "../attacker/words.ts";
import { answerLimitMs, type Ground, ids, type Role } from "../ground/ground.ts";

/** A way for somebody else's bytes to a decoder of the coordinator or of a worker. */
interface Channel {
  readonly role: Role;
  readonly title: string;
  readonly subject: (held: Held, ground: Ground) => string;
}

const { worker: own } = ids;
const channels: readonly Channel[] = [
  { role: "worker", title: "as a question", subject: () => `ask.${own}` },
  { role: "benched", title: "as a question", subject: () => `ask.${ids.benched}` },
  { role: "worker", title: "as a report", subject: ({ job, n }) => `ev.${own}.${job}.${n}.report` },
  {
    role: "benched",
    title: "as a result of another's run",
    subject: ({ job, n }) => `ev.${ids.benched}.${job}.${n}.result`,
  },
  { role: "joiner", title: "as an enrolment", subject: (_, ground) => enrolSubject(ground) },
  { role: "operator", title: "as an order", subject: () => `op.${operatorName()}` },
];

/** The trial that all evidence here names: bytes about unknown trials are not even read. */
async function subjectOf(ground: Ground): Promise<Held> {
  const known = ground.notes.get("bytes");
  if (known !== undefined) return known as Held;
  const held = await hold(ground, "worker");
  ground.notes.set("bytes", held);
  return held;
}

const sending = ({ role, title, subject }: Channel, name: string, data: Buffer, watch?: Watch): Act => ({
  family: "bytes",
  role,
  title: `sends ${name} ${title}`,
  ...(watch === undefined ? {} : { watch }),
  attempt: async (ground) => {
    const held = await subjectOf(ground);
    const isJoiner = role === "joiner";
    if (isJoiner) await joinersTurn();
    // The broker closes a joiner's connection after a message that is too long; the next act must not lose its own.
    const client = await (isJoiner ? ground.fresh(role) : ground.as(role));
    client.publish(subject(held, ground), data, { reply: `${ground.inbox(role)}.x` });
    await client.sync();
    if (isJoiner) client.end();
  },
  // The family's common looks cover the rest: the coordinator's health, its log, the streams.
  harm: (ground, mark) => ground.observer.saw(mark)[0],
});

/** Another worker can send a hint, so a worker must read hints as anybody's bytes. */
const towardsWorkers = [...hostileBytes, ...costlyBytes].map(
  ([name, data]): Act => ({
    family: "bytes",
    role: "worker",
    title: `has ${name} delivered to all workers`,
    attempt: async (ground, mark) => {
      const client = await ground.as("worker");
      const head = `Nats-Msg-Id: ${mark}`;
      await client.ask(`ck.${own}.${mark}`, data, ground.inbox("worker"), 60_000, head);
      client.publish(`$JS.API.DIRECT.GET.BLOB.ck.${own}.${mark}`, "", { reply: `ctl.${ids.honest}` });
      client.publish(`$JS.API.DIRECT.GET.BLOB.ck.${own}.${mark}`, "", { reply: "ctl.all" });
      await client.sync();
    },
    harm: (ground) =>
      ground.worker.exitCode === undefined ? undefined : `the worker has ended: ${ground.worker.output().slice(-300)}`,
  }),
);

const values: readonly (readonly [string, Buffer])[] = [
  ["100,000 values in one row", manyValues(100_000)],
  ["900,000 values in one row", manyValues(900_000)],
  ["100,000 rows", manyRows(100_000)],
];

/** Checks that honest messages on these subjects get through, so that hostile ones are refused for their bytes. */
async function honestOnes(ground: Ground, mark: string): Promise<string | undefined> {
  await joinersTurn();
  const asks = [
    ["worker", `ask.${own}`, renewal()],
    ["joiner", enrolSubject(ground), honestEnrolment(ground.joinLine, mark)],
    ["operator", `op.${operatorName()}`, order({ kind: "control" })],
  ] as const;
  for (const [role, subject, data] of asks) {
    const answer = await (await ground.as(role)).ask(subject, data, ground.inbox(role), answerLimitMs);
    if (!answer) return `the answer to the ${role}'s honest question`;
    const { ok, reason } = decode(answer.data) as { readonly ok?: boolean; readonly reason?: string };
    if (role === "joiner" && ok !== true) return `an honest machine enrol: ${String(reason)}`;
  }
  const held = await subjectOf(ground);
  const client = await ground.as("worker");
  const stored = await client.ask(`ev.${own}.${held.job}.${held.n}.report`, report(), ground.inbox("worker"));
  return stored ? undefined : "the broker store an honest report";
}

/** The limit for one message; the honest worker's runs cost the coordinator some milliseconds meanwhile. */
const costly: Watch = { cpuMs: 1500, growthMb: 150 };

export const bytes: Family = {
  name: "bytes",
  origin: "1-4, held",
  control: honestOnes,
  acts: async (ground) => {
    await subjectOf(ground);
    return [
      ...channels.flatMap((channel) => hostileBytes.map(([name, data]) => sending(channel, name, data))),
      ...towardsWorkers,
      ...channels.flatMap((channel) => costlyBytes.map(([name, data]) => sending(channel, name, data, costly))),
      ...channels
        .filter(({ subject }) => subject.toString().includes("ev."))
        .flatMap((channel) => values.map(([name, data]) => sending(channel, name, data, costly))),
    ];
  },
};
