import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { Upkeep } from "../../../../../coordinator/leader/upkeep.ts";
import { judgeEvidence } from "../../../../../coordinator/leader/workers/evidence.ts";
import { answerRenewal } from "../../../../../coordinator/leader/workers/renewals.ts";
import { answerClaim } from "../../../../../coordinator/leader/workers/search-loop.ts";
import { isOpen } from "../../../../../shared/domain/fold/trial.ts";
import { apply, emptyWorkspace, type WorkspaceState } from "../../../../../shared/domain/fold/workspace-state.ts";
import type { JobName, WorkerId } from "../../../../../shared/domain/names.ts";
import { decodeEvents, encodeEvents } from "../../../../../shared/wire/messages.ts";
import { claim, leaseMs, plain, TestReign } from "../../../../support/stories/reign.ts";

const alice = "alice" as WorkerId;
const bob = "bob" as WorkerId;

/** The journal, as it would lie in the broker, folded anew. */
function replay(events: TestReign["events"]): WorkspaceState {
  return decodeEvents(encodeEvents(events)).reduce((state, event) => apply(state, event), emptyWorkspace());
}

/** What the wire may bring, in any order. */
type Step =
  | { readonly do: "claim"; readonly worker: number; readonly boot: number; readonly repeat: boolean }
  | { readonly do: "renew"; readonly worker: number; readonly boot: number }
  | {
      readonly do: "say";
      readonly kind: "result" | "failed" | "released";
      readonly worker: number;
      readonly n: number;
      readonly attempt: number;
      readonly hpmax: number;
    }
  | { readonly do: "wait"; readonly ms: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("claim" as const),
      worker: fc.nat(2),
      boot: fc.nat(1),
      repeat: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("renew" as const), worker: fc.nat(2), boot: fc.nat(1) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("say" as const),
      kind: fc.constantFrom("result" as const, "result" as const, "failed" as const, "released" as const),
      worker: fc.nat(2),
      n: fc.integer({ min: 1, max: 8 }),
      attempt: fc.integer({ min: 1, max: 3 }),
      hpmax: fc.oneof(fc.double({ min: -5, max: 5, noNaN: true }), fc.constant(Number.NaN)),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.integer({ min: 10, max: leaseMs }) }) },
);

const workers = [alice, bob, "carol" as WorkerId];

async function play(test_: TestReign, job: JobName, steps: readonly Step[]): Promise<void> {
  const upkeep = new Upkeep(test_.reign);
  let claims = 0;
  for (const each of steps) {
    const table = test_.reign.state.jobs.get(job);
    if (each.do === "claim") {
      if (!each.repeat) claims += 1;
      await answerClaim(
        test_.reign,
        workers[each.worker] ?? alice,
        claim(`${each.worker}-${claims}`, `boot${each.boot}`),
      );
    } else if (each.do === "renew") {
      const held = [...(table?.trials ?? [])]
        .filter(isOpen)
        .map(({ n, attempts }) => ({ job, n, attempt: attempts.length, iters: 1 }));
      await answerRenewal(test_.reign, workers[each.worker] ?? alice, {
        kind: "renew",
        bootId: `boot${each.boot}`,
        held,
      });
    } else if (each.do === "say") {
      judgeEvidence(
        test_.reign,
        test_.message(workers[each.worker] ?? alice, job, each.n, each.kind, each.attempt, each.hpmax),
      );
    } else {
      test_.now += each.ms;
    }
    upkeep.tick();
  }
}

describe("any order of what the wire may bring", () => {
  test("any messages replay to the same state, keep to total_runs, and end each trial at most once", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const test_ = new TestReign();
        const job = test_.submit({ totalRuns: 8, retries: 1 });
        await play(test_, job, steps);
        assert.deepEqual(plain(replay(test_.events)), plain(test_.reign.state));
        const table = test_.reign.state.jobs.get(job);
        assert.ok(table && table.ended + table.open <= 8);
        const ends = test_.events
          .filter(({ type }) => type === "completed" || type === "ended")
          .map((event) => "n" in event && event.n);
        assert.equal(new Set(ends).size, ends.length);
        assert.equal(table.runSets.totals.inFlight, table.open);
        assert.equal(table.runSets.totals.ended, table.ended);
      }),
      { numRuns: 300 },
    );
  });

  test("after any messages, a leader that takes over keeps to total_runs and replays to the same state", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.array(step, { maxLength: 40 }), async (before, after) => {
        const first = new TestReign();
        const job = first.submit({ totalRuns: 8 });
        await play(first, job, before);
        const next = new TestReign(replay(first.events));
        await play(next, job, after);
        const all = [...first.events, ...next.events];
        assert.deepEqual(plain(replay(all)), plain(next.reign.state));
        const table = next.reign.state.jobs.get(job);
        assert.ok(table && table.ended + table.open <= 8);
      }),
      { numRuns: 150 },
    );
  });
});
