import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { WorkerId } from "../../../../shared/domain/names.ts";
import { chunkCount, newKey } from "../../../../shared/wire/sealed-chunks.ts";
import { leftModel, lentWorker } from "../../../support/lent-worker.ts";

test("a worker whose folder was deleted ends, though nothing can be kept and no broker answers", async () => {
  const done = { hpmax: 1, iters: 1, metrics: {}, titles: {}, console: "", reports: [], lines: "" };
  const { node, live } = lentWorker({ type: "done", ...done }, 1, false);
  const working = node.work().then(() => "ended");
  await live(100);
  node.handBack("the worker got SIGTERM", 10_000);
  await live(60_000);
  assert.equal(await Promise.race([working, Promise.resolve("still there")]), "ended");
});

test("a worker ends in time though its run's checkpoint was not carried and no broker takes its reports", async () => {
  const state = { stage: 1, iters: 1, bytes: new Uint8Array(), problem: "it cannot be read" };
  const { node, live } = lentWorker({ type: "stopped" }, 1, true, state);
  node.resize(1);
  const working = node.work().then(() => "ended");
  await live(5000);
  node.handBack("the worker got SIGTERM", 10_000);
  await live(20_000);
  assert.equal(await Promise.race([working, Promise.resolve("still there")]), "ended");
});

test("a run whose claim is answered while the worker leaves has what is left of the shortened grace", async () => {
  const { node, live, happened, broker } = lentWorker({ type: "stopped" }, 1);
  let answer: () => void = () => undefined;
  broker.answering = new Promise((resolve) => {
    answer = resolve;
  });
  node.resize(1);
  const working = node.work().then(() => "ended");
  await live(100);
  node.handBack("the worker got SIGTERM", 60_000);
  node.handBack("a second signal", 2000);
  await live(500);
  answer();
  await live(5000);
  assert.ok(happened.includes("attempt 1 is given"));
  assert.equal(await Promise.race([working, Promise.resolve("still there")]), "ended");
});

test("a state that its worker holds is carried though the run that left was killed as too slow", async () => {
  const state = { stage: 1, iters: 1, bytes: new Uint8Array(10) };
  const died = { type: "died", reason: "the runner process was killed by SIGKILL", console: "" } as const;
  const { node, live, happened, broker } = lentWorker(died, 1, true, state, { pieceMs: 1000 });
  broker.isAcknowledging = true;
  node.resize(1);
  void node.work();
  await live(2500);
  node.lend({ word: "closed", why: "its hour is over", until: "" });
  await live(5000);
  const stored = happened.filter((each) => each.endsWith("is stored") && !each.startsWith("report"));
  assert.deepEqual(stored, ["0 is stored", "checkpoint is stored", "released is stored"]);
});

test("a worker that cannot read a checkpoint says which one, and so does its runner", async () => {
  const place = { stage: 2, iters: 500, blob: "state-7", attempt: 3 };
  const sum = { key: newKey(), size: 1000, sha256: "0".repeat(64), chunks: 1 };
  const resume = { ...place, ...sum, worker: "w0" as WorkerId };
  const state = { stage: 1, iters: 0, bytes: new Uint8Array(), problem: "it is of version 9", isUnread: true };
  const { node, live, losses, broker } = lentWorker({ type: "stopped" }, 4, true, state, { resume });
  broker.isAcknowledging = true;
  node.resize(1);
  void node.work();
  await live(5000);
  const told = { what: "unread", stage: 2, iters: 500, blob: "", given: { attempt: 3, blob: "state-7" } };
  assert.deepEqual(losses, [
    { ...told, reason: "piece 1 of state-7 of job1 trial 1 is not there" },
    { ...told, reason: "it is of version 9" },
  ]);
});

