import { statSync } from "node:fs";
import { enrollingAtOnce } from "../../../shared/broker/access/accounts.ts";
import { systemChance } from "../../../shared/chance.ts";
import type { WorkerId } from "../../../shared/domain/names.ts";
import { usualQuotas } from "../../../shared/domain/quotas.ts";
import { systemClock } from "../../../shared/time/clock.ts";
import { pause } from "../../../shared/time/deadline.ts";
import { workerIdentity } from "../../../worker/joining/identity.ts";
import { parseJoinLine } from "../../../worker/joining/join-line.ts";
import { Patience } from "../../../worker/joining/patience.ts";
import type { Act, Family } from "../act.ts";
import { honestEnrolment, joinerBy } from "../attacker/joining.ts";
import { renewal, report } from "../attacker/words.ts";
import { type Ground, ids, type Role } from "../ground/ground.ts";
import { stateOf } from "../ground/state.ts";
import { RawClient } from "../raw-client.ts";

const floodLimitMs = 60_000;
const { messages, arrivals } = usualQuotas;
/**
 * Messages that may arrive until the leader notices a flood and the broker closes the connection: "some ten thousand".
 */
const untilCutOff = 10_000;
/** The most messages that may be stored from a flooder after so many seconds, as docs/trust.md promises. */
const mostStored = {
  ev: (seconds: number): number => messages.atOnce + messages.perSecond * seconds + untilCutOff,
  ck: (seconds: number): number => arrivals.atOnce + arrivals.perSecond * seconds,
} as const;

/** Finding 7: the messages that one worker stores are bounded, so that others have room and their turn. */
const filling = (role: Role, kind: "ev" | "ck", count: number): Act => ({
  family: "floods",
  role,
  title: `stores ${count} messages under ${kind} at once`,
  watch: { cpuMs: 60_000, growthMb: 300 },
  attempt: async (ground, mark) => {
    const startedAt = performance.now();
    const client = await ground.fresh(role);
    if (client.isClosed) throw new Error(`${role} is not let in`);
    const data = report({ lines: "x".repeat(100) });
    for (let i = 0; i < count && !client.isClosed; i += 1) {
      client.publish(`${kind}.${ground.idOf(role)}.job1.1.1.${mark}`, data);
      if (i % 500 === 0) await client.sync();
    }
    await client.sync();
    await ground.until("it is cut off", () => client.isClosed, floodLimitMs).catch(() => undefined);
    const { isClosed } = client;
    client.end();
    const seconds = (performance.now() - startedAt) / 1000;
    await ground.settle();
    const stored = await ground.observer.subjects(kind === "ev" ? "EV" : "BLOB", `${kind}.*.job1.1.1.${mark}`);
    const sum = Object.values(stored).reduce((total, each) => total + each, 0);
    const most = mostStored[kind](seconds);
    if (sum > most) ground.notes.set(mark, `${sum} of them are stored, where ${Math.round(most)} may be`);
    else if (!isClosed) ground.notes.set(mark, "it is not cut off");
  },
  harm: (ground, mark) => ground.notes.get(mark) as string | undefined, // as attempt left it
});

const mostLogged = 2e6;

/** Finding 16: junk messages must not each add a line to the log. */
const junk = (role: Role, subject: string, count: number): Act => ({
  family: "floods",
  role,
  title: `sends ${count} junk bytes to ${subject}`,
  watch: { cpuMs: 20_000, growthMb: 150 },
  attempt: async (ground, mark) => {
    const { size } = statSync(ground.paths.coordinatorLog);
    const client = await ground.fresh(role);
    for (let i = 0; i < count && !client.isClosed; i += 1) {
      client.publish(subject, "\xc1");
      if (i % 1000 === 0) await client.sync();
    }
    await client.sync();
    client.end();
    await pause(1500);
    ground.notes.set(mark, statSync(ground.paths.coordinatorLog).size - size);
  },
  harm: (ground, mark) => {
    const bytes = ground.notes.get(mark) as number; // as attempt left it
    // Large logs are rotated; until then a flood must not fill them.
    return bytes > mostLogged ? `the coordinator's log grew by ${(bytes / 1e6).toFixed(1)} MB` : undefined;
  },
});

