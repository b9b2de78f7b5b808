import assert from "node:assert/strict";
import { test } from "node:test";
import type { JobName, WorkerId } from "../../../../shared/domain/names.ts";
import { type Bus, BusError } from "../../../../shared/ports.ts";
import { Ending } from "../../../../shared/time/ending.ts";
import { type Ask, encodeAnswer } from "../../../../shared/wire/messages.ts";
import { CoordinatorLink } from "../../../../worker/node/coordinator-link.ts";
import { SimProcess } from "../../../simulate/sim-process.ts";
import { silentLog } from "../../../simulate/simulation.ts";
import { Timeline } from "../../../simulate/timeline.ts";

/** Nobody answers a worker's questions for half a minute. Returns when it made new connections, in milliseconds. */
async function newConnections(broker: { readonly answers: boolean; readonly isConnected: boolean }): Promise<number[]> {
  const timeline = new Timeline();
  const { clock, chance } = new SimProcess(timeline, "worker", "seed");
  const made: number[] = [];
  const bus: Partial<Bus> = {
    request: async (subject, _data, timeoutMs) => {
      await clock.pause(timeoutMs);
      throw new BusError("no answer in time", subject);
    },
    flush: () => (broker.answers ? Promise.resolve() : new Promise(() => undefined)),
    isConnected: () => broker.isConnected && made.length === 0,
    reconnect: () => void made.push(Math.round(clock.monotonic() - startedAt)),
  };
  const startedAt = clock.monotonic();
  const link = new CoordinatorLink(
    { bus: bus as Bus, clock, chance, log: silentLog },
    "w1" as WorkerId,
    () => undefined,
  );
  const over = new Ending();
  void link.ask({ kind: "job", job: "job1" as JobName }, ["job"], over);
  void link.ask({ kind: "job", job: "job2" as JobName }, ["job"], over);
  const end = timeline.now + 30_000;
  timeline.plan(null, end, () => over.abort());
  await timeline.run(() => timeline.now >= end);
  return made;
}

/** What a worker says of its coordinator, of whose requests the first ones fail at once, or after some time. */
async function saidOf(
  failures: readonly number[],
  question: Ask = { kind: "renew", bootId: "boot", sentAt: 0, held: [] },
): Promise<boolean[]> {
  const timeline = new Timeline();
  const { clock, chance } = new SimProcess(timeline, "worker", "seed");
  const left = [...failures];
  const bus: Partial<Bus> = {
    request: async (subject) => {
      const ms = left.shift();
      if (ms === undefined) return encodeAnswer({ kind: "wait", term: 1, reason: "", retryMs: 1 });
      await clock.pause(ms);
      throw new BusError("nobody answered", subject);
    },
  };
  const said: boolean[] = [];
  const link = new CoordinatorLink(
    { bus: bus as Bus, clock, chance, log: silentLog },
    "w1" as WorkerId,
    (isSilent) => void said.push(isSilent),
  );
  let isOver = false;
  void link.ask(question, ["wait"], new Ending()).then(() => {
    isOver = true;
  });
  await timeline.run(() => isOver);
  return said;
}

test("a coordinator answers again only if its silence was told", async () => {
  assert.deepEqual(await saidOf([]), []);
  assert.deepEqual(await saidOf([0]), [], "a question alone went unanswered");
  assert.deepEqual(await saidOf([4000, 4000, 4000]), [true, false]);
});

test("a coordinator that says nothing of a job, which it may never have known, is not told to be silent", async () => {
  assert.deepEqual(await saidOf([4000, 4000, 4000], { kind: "job", job: "job1" as JobName }), []);
});

test("a broker that answers a worker nothing, not even a ping, is reached anew within ten seconds", async () => {
  assert.deepEqual(await newConnections({ answers: false, isConnected: true }), [8000], "one for both questions");
});

test("a leader that stands still costs a worker no connection", async () => {
  assert.deepEqual(await newConnections({ answers: true, isConnected: true }), []);
});

test("a worker's connection that is known to be lost is not given up again", async () => {
  assert.deepEqual(await newConnections({ answers: false, isConnected: false }), []);
});
