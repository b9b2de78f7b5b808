import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Presence } from "../../../../coordinator/leader/reign/reign.ts";
import { fittingStatus, statusOf, tellStatus } from "../../../../coordinator/leader/status.ts";
import { judgeEvidence } from "../../../../coordinator/leader/workers/evidence.ts";
import { answerRenewal } from "../../../../coordinator/leader/workers/renewals.ts";
import { answerClaim } from "../../../../coordinator/leader/workers/search-loop.ts";
import { WorkerNotes } from "../../../../coordinator/live/worker-notes.ts";
import { hearStatus } from "../../../../coordinator/reading/hear-status.ts";
import { workerRows } from "../../../../coordinator/words/why/worker-rows.ts";
import type { WorkspaceState } from "../../../../shared/domain/fold/workspace-state.ts";
import type { JobName, WorkerId } from "../../../../shared/domain/names.ts";
import { BusError } from "../../../../shared/ports.ts";
import { BadMessage } from "../../../../shared/wire/check.ts";
import { decode, encode } from "../../../../shared/wire/codec.ts";
import { decodeStatus, encodeStatus } from "../../../../shared/wire/messages.ts";
import { asksWhoHears, statusPatienceMs, statusTickMs, whoHears } from "../../../../shared/wire/status.ts";
import { claim, leaseMs, TestReign } from "../../../support/stories/reign.ts";

