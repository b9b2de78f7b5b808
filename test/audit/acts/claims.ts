import type { WorkerId } from "../../../shared/domain/names.ts";
import { pause } from "../../../shared/time/deadline.ts";
import { decode } from "../../../shared/wire/codec.ts";
import type { Act, Family } from "../act.ts";
import { claimOnce, type Held, hold } from "../attacker/holding.ts";
import { claim, jobQuestion, renewal } from "../attacker/words.ts";
import { type Ground, ids } from "../ground/ground.ts";
import { forgetState, sharedState, stateOf, trialIn } from "../ground/state.ts";

/** A run of the victim, which renews it by itself while the attackers try. */
async function victimsRun(ground: Ground): Promise<Held> {
  const known = ground.notes.get("victim's run");
  if (known !== undefined) return known as Held;
  const held = await hold(ground, "victim");
  ground.notes.set("victim's run", held);
  return held;
}

async function isStillItsOwn(ground: Ground): Promise<string | undefined> {
  const held = await victimsRun(ground);
  const trial = trialIn(await sharedState(ground), held.job, held.n);
  const holder = trial.attempts.at(-1);
  return trial.status === "running" && holder?.worker === ids.victim
    ? undefined
    : `${trial.run} is ${trial.status}, last held by ${holder?.worker}`;
}

/** Questions about another worker's run, whose answers the attacker must not get. */
const questions: readonly (readonly [title: string, make: (held: Held) => Uint8Array])[] = [
  ["renews another's run", ({ job, n, attempt }) => renewal({ held: [{ job, n, attempt, iters: 1 }] })],
  [
    "renews it with the process of another",
    ({ job, n, attempt }) => renewal({ bootId: "raw", held: [{ job, n, attempt, iters: 1 }] }),
  ],
  ["renews a later attempt of it", ({ job, n }) => renewal({ held: [{ job, n, attempt: 99, iters: 1 }] })],
  [
    "renews it a thousand times in one message",
    ({ job, n, attempt }) => renewal({ held: Array.from({ length: 1000 }, () => ({ job, n, attempt, iters: 1 })) }),
  ],
  ["claims with another's claim id", ({ claimId }) => claim({ claimId })],
  ["claims after another's run", ({ job, n, attempt }) => claim({ after: { job, n, attempt } })],
  ["claims after a result that is not there yet", () => claim({ lastResultSeq: 2 ** 52 })],
  ["claims with a clock in the year 9999", () => claim({ sentAt: 253_402_300_799_000 })],
  ["claims with a clock that is no number", () => claim({ sentAt: Number.NaN })],
  ["claims with an empty claim id", () => claim({ claimId: "" })],
  ["claims with an empty process id", () => claim({ bootId: "" })],
  ["claims with a process id named __proto__", () => claim({ bootId: "__proto__", claimId: "__proto__" })],
  ["claims for 101 pools", () => claim({ targets: Array.from({ length: 101 }, (_, i) => `t${i}`) })],
  ["claims for a pool with control characters", () => claim({ targets: ["\x1b[2J"] })],
  ["claims with a version of control characters", () => claim({ version: "\x1b]0;x\x07" })],
  ["asks for a job that is not there", () => jobQuestion("job999")],
  ["asks for a job named __proto__", () => jobQuestion("__proto__")],
  ["asks for a job of 1 MB", () => jobQuestion("j".repeat(900_000))],
];

const asked = (["worker", "benched"] as const).flatMap((role) =>
  questions.map(
    ([title, make]): Act => ({
      family: "claims",
      role,
      title,
      attempt: async (ground) => {
        forgetState(ground);
        const client = await ground.as(role);
        client.publish(`ask.${ground.idOf(role)}`, make(await victimsRun(ground)), {
          reply: `${ground.inbox(role)}.x`,
        });
        await client.sync();
      },
      harm: isStillItsOwn,
    }),
  ),
);

/** A benched worker gets no run, whatever it says of itself. */
const benched = [{}, { bootId: "new" }, { slots: 9 }, { version: "99.0.0" }, { targets: ["x"] }, { noCode: true }].map(
  (more): Act => ({
    family: "claims",
    role: "benched",
    title: `claims with ${JSON.stringify(more)}`,
    attempt: async (ground, mark) => {
      ground.notes.set(mark, await claimOnce(ground, "benched", more));
    },
    harm: (ground, mark) => {
      const answer = ground.notes.get(mark) as Held | undefined;
      return answer?.kind === "assigned" ? `it was given ${answer.run}` : undefined;
    },
  }),
);

/** Finding 7: a worker claims to have endless slots. */
const slots: Act = {
  family: "claims",
  role: "worker",
  title: "holds 400 runs with 2^53 - 1 slots",
  watch: { cpuMs: 20_000 },
  attempt: async (ground, mark) => {
    const before = await heldBy(ground);
    const client = await ground.as("worker");
    for (let i = 0; i < 400; i += 1) {
      const question = claim({ claimId: `${mark}${i}`, bootId: mark, slots: 2 ** 53 - 1 });
      client.publish(`ask.${ids.worker}`, question, { reply: `${ground.inbox("worker")}.${mark}` });
    }
    await client.sync();
    await pause(3000);
    ground.notes.set(mark, (await heldBy(ground)) - before);
  },
  harm: (ground, mark) => {
    const held = ground.notes.get(mark) as number; // as attempt left it
    return held > 300 ? `it holds ${held} runs more` : undefined;
  },
};

