import { statSync } from "node:fs";
import { pause } from "../../../shared/deadline.ts";
import type { Act, Family } from "../act.ts";
import { RawClient } from "../attacker/raw-client.ts";
import { renewal, report } from "../attacker/words.ts";
import { ids, type Role } from "../ground/ground.ts";

/** Messages that one worker may store at once, and in each second more (docs/trust.md). */
const allowed = { atOnce: 12_000, perSecond: 2000 };

/** Finding 7: what one worker stores is bounded, so that others have room and their turn. */
const filling = (role: Role, kind: "ev" | "ck", count: number): Act => ({
  family: "floods",
  role,
  title: `stores ${count} messages under ${kind} at once`,
  watch: { cpuMs: 60_000, growthMb: 300 },
  attempt: async (ground, mark) => {
    const startedAt = performance.now();
    const client = await ground.fresh(role);
    const data = report({ lines: "x".repeat(100) });
    for (let i = 0; i < count && !client.isClosed; i += 1) {
      client.publish(`${kind}.${ground.idOf(role)}.job1.1.1.${mark}`, data);
      if (i % 500 === 0) await client.sync();
    }
    await client.sync();
    client.end();
    const seconds = (performance.now() - startedAt) / 1000;
    await pause(1000);
    const stored = await ground.observer.subjects(kind === "ev" ? "EV" : "BLOB", `${kind}.*.job1.1.1.${mark}`);
    const sum = Object.values(stored).reduce((total, each) => total + each, 0);
    // Twice what may come in that time: the leader looks four times a second, and then cuts off.
    ground.notes.set(mark, sum > 2 * (allowed.atOnce + allowed.perSecond * seconds) ? sum : 0);
  },
  harm: (ground, mark) => {
    const stored = ground.notes.get(mark) as number; // as attempt left it
    return stored > 0 ? `${stored} of them are stored` : undefined;
  },
});

const mostLogged = 2e6;

/** Finding 16: junk costs a line of the log each time, or does it? */
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
    // Logs are replaced when they are large; until then a flood may not fill them.
    return bytes > mostLogged ? `the coordinator's log grew by ${(bytes / 1e6).toFixed(1)} MB` : undefined;
  },
});

/** Others' claims are answered while one shouts: measured in the coordinator's own work, which its answer has to wait for. */
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

export const floods: Family = {
  name: "floods",
  origin: "7, 16",
  acts: () => [
    junk("worker", `ask.${ids.worker}`, 20_000),
    junk("worker", `ev.${ids.worker}.job1.1.result`, 3000),
    junk("benched", `ask.${ids.benched}`, 20_000),
    junk("operator", "op.root", 5000),
    shouting,
    filling("benched", "ev", 40_000),
    filling("worker", "ev", 60_000),
    filling("worker", "ck", 60_000),
  ],
};