describe("a machine that cannot write the checkpoint of a run", () => {
  const failed = { type: "failed", reason: "EDQUOT", console: "", reports: [], lines: "", isOfMachine: true } as const;

  test("a slot whose machine cannot write a run's checkpoint hands it back, pauses, and tells its owner once", async () => {
    const { node, live, happened, renewed, news, broker } = lentWorker(failed, 9, true, undefined, { ownEndMs: 100 });
    broker.isAcknowledging = true;
    node.resize(1);
    const working = node.work().then(() => "ended");
    await live(25_000);
    const stored = (): string[] => happened.filter((each) => each.endsWith("is stored"));
    assert.deepEqual(stored(), ["released is stored"], "its checkpoint stays");
    node.lend({ word: "frozen", why: "somebody types", until: "" });
    await live(500);
    assert.deepEqual(renewed, [0], "a coordinator would give it again what it names");
    node.lend({ word: "open", why: "", until: "" });
    await live(50_000);
    assert.equal(stored().length, 3);
    const told = news.filter(({ text }) => text.includes("could not write that run's checkpoint"));
    assert.deepEqual(
      told.map(({ kind }) => kind),
      ["owner"],
    );
    assert.match(told[0]?.text ?? "", /this user may write in here, .*ulimit -f/);
    node.handBack("the worker got SIGTERM");
    await live(2000);
    assert.equal(await Promise.race([working, Promise.resolve("still there")]), "ended");
  });

  test("a machine that cannot write what it fetches of a checkpoint hands the run back, and pauses too", async () => {
    const size = 64 * 1024 ** 2;
    const sum = { key: newKey(), size, sha256: "0".repeat(64), chunks: chunkCount(size) };
    const resume = { stage: 2, iters: 500, blob: "state-7", attempt: 3, ...sum, worker: "w0" as WorkerId };
    const { node, live, happened, losses, broker } = lentWorker(failed, 9, true, undefined, {
      resume,
      isReadOnly: true,
    });
    broker.isAcknowledging = true;
    node.resize(1);
    void node.work();
    await live(29_000);
    assert.deepEqual(happened, ["attempt 4 is given", "released is stored"]);
    assert.deepEqual(losses, []);
  });
});

describe("a finished run whose result is not yet delivered", () => {
  const done = { type: "done", hpmax: 1, iters: 1, metrics: {}, titles: {}, console: "", lines: "" } as const;

  test("a finished run's result is in the spool while its files are uploaded, until it is delivered", async () => {
    const slow = { stateDir: leftModel(), pieceMs: 4000 };
    const { node, live, happened, broker, spool } = lentWorker({ ...done, reports: [] }, 1, true, undefined, slow);
    void node.work();
    await live(100);
    node.lend({ word: "closed", why: "its hour is over", until: "" });
    await live(2000);
    assert.equal(spool.names().length, 1);
    await live(60_000);
    assert.equal(spool.names().length, 1);
    broker.isAcknowledging = true;
    await live(60_000);
    assert.deepEqual(
      happened.filter((each) => each.endsWith("is stored")),
      ["result is stored"],
    );
    assert.equal(spool.names().length, 0);
  });

  test("a failed run's end is in the spool while its files are uploaded, until it is delivered", async () => {
    const slow = { stateDir: leftModel(), pieceMs: 4000, ownEndMs: 100 };
    const failed = { type: "failed", reason: "no memory", console: "", reports: [], lines: "" } as const;
    const { node, live, happened, broker, spool } = lentWorker(failed, 1, true, undefined, slow);
    void node.work();
    await live(2000);
    assert.ok(spool.names().some((name) => name.includes(".failed.")));
    broker.isAcknowledging = true;
    await live(60_000);
    assert.ok(happened.includes("failed is stored"));
    assert.equal(spool.names().length, 0);
  });

  test("a finished run's result whose files are uploaded fast costs the disk nothing", async (t) => {
    const fast = { stateDir: leftModel(), pieceMs: 100, ownEndMs: 100 };
    const { node, live, happened, broker, spool } = lentWorker({ ...done, reports: [] }, 1, true, undefined, fast);
    const { mock } = t.mock.method(spool, "keep");
    broker.isAcknowledging = true;
    void node.work();
    await live(5000);
    assert.deepEqual(
      happened.filter((each) => each.endsWith("is stored")),
      ["0 is stored", "result is stored"],
    );
    assert.equal(mock.callCount(), 0);
  });

  test("a finished run's result is delivered in time by a worker that leaves while large files are uploaded", async () => {
    const slow = { stateDir: leftModel(32 * 1024 ** 2), pieceMs: 2000, ownEndMs: 100 };
    const { node, live, happened, broker, spool } = lentWorker({ ...done, reports: [] }, 1, true, undefined, slow);
    broker.isAcknowledging = true;
    const working = node.work().then(() => "ended");
    await live(5000);
    node.handBack("the worker got SIGTERM", 10_000);
    await live(9500);
    assert.ok(happened.includes("result is stored"));
    assert.equal(spool.names().length, 0);
    await live(2000);
    assert.equal(await Promise.race([working, Promise.resolve("still there")]), "ended");
  });

  test("a finished run's result is spooled though no broker takes the loss of its checkpoint before", async () => {
    const state = { stage: 1, iters: 1, bytes: new Uint8Array(), problem: "it cannot be read" };
    const { node, live, spool } = lentWorker({ ...done, reports: [] }, 1, true, state);
    node.resize(1);
    void node.work();
    await live(2500);
    node.handBack("the worker got SIGTERM", 3_600_000);
    await live(10_000);
    assert.ok(spool.names().some((name) => name.includes(".result.")));
  });

  test("a finished run's result is in the spool while no broker takes the many reports before it", async () => {
    const reports = Array.from({ length: 4100 }, (_, i) => [1, i + 1, 0, [0], [1]] as const);
    const { node, live, happened, broker, spool } = lentWorker({ ...done, reports }, 1);
    void node.work();
    await live(100);
    node.lend({ word: "closed", why: "its hour is over", until: "" });
    await live(1000);
    assert.ok(spool.names().some((name) => name.includes(".result.")));
    await live(60_000);
    assert.equal(spool.names().length, 3);
    broker.isAcknowledging = true;
    await live(60_000);
    assert.deepEqual(happened.filter((each) => each.endsWith("is stored")).sort(), [
      "report is stored",
      "report is stored",
      "result is stored",
    ]);
    assert.equal(spool.names().length, 0);
  });
});

