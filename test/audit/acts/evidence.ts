import type { Act, Family } from "../act.ts";
import { type Held, hold } from "../attacker/holding.ts";
import { failure, handback, report, result, sealed } from "../attacker/words.ts";
import { type Ground, ids, type Role } from "../ground/ground.ts";
import { forgetState, sharedState, trialIn } from "../ground/state.ts";

/** The runs that attackers send evidence about: one that the victim holds, and one of the attacker's own. */
interface Scene {
  readonly others: Held;
  readonly own: Held;
  readonly lazy: Held | undefined;
}

async function sceneOf(ground: Ground): Promise<Scene> {
  const known = ground.notes.get("scene");
  if (known !== undefined) return known as Scene;
  const scene: Scene = { others: await hold(ground, "victim"), own: await hold(ground, "worker"), lazy: undefined };
  ground.notes.set("scene", scene);
  return scene;
}

type Fields = Readonly<Record<string, unknown>>;

const state = {
  stage: 1,
  iters: 9,
  blob: "state-1",
  key: new Uint8Array(32),
  size: 10,
  sha256: "a".repeat(64),
  chunks: 1,
};
const kinds = [
  ["report", (more: Fields) => report({ reports: [[1, 5, 1, [9], [1]]], ...more })],
  ["checkpoint", (more: Fields) => report({ state, ...more })],
  ["result", (more: Fields) => result({ hpmax: 1e308, ...more })],
  ["failed", (more: Fields) => failure(more)],
  ["released", (more: Fields) => handback(more)],
  ["released", (more: Fields) => handback({ fault: "runner", ...more })],
] as const;

const attempts: readonly unknown[] = [1, 2, 999, 0, -1, 2 ** 53, "1", null, 1.5, Number.NaN];

/**
 * The harm to the victim's run: it must still be running, held by the victim, without a checkpoint or a late result.
 */
async function othersRun(ground: Ground): Promise<string | undefined> {
  const { others } = await sceneOf(ground);
  const trial = trialIn(await sharedState(ground), others.job, others.n);
  if (trial.status !== "running") return `${trial.run} of ${ids.victim} is ${trial.status}`;
  const holder = trial.attempts.at(-1);
  if (holder?.worker !== ids.victim) return `${trial.run} has moved to ${holder?.worker}`;
  if (trial.checkpoint !== null) return `${trial.run} has a checkpoint of ${trial.checkpoint.worker}`;
  return trial.late > 0 ? `${trial.run} has a late result` : undefined;
}

const forOthers = (["worker", "benched"] as const).flatMap((role) =>
  kinds.flatMap(([kind, make], i) =>
    attempts.map(
      (attempt): Act => ({
        family: "evidence",
        role,
        title: `tells ${kind === "released" ? `released (${i})` : kind} of another's run, attempt ${String(attempt)}`,
        attempt: async (ground) => {
          const { others } = await sceneOf(ground);
          await tell(ground, role, others, kind, make({ attempt }));
        },
        harm: othersRun,
      }),
    ),
  ),
);

const withOthersClaim = kinds.map(
  ([kind, make]): Act => ({
    family: "evidence",
    role: "worker",
    title: `tells ${kind} of another's run with its claim`,
    attempt: async (ground) => {
      const { others } = await sceneOf(ground);
      await tell(ground, "worker", others, kind, make({ attempt: others.attempt, claim: others.claimId }));
    },
    harm: othersRun,
  }),
);

const places: readonly string[] = [
  "job1.0.result",
  "job1.-1.result",
  "job1.4294967296.result",
  "job1.99999999999.result",
  "job1.1e3.result",
  "job1.01.result",
  "job0.1.result",
  "job999.1.result",
  "job1.1.results",
  "job1.1.result.x",
  "job1.1.RESULT",
  "job1.1.late",
  "job1.1.completed",
  "job1..result",
  "__proto__.1.result",
  "constructor.1.result",
  "job1.__proto__.result",
  "job1.1.__proto__",
];
const nowhere = places.map(
  (place): Act => ({
    family: "evidence",
    role: "worker",
    title: `tells a result at ${place}`,
    attempt: async (ground, mark) => {
      forgetState(ground);
      const client = await ground.as("worker");
      client.publish(`ev.${ids.worker}.${place}`, result({ console: mark, titles: { "s1-value": mark } }));
      await client.sync();
    },
    harm: (ground, mark) => journalled(ground, mark),
  }),
);

