import assert from "node:assert/strict";
import { test } from "node:test";
import { Arrivals } from "../../../../../coordinator/leader/rules/arrivals.ts";
import { judgeEvidence } from "../../../../../coordinator/leader/workers/evidence.ts";
import { answerClaim } from "../../../../../coordinator/leader/workers/search-loop.ts";
import {
  type SentByAll,
  type Traffic,
  totalIn,
  trafficIn,
} from "../../../../../shared/broker/access/worker-traffic.ts";
import { workerIdFrom } from "../../../../../shared/domain/names.ts";
import { usualQuotas } from "../../../../../shared/domain/quotas.ts";
import { defaultSettings } from "../../../../../shared/domain/runspec/job-settings.ts";
import { contentBytes } from "../../../../../shared/wire/sealed-chunks.ts";
import { claim, TestReign } from "../../../../support/stories/reign.ts";

const { perSecond, atOnce } = usualQuotas.arrivals;
const sent = (publicKey: string, messages: number, more: Partial<Traffic> = {}): Traffic => ({
  connection: `S ${publicKey}`,
  publicKey,
  ageMs: 3_600_000,
  messages,
  bytes: messages * 100,
  ...more,
});

/** A reign with two workers, and what the broker says of their connections at each look. */
function watched(): { readonly story: TestReign; look(ms: number, ...traffic: Traffic[]): Promise<string[]> } {
  const story = new TestReign();
  for (const id of ["mal", "good"]) {
    const worker = workerIdFrom(id);
    void story.reign.record({ type: "worker-enrolled", worker, publicKey: `U${id}`, host: id, op: id });
  }
  let traffic: readonly Traffic[] = [];
  const arrivals = new Arrivals(story.reign, { traffic: async () => traffic });
  return {
    story,
    look: async (ms, ...now) => {
      story.now += ms;
      traffic = now;
      await arrivals.look();
      return [...story.reign.state.workers.values()].filter(({ isCutOff }) => isCutOff).map(({ id }) => id);
    },
  };
}

test("a worker that sends more than its quota is cut off with the reason, and nobody else", async () => {
  const { story, look } = watched();
  assert.deepEqual(await look(0, sent("Umal", 1e6), sent("Ugood", 1e6)), [], "how fast it came to that is not known");
  assert.deepEqual(await look(250, sent("Umal", 1e6 + atOnce), sent("Ugood", 1e6 + 100)), []);
  assert.deepEqual(await look(250, sent("Umal", 1e6 + atOnce + perSecond), sent("Ugood", 1e6 + 200)), ["mal"]);
  const [record] = story.events.filter((event) => event.type === "worker-state");
  assert.match(record?.type === "worker-state" ? (record.reason ?? "") : "", /^it sent far more than 6000 messages/);
  assert.ok(story.published > 0, "the broker is told");
});

test("a worker that sends just its quota is never cut off", async () => {
  const { look } = watched();
  await look(0, sent("Umal", 0));
  for (let second = 1; second < 100; second += 1)
    assert.deepEqual(await look(1000, sent("Umal", second * perSecond)), []);
});

test("a new connection's messages count in full; of one that was only not listed before, none do", async () => {
  const { look } = watched();
  await look(0, sent("Ugood", 5));
  assert.deepEqual(await look(250, sent("Ugood", 1e6, { connection: "S other" })), []);
  assert.deepEqual(await look(250, sent("Umal", atOnce + perSecond, { connection: "S 9", ageMs: 100 })), ["mal"]);
});

test("the bytes that a worker sends count too", async () => {
  const { look } = watched();
  await look(0, sent("Umal", 10));
  assert.deepEqual(await look(250, sent("Umal", 20, { bytes: usualQuotas.arrivedBytes.atOnce * 1.1 })), ["mal"]);
});

/** A worker hands back its runs at `rate` bytes a second, until it is cut off or all is sent. */
async function handBack(runs: number, rate: number): Promise<{ readonly story: TestReign; readonly bytes: number }> {
  const story = new TestReign();
  const worker = workerIdFrom("gpu");
  const key = { publicKey: "U", expiresAt: 1e9, uses: null, targets: [], by: "ann", op: "i", at: 0 };
  void story.reign.record({ type: "invited", invite: "door", ...key });
  void story.reign.record({ type: "worker-enrolled", worker, publicKey: "Ugpu", host: "g", op: "g", invite: "door" });
  const job = story.submit({ totalRuns: 100 });
  for (let n = 1; n <= runs; n += 1)
    assert.equal((await answerClaim(story.reign, worker, claim(`c${n}`, "boot", { slots: 8 })))?.kind, "assigned");
  let bytes = 0;
  const arrivals = new Arrivals(story.reign, {
    traffic: async () => [sent("Ugpu", Math.ceil(bytes / contentBytes), { bytes })],
  });
  const isCutOff = (): boolean => story.reign.state.workers.get(worker)?.isCutOff === true;
  // The worker has trained for some time.
  for (let i = 0; i < 20; i += 1, story.now += 20_000) await arrivals.look();
  const { checkpointLimit } = defaultSettings;
  for (let looks = 0; looks < 1000 && !isCutOff(); looks += 1, story.now += 250) {
    const before = Math.floor(bytes / checkpointLimit);
    bytes += rate / 4;
    await arrivals.look();
    for (let n = before + 1; n <= Math.min(runs, bytes / checkpointLimit); n += 1)
      judgeEvidence(story.reign, story.message(worker, job, n, "released", 1));
    if (runs > 0 && bytes >= runs * checkpointLimit) break;
  }
  return { story, bytes };
}

