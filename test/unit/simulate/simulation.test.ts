import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { commandFor, faultKinds, type SimulationOptions } from "../../simulate/options.ts";
import { simulate } from "../../simulate/simulation.ts";

/** A small swarm with a hard life: something breaks every few seconds. */
const hardLife: Omit<SimulationOptions, "seed"> = {
  workers: 8,
  slots: 2,
  trials: 60,
  faults: new Set(faultKinds),
  workerFaultMs: 60_000,
  coordinatorFaultMs: 25_000,
  brokerFaultMs: 40_000,
  orderMs: 10_000,
  leaseMs: 6000,
  trainingMs: 8000,
  reports: 4,
  search: "dgd",
};
/** Enough to show each kind of fault ten times. For more: npm run simulate. */
const seeds = 30;

describe("a simulated swarm", () => {
  test(`a simulated swarm keeps every promise over ${seeds} seeds, whatever dies, freezes, lies or is cut off`, async () => {
    const seen = new Map<string, number>();
    let taken = 0;
    for (let seed = 1; seed <= seeds; seed += 1) {
      const options = { ...hardLife, seed };
      const { violations, faults, records, terms } = await simulate(options);
      assert.deepEqual(violations, [], `to repeat: ${commandFor(options)}`);
      for (const [what, count] of faults) seen.set(what, (seen.get(what) ?? 0) + count);
      taken += terms;
      assert.ok((records.get("completed") ?? 0) > 0.6 * hardLife.trials);
    }
    // Every kind of fault must have happened.
    const kinds = ["lost", "returned", "frozen", "flapping", "cut", "broken"].map((kind) => `worker ${kind}`);
    kinds.push("coordinator killed", "coordinator frozen", "coordinator cut", "coordinator clocks");
    kinds.push("broker killed", "broker frozen", "order pause job", "order stop run", "order cancel run");
    kinds.push("order stop worker", "order bench worker", "order more runs", "order fewer runs");
    for (const kind of kinds) assert.ok((seen.get(kind) ?? 0) >= 10, `${kind}: ${seen.get(kind)}`);
    assert.ok(taken > 2 * seeds, `${taken} reigns`);
  });

  test("a simulated swarm of one seed lives the same life, byte for byte, and another seed another one", async () => {
    const [first, again, other] = [
      await simulate({ ...hardLife, seed: 4 }),
      await simulate({ ...hardLife, seed: 4 }),
      await simulate({ ...hardLife, seed: 5 }),
    ];
    assert.equal(again.digest, first.digest);
    assert.equal(again.happenings, first.happenings);
    assert.notEqual(other.digest, first.digest);
  });

  test("a simulated swarm with no faults loses nothing, and hardly any time", async () => {
    const { records, violations, utilisation, wasted } = await simulate({
      ...hardLife,
      trials: 400,
      faults: new Set(),
      seed: 1,
    });
    assert.deepEqual(violations, []);
    assert.equal((records.get("completed") ?? 0) + (records.get("failed") ?? 0), 400);
    assert.ok(utilisation > 0.9, `${utilisation} of the slots' time was training`);
    assert.ok(wasted < 0.05, `${wasted} of the work did not count`);
  });

  test("a job pauses at every 5 failures while nothing completes, whoever leads, and ends if always resumed", async () => {
    const { records, violations } = await simulate({
      ...hardLife,
      faults: new Set(["coordinator", "broker", "lossy", "lost"]),
      fails: 1,
      trials: 90,
      seed: 3,
    });
    assert.deepEqual(violations, []);
    assert.equal(records.get("failed"), 90);
    // A pause comes at 5, 10, 15, ... failures, or later by the runs that ended meanwhile, which count towards the next
    // pause.
    const pauses = records.get("paused by itself") ?? 0;
    assert.ok(pauses >= 4 && pauses <= 17, `${pauses} pauses`);
  });

  test("a job prunes each run once, whoever leads and whatever is lost, and runs on with what is left", async () => {
    let pruned = 0;
    for (const pruning of ["median", "asha", "model"]) {
      for (let seed = 1; seed <= 4; seed += 1) {
        const options = { ...hardLife, search: "random", pruning, reports: 10, seed };
        const { violations, records } = await simulate(options);
        assert.deepEqual(violations, [], `to repeat: ${commandFor(options)}`);
        pruned += records.get("pruned") ?? 0;
      }
    }
    assert.ok(pruned > 60, `${pruned} runs were pruned`);
  });

  test("the simulator would notice a broker that stores what a deposed leader sends", async () => {
    let noticed = 0;
    for (let seed = 1; seed <= 12 && noticed === 0; seed += 1) {
      const { violations } = await simulate({
        ...hardLife,
        faults: new Set(["coordinator", "lossy"]),
        coordinatorFaultMs: 6000,
        seed,
        isUnfenced: true,
      });
      noticed += violations.length;
    }
    assert.ok(noticed > 0, "an unfenced journal went unnoticed");
  });
});