/** A mark may appear in EV; in the journal it shows that the evidence was believed. */
function journalled(ground: Ground, mark: string): string | undefined {
  const subject = ground.observer.saw(mark).find((each) => each.startsWith("jrn."));
  return subject && `it is in the journal, at ${subject}`;
}

/** Values that must make a result unreadable or a failure, never one that counts. */
const values: readonly (readonly [title: string, fields: Fields])[] = [
  ["NaN", { hpmax: Number.NaN }],
  ["infinity", { hpmax: Number.POSITIVE_INFINITY }],
  ["minus infinity", { hpmax: Number.NEGATIVE_INFINITY }],
  ["text for hpmax", { hpmax: "9" }],
  ["no hpmax", { hpmax: undefined }],
  ["a list for hpmax", { hpmax: [9] }],
  ["a bigint for hpmax", { hpmax: 2n ** 63n }],
  ["negative iterations", { iters: -1 }],
  ["half an iteration", { iters: 0.5 }],
  ["2^53 iterations", { iters: 2 ** 53 }],
  ["metrics that are a list", { metrics: [1] }],
  ["a metric that is text", { metrics: { "s1-x": "1" } }],
  ["a metric that is named __proto__", { metrics: JSON.parse(`{"__proto__": 1}`) as Fields }],
  ["a metric with a formula for a name", { metrics: { "=1+1": 1 } }],
  ["a metric with ESC in its name", { metrics: { "s1-\x1b[31m": 1 } }],
  ["a metric whose name is 70 characters", { metrics: { [`s1-${"x".repeat(70)}`]: 1 } }],
  ["101 metrics", { metrics: Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`s1-m${i}`, 1])) }],
  ["a console of 100,000 characters", { console: "x".repeat(100_000) }],
  ["a console that is bytes", { console: new Uint8Array(4) }],
  ["300 titles", { titles: Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`s1-m${i}`, "x"])) }],
  ["rows of 6 fields", { reports: [[1, 1, 1, [1], [1], 1]] }],
  ["rows of stage 0", { reports: [[0, 1, 1, [1], [1]]] }],
  ["rows of stage 2^31", { reports: [[2 ** 53, 1, 1, [1], [1]]] }],
  ["rows whose values are text", { reports: [[1, 1, 1, ["x"], [1]]] }],
  ["reports that are text", { reports: "x" }],
  ["reports that are a mapping", { reports: { length: 1e9 } }],
];

/** The attacker may end its own run, but not with these values. */
const ownRun = values.map(
  ([title, fields], i): Act => ({
    family: "evidence",
    role: "worker",
    title: `ends its own run with ${title}`,
    attempt: async (ground, mark) => {
      forgetState(ground);
      const { own } = await sceneOf(ground);
      ground.notes.set(mark, own);
      await tell(ground, "worker", own, "result", result({ attempt: own.attempt, ...fields }));
      void i;
    },
    harm: async (ground) => {
      const { own } = await sceneOf(ground);
      const { status, hpmax, run } = trialIn(await sharedState(ground), own.job, own.n);
      return status === "completed" ? `${run} counts with ${hpmax}` : undefined;
    },
  }),
);

/** Several results of one run: only the first counts. */
const twice: Act = {
  family: "evidence",
  role: "worker",
  title: "tells three results of one run, the last the best",
  attempt: async (ground, mark) => {
    forgetState(ground);
    const held = await hold(ground, "worker");
    ground.notes.set(mark, held);
    for (const hpmax of [1, 2, 3]) {
      await tell(ground, "worker", held, "result", result({ attempt: held.attempt, hpmax }));
    }
    await tell(ground, "worker", held, "failed", failure({ attempt: held.attempt }));
  },
  harm: async (ground, mark) => {
    const held = ground.notes.get(mark) as Held; // as attempt left it
    const { hpmax, status } = trialIn(await sharedState(ground), held.job, held.n);
    return status === "completed" && hpmax !== 1 ? `the run has ${hpmax}, not its first result` : undefined;
  },
};

async function tell(ground: Ground, role: Role, { job, n }: Held, kind: string, data: Uint8Array): Promise<void> {
  forgetState(ground);
  const client = await ground.as(role);
  client.publish(`ev.${ground.idOf(role)}.${job}.${n}.${kind}`, data);
  await client.sync();
}