async function heldBy(ground: Ground): Promise<number> {
  const { jobs } = await stateOf(ground);
  return [...jobs.values()].reduce((sum, { holding }) => sum + (holding.get(ids.worker as WorkerId) ?? 0), 0);
}

/** Finding 15: each new process of a worker retires the one before. */
const boots: Act = {
  family: "claims",
  role: "worker",
  title: "claims 6,000 times as ever new processes",
  watch: { cpuMs: 12_000, growthMb: 150 },
  attempt: async (ground, mark) => {
    const client = await ground.as("worker");
    for (let i = 0; i < 6000; i += 1) {
      client.publish(`ask.${ids.worker}`, claim({ bootId: `${mark}${i}`, targets: ["none"] }));
      if (i % 500 === 0) await client.sync();
    }
    await client.sync();
  },
  harm: () => undefined,
};

/** Floods with questions while another waits: the honest answer must still come within 10 s. */
const flood: Act = {
  family: "claims",
  role: "worker",
  title: "keeps others waiting with 10,000 questions",
  watch: { cpuMs: 15_000, growthMb: 200 },
  attempt: async (ground, mark) => {
    const client = await ground.as("worker");
    for (let i = 0; i < 10_000; i += 1) client.publish(`ask.${ids.worker}`, renewal());
    const victim = await ground.as("victim");
    const startedAt = performance.now();
    const answer = await victim.ask(`ask.${ids.victim}`, renewal(), ground.inbox("victim"));
    ground.notes.set(mark, answer && performance.now() - startedAt);
  },
  harm: (ground, mark) => {
    const ms = ground.notes.get(mark) as number | undefined;
    if (ms === undefined) return "the other was not answered";
    return ms > 10_000 ? `the other waited ${ms.toFixed(0)} ms` : undefined;
  },
};

/** Finding 4: bytes that a decoder reads from beyond a message may be another's. */
const memory: Act = {
  family: "claims",
  role: "worker",
  title: "reads what another has just said, by strings from beyond the message",
  attempt: async (ground, mark) => {
    const victim = await ground.as("victim");
    const client = await ground.as("worker");
    const inbox = `${ground.inbox("worker")}.${mark}`;
    const sid = client.subscribe(`${inbox}.>`);
    for (let i = 0; i < 200; i += 1) {
      victim.publish(`ask.${ids.victim}`, jobQuestion(`${mark}-secret-${"s".repeat(400)}`));
      await victim.sync();
      // A job's name that points to where the other's message lay in memory.
      const short = Buffer.from([0x92, 0xd6, 0x62, 0, 0, 0, i, 0xd9, 40]);
      client.publish(`ask.${ids.worker}`, short, { reply: `${inbox}.${i}` });
      const question = Buffer.concat([Buffer.from(jobQuestion("")).subarray(0, -1), Buffer.from([0xd9, 0xff])]);
      client.publish(`ask.${ids.worker}`, question, { reply: `${inbox}.q${i}` });
    }
    await client.sync();
    await ground.settle();
    ground.notes.set(
      mark,
      client.messages.filter((each) => each.sid === sid).map(({ data }) => data),
    );
  },
  harm: (ground, mark) => {
    const answers = ground.notes.get(mark) as Buffer[]; // as attempt left it
    const leaked = answers.some((data) => data.includes(`${mark}-secret`));
    return leaked || ground.log().includes(`${mark}-secret`) ? "another's words were told" : undefined;
  },
};

/** A worker is answered about a job only on its own subject, not in another's name. */
const answersOf: Act = {
  family: "claims",
  role: "worker",
  title: "is answered questions that it puts in the name of another",
  attempt: async (ground, mark) => {
    const client = await ground.as("worker");
    for (const id of [ids.victim, ids.honest, "coordinator", "*", ">"]) {
      client.publish(`ask.${id}`, jobQuestion("job1"), { reply: `${ground.inbox("worker")}.${mark}` });
    }
    const sid = client.subscribe(`${ground.inbox("worker")}.${mark}`);
    await client.sync();
    await ground.settle();
    ground.notes.set(
      mark,
      client.messages.filter((each) => each.sid === sid),
    );
  },
  harm: (ground, mark) => {
    const [first] = ground.notes.get(mark) as { data: Buffer }[]; // as attempt left it
    return first && `it was told ${JSON.stringify(decode(first.data)).slice(0, 80)}`;
  },
};

/** Only workers that run a job may get its spec, its code and its environment's values. */
const specOfJob: Act = {
  family: "claims",
  role: "benched",
  title: "asks what a job runs of which it never had a run",
  attempt: async (ground, mark) => {
    const client = await ground.as("benched");
    const answer = await client.ask(`ask.${ids.benched}`, jobQuestion("job1"), ground.inbox("benched"));
    ground.notes.set(mark, answer);
  },
  harm: (ground, mark) => {
    const { data } = ground.notes.get(mark) as { data: Buffer }; // as attempt left it
    return data.includes("Probe_Proc") ? `it was told ${data.length} bytes of the spec` : undefined;
  },
};

export const claims: Family = {
  name: "claims",
  origin: "4, 7, 15, held",
  acts: async (ground) => {
    await victimsRun(ground);
    return [...asked, ...benched, answersOf, specOfJob, memory, slots, flood, boots];
  },
};