describe("the leader's status", () => {
  test("the leader's status says who was heard when, and how long leases last", async () => {
    const swarm = new TestReign();
    const job = swarm.submit({ totalRuns: 10 });
    await answerClaim(swarm.reign, "lab-1" as WorkerId, claim("claim-1"));
    swarm.now += 1000;
    const status = decodeStatus(encodeStatus(statusOf(swarm.reign)));
    assert.deepEqual(
      status.workers.map(({ worker, silentMs }) => [worker, silentMs]),
      [["lab-1", 1000]],
    );
    assert.deepEqual(status.leases, [{ job, n: 1, attempt: 1, leftMs: leaseMs - 1000, iters: 0 }]);
    assert.equal(status.leaseMs, leaseMs);
    const rows = (heard: typeof status | null, statusAgeMs: number) =>
      workerRows(swarm.reign.state, new WorkerNotes(), { status: heard, statusAgeMs, wall: 0 });
    const [busy] = rows(status, 500);
    assert.deepEqual([busy?.state, busy?.held, busy?.silentMs], ["busy", 1, 1500]);
    const [lost] = rows(status, 2 * leaseMs);
    assert.equal(lost?.state, "lost");
    // Without a status from the leader no worker is called lost.
    assert.equal(rows(null, 0)[0]?.state, "busy");
  });

  test("the leader's status says how busy a machine is, and that a worker has left until it claims again", async () => {
    const swarm = new TestReign();
    swarm.submit({ totalRuns: 10, computeNodes: 1 });
    const idle = "lab-2" as WorkerId;
    const machine = { diskFree: 1e9, memoryFree: 1e9, load: 0.5, cpu: 47, memory: 63, gpu: null };
    await answerClaim(swarm.reign, "lab-1" as WorkerId, claim("claim-1"));
    await answerClaim(swarm.reign, idle, { ...claim("claim-2"), machine });
    const said = () => decodeStatus(encodeStatus(statusOf(swarm.reign))).workers.find(({ worker }) => worker === idle);
    assert.deepEqual([said()?.cpu, said()?.memory, said()?.gpu, said()?.left], [47, 63, null, null]);
    await answerRenewal(swarm.reign, idle, { kind: "renew", bootId: "boot", held: [], leaving: true });
    assert.equal(said()?.left, true);
    await answerClaim(swarm.reign, idle, { ...claim("claim-3"), bootId: "another" });
    assert.equal(said()?.left, null);
  });

  test("the leader's status says how many slots a worker has now, also after its owner changed that", async () => {
    const swarm = new TestReign();
    swarm.submit({ totalRuns: 10 });
    const slotsSaid = (): (number | undefined)[] => statusOf(swarm.reign).workers.map(({ slots }) => slots);
    await answerClaim(swarm.reign, "lab-1" as WorkerId, { ...claim("claim-1"), slots: 1 });
    assert.deepEqual(slotsSaid(), [1]);
    await answerClaim(swarm.reign, "lab-1" as WorkerId, { ...claim("claim-2"), slots: 8 });
    assert.deepEqual(slotsSaid(), [8]);
    const { version, targets, opportunistic, noCode } = claim("claim-3");
    const takes = { version, slots: 2, targets, opportunistic, noCode };
    await answerRenewal(swarm.reign, "lab-1" as WorkerId, {
      ...{ kind: "renew", bootId: "boot", held: [], lending: "frozen", takes },
    });
    assert.deepEqual(slotsSaid(), [2]);
  });

  test("the leader's status says why runs wait on a machine in use, also on one that has claimed nothing", async () => {
    const swarm = new TestReign();
    swarm.submit({ totalRuns: 10 });
    const busy = "lab-1" as WorkerId;
    const fresh = "lab-2" as WorkerId;
    await answerClaim(swarm.reign, busy, claim("claim-1"));
    const { version, slots, targets, opportunistic, noCode } = claim("claim-2");
    const takes = { version, slots, targets, opportunistic, noCode };
    const said = {
      lending: "frozen",
      lendingWhy: "somebody types",
      lendingUntil: "after 5 min",
      lendingMs: 2000,
      takes,
    } as const;
    for (const worker of [busy, fresh]) {
      await answerRenewal(swarm.reign, worker, { kind: "renew", bootId: "boot", held: [], ...said });
    }
    swarm.now += 1000;
    const status = decodeStatus(encodeStatus(statusOf(swarm.reign)));
    assert.deepEqual(
      status.workers.map(({ worker, lending, lendingWhy, lendingMs }) => [worker, lending, lendingWhy, lendingMs]),
      [
        ["lab-1", "frozen", "somebody types", 3000],
        ["lab-2", "frozen", "somebody types", 3000],
      ],
    );
    const look = { status, statusAgeMs: 500, wall: 100_000 };
    const [row] = workerRows(swarm.reign.state, new WorkerNotes(), look);
    assert.deepEqual(
      [row?.state, row?.why, row?.change, row?.since],
      ["owner active", "somebody types", "lends again after 5 min", 96_500],
    );
    await answerRenewal(swarm.reign, busy, { kind: "renew", bootId: "boot", held: [] });
    assert.equal(statusOf(swarm.reign).workers[0]?.lending, null);
  });

  test("the leader's status goes on saying why a worker gets no more runs while it renews those that it has", async () => {
    const swarm = new TestReign();
    const job = swarm.submit({ totalRuns: 10, hpTuning: "random", maxFailuresAtStart: 1 });
    const lab = "lab-1" as WorkerId;
    await answerClaim(swarm.reign, "lab-2" as WorkerId, claim("claim-1"));
    for (const id of ["claim-2", "claim-3"]) await answerClaim(swarm.reign, lab, claim(id));
    judgeEvidence(swarm.reign, swarm.message(lab, job, 2, "failed", 1));
    await answerClaim(swarm.reign, lab, claim("claim-4"));
    const { version, slots, targets, opportunistic, noCode } = claim("");
    const takes = { version, slots, targets, opportunistic, noCode };
    const held = [{ job, n: 3, attempt: 1, iters: 1 }];
    const renews = { kind: "renew", bootId: "boot", held, takes } as const;
    const refusal = (): string | null | undefined =>
      statusOf(swarm.reign).workers.find(({ worker }) => worker === lab)?.refusal;
    assert.match(refusal() ?? "", /have all failed on lab-1/);
    await answerRenewal(swarm.reign, lab, renews);
    assert.match(refusal() ?? "", /have all failed on lab-1/);
    await answerRenewal(swarm.reign, lab, { ...renews, lending: "frozen", lendingWhy: "somebody types" });
    assert.equal(refusal(), null);
  });

  /** A reign that has heard of so many workers. */
  function reignOver(workers: number, targets: readonly string[]): TestReign {
    const swarm = new TestReign();
    const lending = { lending: "open", lendingWhy: "", lendingUntil: "", lendingMs: 0 } as const;
    const said = { bootId: "b", retired: new Set<string>(), heardAt: 0, slots: 2, opportunistic: false, noCode: false };
    for (let i = 0; i < workers; i += 1) {
      swarm.reign.presence.set(`lab-${i}` as WorkerId, {
        ...said,
        targets,
        version: "0.1.0",
        skewMs: null,
        lending,
        machine: null,
      });
    }
    return swarm;
  }

  test("the leader's status tells of ten thousand workers and of all that they hold", () => {
    const { reign } = reignOver(10_000, []);
    for (let n = 1; n <= 20_000; n += 1) {
      const lease = {
        job: "job1" as JobName,
        n: 900_000 + n,
        attempt: 1,
        worker: `lab-${n >> 1}` as WorkerId,
        bootId: "b",
      };
      reign.leases.grant(lease, 0, true);
    }
    const bytes = fittingStatus(statusOf(reign));
    assert.ok(bytes);
    assert.deepEqual(decodeStatus(bytes), statusOf(reign));
  });

  test("the leader's status tells of 1,000 unfit workers at most, as many as every view reads", () => {
    const { reign } = reignOver(5000, []);
    const why = "there is no Python 3.13 here; found 3.11.2 at /usr/bin/python3";
    for (const [worker, presence] of reign.presence)
      reign.presence.set(worker, { ...presence, unfit: [{ job: "job1" as JobName, why }] });
    const bytes = fittingStatus(statusOf(reign));
    const { workers } = decodeStatus(bytes ?? assert.fail("nothing is sent"));
    assert.deepEqual([workers.length, workers.filter(({ unfit }) => unfit !== null).length], [5000, 1000]);
  });

  test("a status too large for a message leaves out what workers hold and serve", () => {
    const { reign } = reignOver(
      10_000,
      Array.from({ length: 20 }, (_, pool) => `pool-${pool}`),
    );
    const bytes = fittingStatus(statusOf(reign));
    assert.ok(bytes && bytes.length <= 750_000);
    const { workers } = decodeStatus(bytes);
    assert.deepEqual([workers.length, workers[0]?.targets], [10_000, []]);
  });

  test("a status from elsewhere is checked", () => {
    assert.throws(() => decodeStatus(new Uint8Array([0xff])), BadMessage);
    const { reign } = reignOver(2, []);
    const encoded = (change: object): Uint8Array => {
      const { workers, ...rest } = decode(encodeStatus(statusOf(reign))) as { workers: object };
      return encode({ ...rest, workers: { ...workers, ...change } });
    };
    assert.throws(
      () => decodeStatus(encoded({ slots: [1] })),
      /workers.slots: expected 2 values as in worker, found 1/,
    );
    assert.throws(() => decodeStatus(encoded({ slots: [1, "2"] })), /workers\[1\].slots: expected a whole number/);
    assert.throws(() => decodeStatus(encoded({ worker: undefined })), /workers.worker: expected a list/);
    assert.equal(decodeStatus(encoded({ version: undefined })).workers[1]?.version, null);
  });
});