describe("a run that has to leave while no broker acknowledges", () => {
  test("a run that leaves while no broker acknowledges is over before its trial begins again here", async () => {
    const { node, live, happened, broker } = lentWorker({ type: "stopped" }, 2);
    node.resize(1);
    void node.work();
    await live(100);
    node.resize(2);
    node.lend({ word: "closed", why: "its hour is over", until: "" });
    await live(100);
    node.lend({ word: "open", why: "", until: "" });
    await live(5000);
    const left = ["here/states is removed", "here/runs is removed"];
    assert.deepEqual(happened, [...left, "attempt 1 is given", "a run begins", "attempt 2 is given"]);
    broker.isAcknowledging = true;
    await live(10_000);
    assert.deepEqual(happened.slice(5), [
      "released is stored",
      "here/states/job1/run1.1 is removed",
      "here/runs/job1/run1.1 is removed",
      "a run begins",
    ]);
  });

  test("a run done while it leaves has its result delivered by this process, however long that takes", async () => {
    const done = { hpmax: 1, iters: 1, metrics: {}, titles: {}, console: "", reports: [], lines: "" };
    const { node, live, happened, broker, spool } = lentWorker({ type: "done", ...done }, 1);
    void node.work();
    await live(100);
    node.lend({ word: "closed", why: "its hour is over", until: "" });
    await live(60_000);
    assert.equal(spool.names().length, 1);
    const gone = ["here/states/job1/run1.1 is removed", "here/runs/job1/run1.1 is removed"];
    assert.deepEqual(happened.slice(-2), gone, "the folders do not wait for that");
    broker.isAcknowledging = true;
    await live(60_000);
    assert.ok(happened.includes("result is stored"));
    assert.equal(spool.names().length, 0);
  });
});

test("a run that took too long is held until its end is delivered, however long its files take", async () => {
  const slow = { stateDir: leftModel(), pieceMs: 60_000, maxRunSeconds: 5 };
  const { node, live, happened, renewed, broker } = lentWorker({ type: "stopped" }, 1, true, undefined, slow);
  broker.isAcknowledging = true;
  void node.work();
  await live(8000);
  renewed.length = 0;
  await live(50_000);
  assert.ok(renewed.length >= 4, `${renewed.length} renewals`);
  assert.deepEqual([...new Set(renewed)], [1]);
  await live(20_000);
  assert.deepEqual(
    happened.filter((each) => each.endsWith("is stored")),
    ["0 is stored", "failed is stored"],
  );
  renewed.length = 0;
  await live(30_000);
  assert.deepEqual(renewed, []);
});