/** Another worker must be answered while one floods over ten connections. */
const shouting: Act = {
  family: "floods",
  role: "worker",
  title: "keeps ten connections shouting while another asks",
  watch: { cpuMs: 40_000, growthMb: 250 },
  attempt: async (ground, mark) => {
    const shouters = await Promise.all(
      Array.from({ length: 10 }, () => RawClient.connect(ground.broker.port, ground.credentials("worker"))),
    );
    for (const client of shouters)
      for (let i = 0; i < 2000; i += 1) client.publish(`ask.${ids.worker}`, renewal({ bootId: `${mark}${i % 7}` }));
    const victim = await ground.as("victim");
    ground.notes.set(mark, await victim.ask(`ask.${ids.victim}`, renewal(), ground.inbox("victim")));
    for (const client of shouters) client.end();
  },
  harm: (ground, mark) => (ground.notes.get(mark) === undefined ? "the other was not answered" : undefined),
};

/** A flooder that was cut off comes back with the same join line. */
const again: Act = {
  family: "floods",
  role: "joiner",
  title: "floods with questions, and enrols anew by the same invitation",
  watch: { cpuMs: 40_000, growthMb: 250 },
  attempt: async (ground, mark) => {
    const { line, seed, subject, inbox } = await invited(ground);
    const join = parseJoinLine(line);
    const { nkeySeed } = await workerIdentity(`${ground.folder}/${mark}`, mark as WorkerId, join, () => undefined);
    const flooder = await RawClient.connect(ground.broker.port, { seed: nkeySeed });
    const limit = performance.now() + floodLimitMs;
    while (!flooder.isClosed && performance.now() < limit) {
      for (let i = 0; i < 2000; i += 1) flooder.publish(`ask.${mark}`, "x");
      await flooder.sync();
    }
    ground.notes.set(mark, flooder.isClosed);
    flooder.end();
    await ground.settle();
    const client = await RawClient.connect(ground.broker.port, { seed });
    client.publish(subject, honestEnrolment(line, `${mark}-b`), { reply: `${inbox}.x` });
    await client.sync();
    client.end();
  },
  harm: async (ground, mark) => {
    if (ground.notes.get(mark) !== true) return "it is not cut off";
    return (await stateOf(ground)).workers.has(`${mark}-b` as WorkerId) ? "it is back under another name" : undefined;
  },
};

/** Silent connections, which cost the broker memory. */
const idle: Act = {
  family: "floods",
  role: "worker",
  title: "keeps 150 silent connections with 150 subscriptions each",
  watch: { cpuMs: 40_000, growthMb: 250 },
  attempt: async (ground, mark) => {
    const clients: RawClient[] = [];
    for (let i = 0; i < 150; i += 1) {
      const client = await RawClient.connect(ground.broker.port, ground.credentials("worker"));
      for (let j = 0; j < 150; j += 1) client.subscribe(`${ground.inbox("worker")}.${mark}.${j}`);
      clients.push(client);
    }
    await ground
      .until("all are closed", () => clients.every(({ isClosed }) => isClosed), 10_000)
      .catch(() => undefined);
    ground.notes.set(mark, clients.filter(({ isClosed }) => !isClosed).length);
    for (const client of clients) client.end();
  },
  harm: (ground, mark) => (ground.notes.get(mark) === 0 ? undefined : `${ground.notes.get(mark)} stay open`),
};

const mostFlooded = 200_000;

/** An invitation for a hundred machines: its join line, key, subject and inbox. */
async function invited(ground: Ground): Promise<{ readonly line: string } & ReturnType<typeof joinerBy>> {
  const { output } = await ground.command(["invite", "--uses", "100"]);
  const [, line = ""] = /^nexus-worker (\S+)$/m.exec(output) ?? [];
  return { line, ...joinerBy(line) };
}