for (const rate of [1e8, 3e8, 1e9, 3e9]) {
  test(`a worker that hands eight runs back with states of 1 GB, at ${rate / 1e6} MB/s, is not cut off`, async () => {
    const { story, bytes } = await handBack(8, rate);
    assert.ok(bytes >= 8e9);
    assert.deepEqual(
      story.events.filter(({ type }) => type === "worker-state" || type === "invite-ended"),
      [],
    );
  });
}

test("a worker without runs that sends too many bytes is cut off, and its invitation stays at first", async () => {
  const { story, bytes } = await handBack(0, 1e9);
  assert.ok(bytes < 1.2 * usualQuotas.arrivedBytes.atOnce, `after ${bytes}`);
  assert.equal(story.reign.state.workers.get(workerIdFrom("gpu"))?.isCutOff, true);
  assert.equal(story.reign.state.invites.get("door")?.ended, "");
});

test("a flood over connections that take turns at being listed cuts off its sender", async () => {
  const { look } = watched();
  const counts = new Array<number>(1024).fill(0);
  const cutOffAfter = async (): Promise<number> => {
    for (let looks = 1; looks <= 40; looks += 1) {
      // 50,000 messages a second, at each look over other connections.
      const group = Array.from({ length: 256 }, (_, i) => (looks % 4) * 256 + i);
      for (const i of group) counts[i] = (counts[i] ?? 0) + 49;
      const listed = group.map((i) => sent("Umal", counts[i] ?? 0, { connection: `S ${i}` }));
      if ((await look(250, ...listed)).includes("mal")) return looks;
    }
    return Number.POSITIVE_INFINITY;
  };
  assert.ok((await cutOffAfter()) <= 8, "each has been listed twice then");
});

test("what a worker sent while others were listed in its place is no flood at any pace within its quota", async () => {
  const { look } = watched();
  for (let minute = 0; minute < 60; minute += 1) {
    await look(250, sent("Umal", minute * 60 * perSecond), sent("Ugood", minute));
    for (let i = 1; i < 240; i += 1) assert.deepEqual(await look(250, sent("Ugood", minute)), []);
  }
});

test("an older connection of a worker may go on beside the one that is listed", async () => {
  const { look } = watched();
  for (let hour = 0; hour < 5; hour += 1) {
    const older = sent("Umal", hour * 30_000, { connection: "S older" });
    assert.deepEqual(await look(1000, sent("Umal", hour * 3600), older), []);
    for (let i = 1; i < 3600; i += 1) await look(1000, sent("Umal", hour * 3600 + i));
  }
});

test("where the listed connections sent little of what came, more of them are listed", async () => {
  const story = new TestReign();
  void story.reign.record({
    type: "worker-enrolled",
    worker: workerIdFrom("mal"),
    publicKey: "Umal",
    host: "m",
    op: "m",
  });
  const asked: number[] = [];
  let messages = 0;
  const arrivals = new Arrivals(story.reign, {
    traffic: async (most) => {
      asked.push(most);
      return most > 256 ? [sent("Umal", messages)] : [];
    },
    total: async () => ({ messages, bytes: messages, connections: 2 }),
  });
  const isCutOff = (): boolean => story.reign.state.workers.get(workerIdFrom("mal"))?.isCutOff === true;
  for (let looks = 0; looks < 12 && !isCutOff(); looks += 1) {
    await arrivals.look();
    story.now += 250;
    messages += perSecond;
  }
  assert.ok(isCutOff());
  assert.deepEqual(asked.slice(-2), [256, 1024]);
});

test("a worker that keeps very many connections open is cut off, and one with some that are dead is not", async () => {
  const story = new TestReign();
  for (const id of ["mal", "good"])
    void story.reign.record({
      type: "worker-enrolled",
      worker: workerIdFrom(id),
      publicKey: `U${id}`,
      host: id,
      op: id,
    });
  let open: readonly Traffic[] = [];
  let lists = 0;
  const arrivals = new Arrivals(story.reign, {
    traffic: async () => [],
    total: async () => ({ messages: 0, bytes: 0, connections: open.length }),
    connections: async () => {
      lists += 1;
      return open;
    },
  });
  const keeping = async (mal: number, good: number): Promise<string[]> => {
    const of = (key: string, count: number): Traffic[] =>
      Array.from({ length: count }, (_, i) => sent(key, 0, { connection: `${key} ${i}` }));
    open = [...of("Umal", mal), ...of("Ugood", good)];
    story.now += 250;
    await arrivals.look();
    return [...story.reign.state.workers.values()].filter(({ isCutOff }) => isCutOff).map(({ id }) => id);
  };
  assert.deepEqual(await keeping(1, 40), []);
  assert.equal(lists, 0, "too few for anybody to have too many");
  for (let i = 0; i < 200; i += 1) assert.deepEqual(await keeping(64, 40), []);
  assert.equal(lists, 1);
  assert.deepEqual(await keeping(490, 40), ["mal"], "at once");
  assert.match(
    story.reign.state.workers.get(workerIdFrom("mal"))?.reason ?? "",
    /^it keeps 490 connections open, where 64/,
  );
});

