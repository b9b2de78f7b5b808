import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { jobName, type RunName, type WorkerId } from "../../../../../shared/domain/names.ts";
import { WatchedWorker } from "../../../../support/stories/watched-worker.ts";

describe("the row of a worker", () => {
  test("a killed worker is shown as lost as soon as its lease is, and as back when it is heard again", () => {
    const watched = new WatchedWorker();
    watched.pass(3, true);
    assert.equal(watched.row, "idle 3");
    watched.assign(1);
    watched.pass(10, true);
    assert.equal(watched.row, "busy 10");
    watched.pass(30, false);
    assert.equal(watched.row, "busy 40");
    watched.lose(1, { outcome: "lost", reason: "no sign of life from lab-1 for 30 s", ev: 0 });
    for (const seconds of [1, 25, 60]) {
      watched.pass(seconds, false);
      assert.match(watched.row, /^lost /);
    }
    assert.equal(watched.row, "lost 86");
    watched.pass(1, true);
    watched.pass(4, false);
    assert.equal(watched.row, "idle 4");
    assert.deepEqual(watched.events, [
      "worker lab-1 joined from lab",
      "worker lab-1 is lost: no sign of life from lab-1 for 30 s",
      "worker lab-1 is back",
    ]);
  });

  test("a worker whose runner died is shown as still there, though its run was lost", () => {
    const watched = new WatchedWorker();
    watched.assign(1);
    watched.pass(10, true);
    watched.lose(1, { outcome: "lost", reason: "the runner process died", ev: 7 });
    watched.pass(20, false);
    assert.equal(watched.row, "idle 20");
    assert.equal(watched.events.length, 1);
  });

  test("a worker whose owner stops it is shown so, and as away when nothing more is heard", () => {
    const watched = new WatchedWorker();
    watched.assign(1);
    watched.pass(10, true);
    watched.lose(1, { outcome: "reclaimed", reason: "its owner stopped the worker", ev: 7 });
    watched.pass(5, false);
    assert.equal(watched.row, "owner active 5");
    watched.pass(60, false);
    assert.match(watched.row, /^away 6\d/);
    assert.equal(watched.events.at(-1), "worker lab-1 is away: its owner stopped the worker");
  });

  test("a worker that ends in good order has left at once, and is back when it starts again", () => {
    const watched = new WatchedWorker();
    watched.pass(3, true);
    assert.equal(watched.row, "idle 3");
    watched.pass(1, true, true);
    assert.equal(watched.row, "left 0");
    watched.pass(50, false, true);
    assert.equal(watched.row, "left 50", "it stays so: silence means nothing more");
    watched.pass(1, true);
    assert.match(watched.row, /^idle /);
    assert.deepEqual(watched.events.slice(1), [
      "worker lab-1 has left: its process has ended in good order",
      "worker lab-1 is back",
    ]);
    assert.ok(watched.search.events.lines.every(({ level }) => level === "info"));
  });

  test("a worker stopped by its owner with runs in hand is shown as left, with who stopped it", () => {
    const watched = new WatchedWorker();
    watched.assign(1);
    watched.pass(10, true);
    watched.lose(1, { outcome: "reclaimed", reason: "its owner stopped the worker", ev: 7 });
    watched.pass(1, true, true);
    assert.equal(watched.row, "left 0");
    assert.equal(watched.search.workers()[0]?.why, "its owner stopped the worker");
  });

  test("a worker's pace is by its last runs, and falls while nothing ends", () => {
    const watched = new WatchedWorker();
    const { notes } = watched.search;
    const worker = "lab-1" as WorkerId;
    assert.equal(notes.paceOf(worker, watched.now), undefined);
    const done = { hpmax: 1, iters: 1, metrics: {}, ev: 1, attempt: 1, job: jobName(1), worker } as const;
    for (let i = 0; i < 40; i += 1) notes.event({ type: "completed", ...done, n: i, at: watched.now + 20_000 * i }, 0);
    const last = watched.now + 20_000 * 39;
    assert.equal(notes.paceOf(worker, last), 3);
    assert.equal(notes.paceOf(worker, last + 29 * 20_000), 1.5);
    assert.equal(notes.paceOf(worker, last + 2 * 86_400_000), undefined);
  });

  test("a worker counts as busy since its first run, from one run to the next", () => {
    const watched = new WatchedWorker();
    watched.assign(1);
    watched.pass(20, true);
    const whose = { job: jobName(1), worker: "lab-1" as WorkerId, attempt: 1 };
    const done = { hpmax: 1, iters: 1, metrics: {}, ev: 1 } as const;
    watched.tell({ type: "completed", ...whose, n: 1, at: watched.now, ...done });
    watched.now += 200;
    const next = { n: 2, run: "run1.2" as RunName, configuration: [], claimId: "c", bootId: "b", seed: 1, why: "" };
    watched.tell({ type: "assigned", ...whose, at: watched.now, ...next });
    watched.pass(10, true);
    assert.equal(watched.row, "busy 30");
  });
});