/** A real machine joins with the line that the coordinator shows. */
async function joins(ground: Ground, name: string): Promise<void> {
  const patience = new Patience({ clock: systemClock, chance: systemChance }, 2 * floodLimitMs, () => undefined);
  const join = parseJoinLine(ground.joinLine);
  await workerIdentity(`${ground.folder}/${name}`, name as WorkerId, join, () => undefined, { patience });
}

/**
 * Holders of one invitation open every connection that they may and stay silent; meanwhile a machine joins by another.
 */
const silent: Act = {
  family: "floods",
  role: "joiner",
  title: "keeps 300 silent connections by one invitation",
  attempt: async (ground, mark) => {
    const { seed } = await invited(ground);
    const clients: RawClient[] = [];
    for (let i = 0; i < 300; i += 1) clients.push(await RawClient.connect(ground.broker.port, { seed }));
    const joining = joins(ground, `${mark}-b`).then(() => "in");
    ground.notes.set(mark, await Promise.race([joining, pause(20_000)]));
    ground.notes.set(`${mark} open`, clients.filter(({ isClosed }) => !isClosed).length);
    for (const client of clients) client.end();
    await joining;
  },
  harm: (ground, mark) => {
    const open = ground.notes.get(`${mark} open`) as number; // as attempt left it
    if (open > enrollingAtOnce) return `${open} connections are open`;
    return ground.notes.get(mark) === "in" ? undefined : "the other machine could not join meanwhile";
  },
};

/** Holders of one invitation flood; meanwhile others are answered, and a machine joins by another invitation. */
const enrolling = (what: string, made: (joinLine: string, mark: string) => string | Uint8Array): Act => ({
  family: "floods",
  role: "joiner",
  title: `keeps ten connections asking to enrol with ${what}`,
  watch: { cpuMs: 20_000, growthMb: 250 },
  attempt: async (ground, mark) => {
    const { line, invite, seed, subject, inbox } = await invited(ground);
    const clients = await Promise.all(
      Array.from({ length: 10 }, () => RawClient.connect(ground.broker.port, { seed })),
    );
    const limit = performance.now() + floodLimitMs;
    const shout = async (client: RawClient): Promise<void> => {
      const data = made(line, mark);
      for (let i = 0; i < mostFlooded && !client.isClosed && performance.now() < limit; i += 1) {
        client.publish(subject, data, { reply: `${inbox}.x` });
        if (i % 500 === 0) await client.sync();
      }
    };
    const shouting = clients.map(shout);
    const victim = await ground.as("victim");
    const answer = await victim.ask(`ask.${ids.victim}`, renewal(), ground.inbox("victim"));
    await joins(ground, `${mark}-b`);
    await Promise.all(shouting);
    const open = clients.filter(({ isClosed }) => !isClosed).length;
    for (const client of clients) client.end();
    ground.notes.set(mark, { isAnswered: answer !== undefined, open, invite });
  },
  harm: async (ground, mark) => {
    type Left = { readonly isAnswered: boolean; readonly open: number; readonly invite: string };
    const { isAnswered, open, invite } = ground.notes.get(mark) as Left; // as attempt left it
    if (!isAnswered) return "the other was not answered";
    const ended = (await stateOf(ground)).invites.get(invite)?.ended;
    if (open > 0) return `${open} of its connections stay open; the invitation is over: "${ended}"`;
    return ended?.includes("far more") ? undefined : `the invitation is over: "${ended}"`;
  },
});

export const floods: Family = {
  name: "floods",
  origin: "7, 16",
  acts: () => [
    junk("worker", `ask.${ids.worker}`, 20_000),
    junk("worker", `ev.${ids.worker}.job1.1.result`, 3000),
    junk("benched", `ask.${ids.benched}`, 20_000),
    junk("operator", "op.root", 5000),
    shouting,
    silent,
    again,
    idle,
    enrolling("an enrolment that was accepted", honestEnrolment),
    enrolling("7 kB of junk", () => "\xc1".repeat(3500)),
    filling("benched", "ev", 40_000),
    filling("worker", "ev", 60_000),
    filling("worker", "ck", 60_000),
  ],
};
