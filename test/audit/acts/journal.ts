import type { JobName } from "../../../shared/domain/names.ts";
import { encode } from "../../../shared/wire/codec.ts";
import type { Act, Family } from "../act.ts";
import { order } from "../attacker/words.ts";
import { type Ground, ids, type Role } from "../ground/ground.ts";
import { stateOf } from "../ground/state.ts";

const { worker: own, victim } = ids;

type Fields = Readonly<Record<string, unknown>>;

/** A journal message as a leader would write it. */
const records = (...events: readonly Fields[]): Uint8Array =>
  encode([2, ...events.map((each) => ({ at: Date.now(), ...each }))]);

/** Records that an attacker would write into the journal; `mark` stands in each and must not be there afterwards. */
const forgeries: readonly (readonly [title: string, make: (mark: string) => Uint8Array])[] = [
  ["a reign of term 999", (mark) => records({ type: "led", term: 999, leader: mark })],
  [
    "a revocation",
    (mark) => records({ type: "worker-state", worker: victim, state: "revoked", reason: mark, by: "root", op: mark }),
  ],
  [
    "a bench",
    (mark) => records({ type: "worker-state", worker: victim, state: "benched", reason: mark, by: "root", op: mark }),
  ],
  [
    "an end of the job",
    (mark) => records({ type: "job-state", job: "job1", state: "cancelled", reason: mark, by: "root", op: mark }),
  ],
  [
    "an enrolment",
    (mark) => records({ type: "worker-enrolled", worker: mark, publicKey: `U${"A".repeat(55)}`, host: mark, op: mark }),
  ],
  [
    "a purge, which would explain gaps in EV",
    (mark) => records({ type: "worker-purged", worker: victim, before: 9, all: true, messages: 8, by: mark, op: mark }),
  ],
  [
    "a deletion, which would take a job from every list",
    (mark) => records({ type: "job-deleted", job: "job1", before: 9, messages: null, by: mark, op: mark }),
  ],
  ["nothing that can be read", (mark) => Buffer.from(`\xc1${mark}`, "latin1")],
];

/** Message ids in a leader's form, and none. */
const msgIds: readonly (readonly [title: string, make: (mark: string) => string])[] = [
  ["a leader's id", (mark) => `999.${mark}.1`],
  ["the id of term 1", (mark) => `1.${mark}.7`],
  ["no id", () => ""],
];

/** A question that makes the server hand out a message that a worker has stored. */
interface Relay {
  readonly title: string;
  readonly role: Role;
  readonly from: "ev" | "ck";
  readonly question: (at: string) => readonly [subject: string, data: string];
}
const direct =
  (from: "ev" | "ck"): ((at: string) => readonly [string, string]) =>
  (at) => [`$JS.API.DIRECT.GET.${from === "ev" ? "EV" : "BLOB"}.${at}`, ""];
const relays: readonly Relay[] = [
  { title: "a direct get", role: "viewer", from: "ev", question: direct("ev") },
  { title: "a direct get of a piece", role: "viewer", from: "ck", question: direct("ck") },
  {
    title: "a direct get with a filter",
    role: "viewer",
    from: "ev",
    question: (at) => ["$JS.API.DIRECT.GET.EV", JSON.stringify({ last_by_subj: at })],
  },
  {
    title: "a direct get of a batch",
    role: "viewer",
    from: "ev",
    question: (at) => ["$JS.API.DIRECT.GET.EV", JSON.stringify({ seq: 1, next_by_subj: at, batch: 1 })],
  },
  {
    title: "a direct get by its account's name",
    role: "viewer",
    from: "ev",
    question: (at) => ["READ.DIRECT.GET.EV", JSON.stringify({ last_by_subj: at })],
  },
  {
    title: "a get by its account's name",
    role: "operator",
    from: "ev",
    question: (at) => ["READ.STREAM.MSG.GET.EV", JSON.stringify({ last_by_subj: at })],
  },
  { title: "a direct get of its own piece", role: "worker", from: "ck", question: direct("ck") },
  {
    title: "a direct get in order of its own piece",
    role: "worker",
    from: "ck",
    question: (at) => ["$JS.API.DIRECT.GET.BLOB", JSON.stringify({ seq: 1, next_by_subj: at })],
  },
  { title: "a direct get", role: "operator", from: "ev", question: direct("ev") },
];

const subjects = ["jrn.ws.batch", "jrn.ws.op", `jrn.ws.worker.${victim}`, "jrn.job1.job"] as const;