/** Lets a leader's timer tick by hand. */
function ticking({ reign }: TestReign): () => void {
  let tick = (): void => undefined;
  Object.assign(reign.ports.clock, {
    every: (_ms: number, action: () => void) => {
      tick = action;
      return { cancel: () => undefined };
    },
  });
  return () => tick();
}

test("the status is sent while somebody hears it, at once to newcomers; else the leader only asks", async () => {
  const swarm = new TestReign();
  const tick = ticking(swarm);
  let areThere = false;
  let sent: Uint8Array[] = [];
  tellStatus(swarm.reign, {
    request: async (_subject, data) => {
      sent.push(data);
      throw new BusError(areThere ? "no answer in time" : "nobody answered", "status");
    },
    publish: (_subject, data) => void sent.push(data),
  });
  const second = async (): Promise<string[]> => {
    sent = [];
    swarm.now += statusTickMs;
    tick();
    await new Promise(setImmediate);
    return sent.map((bytes) => (asksWhoHears(bytes) ? "who hears" : decodeStatus(bytes).leader));
  };
  assert.deepEqual([await second(), await second()], [["who hears"], ["who hears"]]);
  areThere = true;
  assert.deepEqual([await second(), await second()], [["who hears", "test"], ["test"]]);
  areThere = false;
  assert.deepEqual([await second(), await second()], [["test"], ["who hears"]]);
  areThere = true;
  swarm.leads = false;
  assert.deepEqual([await second(), await second()], [["who hears"], []]);
});

test("a status that cannot be sent is not made more often than one that can", async () => {
  const swarm = new TestReign();
  const tick = ticking(swarm);
  const request = (): Promise<never> => Promise.reject(new BusError("no answer in time", "status"));
  tellStatus(swarm.reign, { request, publish: () => undefined });
  const seconds = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i += 1) {
      swarm.now += statusTickMs;
      tick();
      await new Promise(setImmediate);
    }
  };
  await seconds(1);
  // The interval between statuses grows with the number of workers: 3 s now.
  for (let n = 0; n < 4000; n += 1) swarm.reign.presence.set(`lab-${n}` as WorkerId, {} as Presence);
  let tries = 0;
  Object.defineProperty(swarm, "leads", {
    get: () => {
      tries += 1;
      return false;
    },
  });
  await seconds(7);
  assert.equal(tries, 2);
});

test("a reader of the status waits longer for a large swarm's, but not for ever", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { state } = new TestReign().reign;
  const large = { ...state, jobs: new Map([["job1", { running: 5000 }]]) } as unknown as WorkspaceState; // its size counts
  let hear = (_bytes: Uint8Array): void => undefined;
  const bus = {
    subscribe: (_subject: string, handler: (subject: string, data: Uint8Array) => void) => {
      hear = (bytes) => handler("status", bytes);
      return () => undefined;
    },
  };
  const heard = hearStatus(bus, Promise.resolve(large));
  await new Promise(setImmediate);
  hear(whoHears);
  t.mock.timers.tick(3000);
  hear(encodeStatus(statusOf(new TestReign().reign)));
  assert.equal((await heard)?.leader, "test");
  const none = hearStatus(bus, large);
  await new Promise(setImmediate);
  t.mock.timers.tick(statusPatienceMs(5000));
  assert.equal(await none, undefined);
});