/**
 * The stream deduplicates by message id: an attacker who uses another's id first must not swallow the other's message.
 */
const swallowed = ["result", "failed", "report"].map(
  (kind): Act => ({
    family: "evidence",
    role: "worker",
    title: `uses up the message id of another's ${kind} before it is sent`,
    attempt: async (ground, mark) => {
      const { others } = await sceneOf(ground);
      const client = await ground.as("worker");
      // An attacker can know all of an id but its random end: job, run, attempt and kind.
      const id = `${others.job}.${others.n}.${others.attempt}.1.`;
      for (const end of ["", "0", "1", "AAAAAA", mark]) {
        client.publish(`ev.${ids.worker}.${mark}`, end, { head: `Nats-Msg-Id: ${id}${end}` });
      }
      await client.sync();
    },
    harm: (ground, mark) => (ground.worker.exitCode === undefined ? undefined : `the worker ended (${mark})`),
  }),
);

const headers: readonly (readonly [string, string])[] = [
  ["roll up the subject", "Nats-Rollup: sub"],
  ["roll up the stream", "Nats-Rollup: all"],
  ["expire at once", "Nats-TTL: 1s"],
  ["expire the stream's markers", "Nats-TTL: never"],
  ["expect a stream of another name", "Nats-Expected-Stream: JRN"],
  ["expect the last sequence", "Nats-Expected-Last-Sequence: 0"],
  ["be scheduled", "Nats-Schedule: @every 1s\r\nNats-Schedule-Target: jrn.ws.op"],
  ["count", "Nats-Incr: 1"],
  ["have a source", "Nats-Stream-Source: JRN 1 > > >"],
  ["be a message of the stream itself", "Nats-Stream: EV\r\nNats-Sequence: 1\r\nNats-Subject: jrn.ws.op"],
  ["be a batch", "Nats-Batch-Id: x\r\nNats-Batch-Sequence: 1\r\nNats-Batch-Commit: 1"],
  ["have a status", "Status: 503"],
  ["have a header of 60,000 characters", `X: ${"x".repeat(60_000)}`],
  ["have 5,000 headers", Array.from({ length: 5000 }, (_, i) => `K${i}: v`).join("\r\n")],
  ["have a header without a name", ": x"],
  ["have a header with control characters", "X: \x00\x01\x1b[2J"],
  ["have a message id with line ends", "Nats-Msg-Id: 1.a.1\n\nNats-Rollup: all"],
  ["have two message ids", "Nats-Msg-Id: 1.a.1\r\nNats-Msg-Id: 2.b.2"],
  ["have a message id of 60,000 characters", `Nats-Msg-Id: ${"9".repeat(60_000)}`],
  ["have a leader's message id", "Nats-Msg-Id: 1.a.1"],
];
const withHeaders = (["worker", "benched"] as const).flatMap((role) =>
  headers.map(
    ([title, head]): Act => ({
      family: "evidence",
      role,
      title: `has its evidence and pieces ${title}`,
      attempt: async (ground, mark) => {
        const client = await ground.as(role);
        for (const kind of ["ev", "ck"]) client.publish(`${kind}.${ground.idOf(role)}.${mark}`, mark, { head });
        await client.sync();
      },
      harm: (ground, mark) => {
        const elsewhere = ground.observer.saw(mark).find((each) => !each.includes(`.${ground.idOf(role)}.${mark}`));
        return elsewhere && `it arrived on ${elsewhere}`;
      },
    }),
  ),
);

export const evidence: Family = {
  name: "evidence",
  origin: "held",
  acts: async (ground) => {
    await sceneOf(ground);
    return [...forOthers, ...withOthersClaim, ...nowhere, ...ownRun, twice, ...swallowed, ...withHeaders];
  },
  control: async (ground) => {
    const held = await hold(ground, "worker");
    await tell(ground, "worker", held, "result", result({ attempt: held.attempt, hpmax: 1 }));
    await ground.until("a result of one's own counts", async () => {
      forgetState(ground);
      return trialIn(await sharedState(ground), held.job, held.n).status === "completed";
    });
    return sealed({}).length > 0 ? undefined : "an encoder";
  },
};
