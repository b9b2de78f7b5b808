import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { pruneRun } from "../../../../../coordinator/leader/pruning/pruning.ts";
import { takeSnapshot } from "../../../../../shared/domain/fold/snapshot.ts";
import type { WorkspaceState } from "../../../../../shared/domain/fold/workspace-state.ts";
import { decodeSnapshot, encodeSnapshot } from "../../../../../shared/wire/snapshots.ts";
import { alice, bob, Story } from "../../../../support/stories/control-story.ts";
import { plain } from "../../../../support/stories/reign.ts";

/** Either all open runs end like this, or an order changes which results count. */
type Step =
  | { readonly do: "complete" | "prune" | "fail"; readonly value: number }
  | { readonly do: "reject" | "accept"; readonly trials: number[] };

const value = fc.integer({ min: -9, max: 9 });
const trials = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 6 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("complete" as const), value }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("prune" as const), value }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("fail" as const), value }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("reject" as const, "accept" as const), trials }) },
);

/** Also what is learned from the evidence, and what the search knows of each run set. */
const known = (state: WorkspaceState): unknown => ({
  ...(plain(state) as object), // a record of the state's fields
  learned: [...state.jobs.values()].map(({ model, failingRow, predictions }) => [
    ...[model.learned, [...failingRow], predictions],
    ...(model.now?.ranked.map(({ runSet, hpmax }) => [runSet.number, hpmax]) ?? []),
  ]),
});

test("whatever ends runs had, and whichever were rejected, a snapshot says what the records say", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const story = new Story({ totalRuns: 90, require: ["val <= 5"], maxFailuresInARow: null });
      const { reign } = story.test;
      for (const each of steps) {
        if ("trials" in each) {
          await story.order({ kind: each.do, job: story.job, trials: each.trials, worker: null, reason: "" });
          continue;
        }
        for (const worker of [alice, bob]) {
          const n = await story.claim(worker);
          const trial = typeof n === "number" ? story.table.trial(n) : undefined;
          if (!trial) continue;
          if (each.do === "prune") {
            const predicted = { hpmax: each.value / 2, weight: 0.25 };
            pruneRun(reign, story.table, trial, { reason: "hopeless", iters: 3, predicted });
          } else if (each.do === "fail") story.say(worker, trial.n, "failed");
          else story.say(worker, trial.n, "result", each.value + trial.n / 64);
        }
      }
      story.check();
      assert.deepEqual(known(decodeSnapshot(encodeSnapshot(takeSnapshot(reign.state)))), known(reign.state));
      const { table } = story;
      const { completed, infeasible, ended } = table.runSets.totals;
      const statuses = [...table.trials].map(({ status }) => status);
      const count = (status: string): number => statuses.filter((found) => found === status).length;
      assert.deepEqual([completed, infeasible], [count("completed"), count("infeasible")]);
      assert.equal(table.outcomes.completed, completed + infeasible);
      assert.equal(ended, table.ended - table.rejected.size);
      const prunedAndPredicted = [...table.runSets].reduce((sum, { predictedWeight }) => sum + 4 * predictedWeight, 0);
      assert.equal(prunedAndPredicted, count("pruned"));
    }),
    { numRuns: 40 },
  );
});