/** Finding 8: the server hands out a stored message with its headers, and so with its message id. */
const forged = relays.flatMap((relay) =>
  forgeries.flatMap(([what, make], i) =>
    msgIds.map(([how, id], k): Act => {
      const reply = subjects[(i + k) % subjects.length] ?? "jrn.ws.op";
      return {
        family: "journal",
        role: relay.role,
        title: `has ${what} with ${how} written to ${reply} by ${relay.title}`,
        attempt: async (ground, mark) => {
          const data = make(mark);
          ground.notes.set(mark, data);
          await store(ground, relay.from, mark, data, id(mark));
          await handOut(ground, relay, mark, reply);
        },
        harm: (ground, mark) => writtenTo(ground, mark, "jrn."),
      };
    }),
  ),
);

/** Real records of the journal, written again. */
const replayed = (["viewer", "operator"] as const).flatMap((role) =>
  [1, 2, 3, 5].map(
    (seq): Act => ({
      family: "journal",
      role,
      title: `has record ${seq} of the journal written again`,
      attempt: async (ground) => {
        const client = await ground.as(role);
        client.publish("$JS.API.DIRECT.GET.JRN", JSON.stringify({ seq }), { reply: "jrn.ws.batch" });
        client.publish("READ.DIRECT.GET.JRN", JSON.stringify({ seq }), { reply: "jrn.ws.batch" });
        client.publish("$JS.API.STREAM.MSG.GET.JRN", JSON.stringify({ seq }), { reply: "jrn.ws.op" });
        await client.sync();
      },
      harm: (ground) => {
        const arrived = ground.observer.heard.find(
          ({ subject, text }) => subject.startsWith("jrn.") && /Nats-(Stream|Sequence)|io\.nats/.test(text),
        );
        return arrived && `it arrived on ${arrived.subject}`;
      },
    }),
  ),
);

/** Orders in an operator's name, from anybody who can have a message delivered there. */
const orders = relays.flatMap((relay) =>
  (
    [
      [
        "a cancellation",
        (mark: string) =>
          order({ op: mark, kind: "control", verb: "cancel", target: { kind: "worker", worker: ids.benched } }),
      ],
      ["an admission", (mark: string) => order({ op: mark, kind: "admit", worker: ids.benched })],
      ["a job", (mark: string) => order({ op: mark, kind: "run", file: mark, text: "", sources: {}, commandLine: {} })],
    ] as const
  ).map(
    ([what, make]): Act => ({
      family: "journal",
      role: relay.role,
      title: `has ${what} ordered as root by ${relay.title}`,
      attempt: async (ground, mark) => {
        const data = make(mark);
        ground.notes.set(mark, data);
        await store(ground, relay.from, mark, data, "");
        await handOut(ground, relay, mark, "op.root");
      },
      harm: (ground, mark) => writtenTo(ground, mark, "op.") ?? writtenTo(ground, mark, "jrn."),
    }),
  ),
);

async function store(ground: Ground, from: "ev" | "ck", mark: string, data: Uint8Array, id: string): Promise<void> {
  const client = await ground.as("worker");
  const head = id === "" ? undefined : `Nats-Msg-Id: ${id}`;
  const answer = await client.ask(`${from}.${own}.${mark}`, data, ground.inbox("worker"), 60_000, head);
  if (!answer?.data.includes('"seq"')) throw new Error(`not stored: ${answer?.data.toString() ?? "no answer"}`);
}

async function handOut(ground: Ground, { role, from, question }: Relay, mark: string, reply: string): Promise<void> {
  const client = await ground.as(role);
  const [subject, data] = question(`${from}.${own}.${mark}`);
  client.publish(subject, data, { reply });
  await client.sync();
}

/** The harm: the attacker's exact bytes reached a subject that only coordinators or operators may write. */
function writtenTo(ground: Ground, mark: string, prefix: string): string | undefined {
  const words = Buffer.from(ground.notes.get(mark) as Uint8Array).toString("latin1"); // as attempt left it
  const arrived = ground.observer.heard.find(({ subject, text }) => subject.startsWith(prefix) && text.endsWith(words));
  return arrived && `it arrived on ${arrived.subject}`;
}

/** After all these acts the journal is unchanged: nothing was revoked, deposed, cancelled or purged. */
const unchanged: Act = {
  family: "journal",
  role: "all",
  title: "have changed the state that a coordinator reads",
  watch: { cpuMs: 60_000, growthMb: 500 },
  attempt: () => undefined,
  harm: async (ground) => {
    const state = await stateOf(ground);
    if (state.term >= 999) return `the journal is at term ${state.term}`;
    const standing = state.workers.get(victim as never)?.state;
    if (standing !== "admitted") return `${victim} is ${standing}`;
    if (state.workers.get(ids.benched as never)?.state !== "benched") return `${ids.benched} is benched no more`;
    if (state.purges.before > 0) return "the journal says that something was purged";
    const job = state.jobs.get("job1" as JobName)?.state;
    return job === "searching" ? undefined : `job1 is ${job}`;
  },
};

export const journal: Family = {
  name: "journal",
  origin: "8",
  acts: () => [...forged, ...replayed, ...orders, unchanged],
};
