import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { JobName, RunName, WorkerId } from "../../../../shared/domain/names.ts";
import type { Bus } from "../../../../shared/ports.ts";
import { type Answer, decodeAsk, encodeAnswer, encodeControl } from "../../../../shared/wire/messages.ts";
import { Gate } from "../../../../worker/node/lending.ts";
import { WorkerNode } from "../../../../worker/node/node.ts";
import { changedOrEnded } from "../../../../worker/node/slots.ts";
import { SimProcess } from "../../../simulate/sim-process.ts";
import { SimSpool } from "../../../simulate/sim-spool.ts";
import { silentLog } from "../../../simulate/simulation.ts";
import { Timeline } from "../../../simulate/timeline.ts";

const wait: Answer = { kind: "wait", term: 1, reason: "nothing to do", retryMs: 15_000 };
const refused: Answer = { kind: "refused", term: 1, reason: "it was drained", leave: true };
const assigned: Answer = {
  kind: "assigned",
  term: 1,
  job: "job1" as JobName,
  run: "run1.1" as RunName,
  n: 1,
  attempt: 1,
  seed: 1,
  resume: null,
  settings: [],
  leaseMs: 30_000,
  limits: null,
  checkpointSeconds: 60,
};

/** A worker of four slots whose claims get `answer`. Its job is never described, so it keeps every run that it gets. */
function startWorker(): {
  answer: Answer;
  claims: number;
  /** Wall clock of each claim, milliseconds. */
  readonly askedAt: number[];
  hasEnded: boolean;
  /** How often it said goodbye. */
  goodbyes: number;
  hint(): void;
  live(ms: number): Promise<void>;
} {
  const timeline = new Timeline();
  const process = new SimProcess(timeline, "worker", "seed");
  const handlers: ((subject: string, data: Uint8Array) => void)[] = [];
  const worker = {
    answer: wait,
    claims: 0,
    askedAt: [] as number[],
    hasEnded: false,
    goodbyes: 0,
    hint: () => handlers[0]?.("ctl.all", encodeControl({ kind: "work", term: 1 })),
    live: async (ms: number) => {
      const end = timeline.now + ms;
      timeline.plan(null, end, () => undefined);
      await timeline.run(() => timeline.now >= end);
    },
  };
  const bus: Partial<Bus> = {
    request: async (_subject, data) => {
      const ask = decodeAsk(data);
      if (ask.kind !== "claim") return new Promise<Uint8Array>(() => undefined);
      worker.askedAt.push(ask.sentAt ?? Number.NaN);
      worker.claims += 1;
      const { answer, claims } = worker;
      // Each claim gets another trial, or it would be the run in hand again.
      return encodeAnswer(answer.kind === "assigned" ? { ...answer, n: claims } : answer);
    },
    publish: (_subject, data) => {
      const said = decodeAsk(data);
      if (said.kind === "renew" && said.leaving) worker.goodbyes += 1;
    },
    flush: async () => undefined,
    subscribe: (_subject, handler) => {
      handlers.push(handler);
      return () => undefined;
    },
  };
  const { clock, chance } = process;
  const runners = { run: () => assert.fail(), close: async () => undefined };
  const folders = { unpackCode: () => "", removeFolder: () => undefined };
  const node = new WorkerNode(
    { bus: bus as Bus, clock, chance, log: silentLog, runners, spool: new SimSpool(), ...folders },
    {
      worker: "w1" as WorkerId,
      bootId: "boot",
      version: "test",
      slots: 4,
      targets: [],
      opportunistic: false,
      noCode: false,
      stateDir: "",
    },
    () => undefined,
  );
  void node.work().then(() => {
    worker.hasEnded = true;
  });
  return worker;
}

describe("slots that wait for work", () => {
  test("slots that wait for work let one of them ask for all", async () => {
    const worker = startWorker();
    await worker.live(1000);
    assert.equal(worker.claims, 4);
    await worker.live(60_000);
    assert.ok(worker.claims >= 4 + 3 && worker.claims <= 4 + 6, `${worker.claims} claims`);
    worker.claims = 0;
    worker.hint();
    await worker.live(1000);
    assert.equal(worker.claims, 1);
  });

  test("slots that wait for work ask at the end of a second, as other workers do, unless they are called", async () => {
    const worker = startWorker();
    await worker.live(100_000);
    const later = worker.askedAt.slice(4);
    assert.ok(later.length >= 4);
    assert.deepEqual(
      later.map((at) => Math.round(at) % 1000),
      later.map(() => 0),
    );
  });

  test("slots that wait for work all ask as soon as the one that asks for them gets work", async () => {
    const worker = startWorker();
    await worker.live(1000);
    worker.claims = 0;
    worker.answer = assigned;
    worker.hint();
    await worker.live(1000);
    assert.equal(worker.claims, 4);
  });

  test("slots that wait for work all end at once when the coordinator tells the worker to leave", async () => {
    for (const before of [0, 1000]) {
      const worker = startWorker();
      if (before === 0) worker.answer = refused;
      await worker.live(before);
      worker.answer = refused;
      worker.hint();
      await worker.live(1000);
      assert.equal(worker.hasEnded, true, `told after ${before} ms`);
      assert.equal(worker.goodbyes, 1, "it says that it leaves");
    }
  });
});

test("a slot that may claim nothing looks again at each change, and leaves no listener behind", async () => {
  const gate = new Gate();
  const listeners = new Set<() => void>();
  const signal = {
    aborted: false,
    ended: new Promise<void>(() => undefined),
    addEventListener: (_type: "abort", listener: () => void) => void listeners.add(listener),
    removeEventListener: (_type: "abort", listener: () => void) => void listeners.delete(listener),
  };
  for (let times = 0; times < 3; times += 1) {
    const changed = changedOrEnded(gate, signal);
    assert.equal(listeners.size, 1);
    gate.limit(times);
    await changed;
    assert.equal(listeners.size, 0);
  }
  const ended = changedOrEnded(gate, signal);
  for (const listener of listeners) listener();
  await ended;
});