/** A reign with one worker that floods and one that does not, seen first through what both send together. */
function summed(): { look(ms: number, mal: number, good: number): Promise<{ cutOff: string[]; lists: number }> } {
  const story = new TestReign();
  for (const id of ["mal", "good"])
    void story.reign.record({
      type: "worker-enrolled",
      worker: workerIdFrom(id),
      publicKey: `U${id}`,
      host: id,
      op: id,
    });
  let now: readonly Traffic[] = [];
  let lists = 0;
  const arrivals = new Arrivals(story.reign, {
    traffic: async () => {
      lists += 1;
      return now;
    },
    total: async (): Promise<SentByAll> => ({
      connections: now.length,
      messages: now.reduce((sum, { messages }) => sum + messages, 0),
      bytes: now.reduce((sum, { bytes }) => sum + bytes, 0),
    }),
  });
  return {
    look: async (ms, mal, good) => {
      story.now += ms;
      now = [sent("Umal", mal), sent("Ugood", good)];
      await arrivals.look();
      const cutOff = [...story.reign.state.workers.values()].filter((each) => each.isCutOff).map(({ id }) => id);
      return { cutOff, lists };
    },
  };
}

test("while all workers together send little, their connections are listed every twenty seconds", async () => {
  const { look } = summed();
  let lists = 0;
  for (let i = 0; i < 240; i += 1) ({ lists } = await look(250, i * 500, i * 900));
  assert.ok(lists >= 3 && lists <= 4, `${lists} lists in a minute`);
});

test("a flood after a long quiet time cuts off its sender alone, two looks after it began", async () => {
  const { look } = summed();
  for (let i = 0; i < 100; i += 1) assert.deepEqual((await look(250, 0, i * 1000)).cutOff, []);
  await look(250, 2 * atOnce, 100_000);
  assert.deepEqual((await look(250, 4 * atOnce, 101_000)).cutOff, ["mal"]);
});

test("messages sent in quiet times are no flood", async () => {
  const { look } = summed();
  for (let i = 0; i < 100; i += 1) await look(250, 0, i * 1400);
  const { cutOff } = await look(250, 0, 99 * 1400 + perSecond);
  assert.deepEqual(cutOff, []);
});

test("a server that was started again counts from nothing, so its connections are looked at", async () => {
  const { look } = summed();
  await look(250, 0, 1e6);
  const { lists } = await look(250, 0, 1e6);
  assert.equal((await look(250, 0, 10)).lists, lists + 1, "its connections are looked at");
});

test("nothing but the server's answer is read as the sum of what was sent", () => {
  const answer = (data: unknown): Buffer => Buffer.from(JSON.stringify({ data }));
  const received = { msgs: 1000, bytes: 100_000 };
  assert.deepEqual(totalIn(answer({ account_statz: [{ acc: "WORKERS", conns: 7, received }] })), {
    messages: 1000,
    bytes: 100_000,
    connections: 7,
  });
  for (const other of [
    {},
    { account_statz: [] },
    { account_statz: [{ received: { msgs: "1" } }] },
    { account_statz: 7 },
  ])
    assert.equal(totalIn(answer(other)), undefined);
  assert.equal(totalIn(Buffer.from("x")), undefined);
});

test("nothing but the server's answer is read as a list of traffic", () => {
  const connection = { cid: 7, authorized_user: "UA", start: "2026-11-28T06:00:00Z", in_msgs: 5, in_bytes: 50 };
  const answer = (data: object): Buffer => Buffer.from(JSON.stringify({ data }));
  const now = "2026-11-28T06:00:01.5Z";
  assert.deepEqual(trafficIn(answer({ server_id: "S", now, connections: [connection] })), [
    { connection: "S 7", publicKey: "UA", ageMs: 1500, messages: 5, bytes: 50 },
  ]);
  const strange = [{ ...connection, in_msgs: "5" }, { ...connection, authorized_user: undefined }, {}];
  assert.deepEqual(trafficIn(answer({ server_id: "S", now, connections: strange })), []);
  for (const other of [
    answer({}),
    answer({ server_id: "S", now, connections: {} }),
    Buffer.from("x"),
    Buffer.from("{}"),
  ])
    assert.deepEqual(trafficIn(other), []);
});
