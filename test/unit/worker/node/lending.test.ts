import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { JobName, RunName, WorkerId } from "../../../../shared/domain/names.ts";
import type { Bus } from "../../../../shared/ports.ts";
import { type Answer, decodeAsk, encodeAnswer, type Renewal } from "../../../../shared/wire/messages.ts";
import type { Lending } from "../../../../worker/node/lending.ts";
import { WorkerNode } from "../../../../worker/node/node.ts";
import { SimProcess } from "../../../simulate/sim-process.ts";
import { SimSpool } from "../../../simulate/sim-spool.ts";
import { silentLog } from "../../../simulate/simulation.ts";
import { Timeline } from "../../../simulate/timeline.ts";

const typing: Lending = { word: "frozen", why: "somebody types", until: "after 5 min without a sign of use" };
const lends: Lending = { word: "open", why: "", until: "" };

/** A worker of two slots, and what it asked. It gets the trial, if there is one, of a job that is never described, and else no work. */
function lentWorker(given?: Answer): {
  node: WorkerNode;
  claims: number;
  readonly renewals: Renewal[];
  readonly news: string[];
  live(ms: number): Promise<void>;
} {
  const timeline = new Timeline();
  const { clock, chance } = new SimProcess(timeline, "worker", "seed");
  const renewals: Renewal[] = [];
  const news: string[] = [];
  const bus: Partial<Bus> = {
    request: async (_subject, data) => {
      const ask = decodeAsk(data);
      if (ask.kind === "claim") {
        worker.claims += 1;
        const isFirst = worker.claims === 1;
        const nothing: Answer = { kind: "wait", term: 1, reason: "nothing to do", retryMs: 15_000 };
        return encodeAnswer(isFirst && given ? given : nothing);
      }
      if (ask.kind === "renew") renewals.push(ask);
      return encodeAnswer({ kind: "renewed", term: 1, leaseMs: 30_000, verdicts: [] });
    },
    subscribe: () => () => undefined,
  };
  const runners = { run: () => assert.fail(), close: async () => undefined };
  const folders = { unpackCode: () => "", removeFolder: () => undefined };
  const node = new WorkerNode(
    { bus: bus as Bus, clock, chance, log: silentLog, runners, spool: new SimSpool(), ...folders },
    {
      worker: "w1" as WorkerId,
      bootId: "boot",
      version: "test",
      slots: 2,
      targets: [],
      opportunistic: false,
      noCode: false,
      stateDir: "",
    },
    ({ text }) => news.push(text),
  );
  const live = async (ms: number): Promise<void> => {
    const end = timeline.now + ms;
    timeline.plan(null, end, () => undefined);
    await timeline.run(() => timeline.now >= end);
  };
  const worker = { node, claims: 0, renewals, news, live };
  return worker;
}

describe("a worker whose owner is there", () => {
  test("a worker whose owner is there claims nothing, says so at once, and goes on saying that it is there", async () => {
    const worker = lentWorker();
    worker.node.lend(typing);
    void worker.node.work();
    await worker.live(1000);
    assert.equal(worker.claims, 0);
    const [first] = worker.renewals;
    assert.equal(first?.lending, "frozen");
    assert.equal(first?.lendingWhy, "somebody types");
    assert.equal(first?.takes?.slots, 2);
    assert.deepEqual(worker.news, ["somebody types: no run in hand; lends again after 5 min without a sign of use"]);
    await worker.live(60_000);
    assert.ok(worker.renewals.length >= 4, "views take a worker for gone that is silent for 20 s");
  });

  test("a worker whose owner is there keeps its leases even with more to say than a message takes", async () => {
    const worker = lentWorker();
    const why = `its folder cannot be used: ENOENT: no such file or directory, statfs '/${"long/".repeat(200)}'`;
    worker.node.lend({ word: "closed", why, until: "x".repeat(1000) });
    void worker.node.work();
    await worker.live(1000);
    assert.equal(worker.renewals[0]?.lendingWhy, why.slice(0, 300));
    assert.equal(worker.renewals[0]?.lendingUntil, "x".repeat(200));
  });

  test("a worker claims as soon as its owner is gone, and tells the coordinator that it lends again", async () => {
    const worker = lentWorker();
    void worker.node.work();
    await worker.live(1000);
    assert.equal(worker.renewals.length, 0, "a worker that lends and holds nothing has nothing to renew");
    worker.claims = 0;
    worker.node.lend(typing);
    await worker.live(60_000);
    assert.equal(worker.claims, 0);
    worker.node.lend(lends);
    await worker.live(1000);
    assert.ok(worker.claims > 0);
    assert.equal(worker.renewals.at(-1)?.lending, "open");
    const told = worker.renewals.length;
    await worker.live(60_000);
    assert.equal(worker.renewals.length, told);
  });
});

test("a worker says in each renewal what it takes: a new coordinator has not heard it claim", async () => {
  const worker = lentWorker({
    ...{ kind: "assigned", term: 1, job: "job1" as JobName, run: "run1.1" as RunName, n: 1, attempt: 1, seed: 1 },
    ...{ resume: null, settings: [], leaseMs: 30_000, limits: null, checkpointSeconds: 60 },
  });
  void worker.node.work();
  await worker.live(25_000);
  assert.ok(worker.renewals.length >= 2);
  for (const { held, lending, takes } of worker.renewals)
    assert.deepEqual([held.length, lending, takes?.slots], [1, "open", 2]);
});
