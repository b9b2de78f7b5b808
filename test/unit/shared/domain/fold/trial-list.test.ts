import assert from "node:assert/strict";
import { test } from "node:test";
import { Feasibility } from "../../../../../shared/domain/fold/feasibility.ts";
import { newAttempt, newTrial, type Trial } from "../../../../../shared/domain/fold/trial.ts";
import { TrialList } from "../../../../../shared/domain/fold/trial-list.ts";
import { childRunName, type RunName, type WorkerId } from "../../../../../shared/domain/names.ts";
import { ConfigurationRegister } from "../../../../../shared/domain/run-sets/configuration-register.ts";

function running(n: number, more: Partial<Trial> = {}): Trial {
  const attempt = newAttempt({
    attempt: 1,
    worker: "one" as WorkerId,
    bootId: "boot",
    claimId: "",
    at: 1000 + n,
  });
  return { ...newTrial(n, childRunName(1, n), [n % 2, 3], 7 * n, [attempt]), ...more };
}

function listOf(trials: readonly Trial[]): TrialList {
  const register = new ConfigurationRegister();
  const list = new TrialList(register, new Feasibility([]));
  for (const trial of trials) list.add(trial, register.add(trial.configuration));
  return list;
}

function complete(list: TrialList, n: number): Trial {
  const trial = list.forFold(n);
  assert.ok(trial);
  Object.assign(trial, { status: "completed", hpmax: n / 10, iters: 50, metrics: [n, Number.NaN, 2], endedAt: 2000 });
  const said = structuredClone(trial);
  list.completed(trial);
  return said;
}

test("a trial that completed unseen comes back unchanged, as one object for all readers", () => {
  const list = listOf(Array.from({ length: 40 }, (_, i) => running(i + 1)));
  const said = Array.from({ length: 40 }, (_, i) => complete(list, 40 - i)).reverse();
  assert.deepEqual([list.hpmaxOf(3), list.runOf(3), list.runSetOf(3)], [0.3, "run1.3", 0]);
  assert.deepEqual([...list], said);
  assert.equal(list.trial(3), list.trial(3));
  assert.deepEqual([...list.open()], []);
  assert.equal(list.trial(0), undefined);
  assert.equal(list.trial(41), undefined);
});

test("a trial that was handed out keeps its identity when it ends", () => {
  const list = listOf([running(1), running(2), running(3)]);
  const held = list.trial(1);
  const [, alsoHeld] = [...list.open()];
  complete(list, 1);
  complete(list, 2);
  assert.equal(list.trial(1), held);
  assert.equal(held?.status, "completed");
  assert.equal(list.trial(2), alsoHeld);
  assert.deepEqual(
    [...list.open()].map(({ n }) => n),
    [3],
  );
});

test("a trial that the columns cannot hold is kept as an object", () => {
  const moved = running(1);
  moved.attempts.push(newAttempt({ attempt: 2, worker: "two" as WorkerId, bootId: "boot", claimId: "", at: 1500 }));
  const others = [moved, running(2, { late: 1 }), running(3, { run: "run1.99999999999" as RunName }), running(4)];
  const list = listOf(others);
  const said = others.map(({ n }) => complete(list, n));
  const saved = list.save();
  assert.deepEqual([saved.columns.size, saved.others.map(({ n }) => n)], [1, [1, 2, 3]]);
  const restored = listOf(others);
  restored.restore(saved);
  assert.deepEqual([...restored], said);
  restored.add(running(5), 0);
  assert.equal(restored.length, 5);
  const fifth = complete(restored, 5);
  assert.deepEqual(restored.trial(5), fifth);
});
