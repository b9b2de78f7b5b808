import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { carryOut } from "../../../../../coordinator/leader/orders/orders.ts";
import { Upkeep } from "../../../../../coordinator/leader/upkeep.ts";
import { judgeEvidence } from "../../../../../coordinator/leader/workers/evidence.ts";
import { answerRenewal } from "../../../../../coordinator/leader/workers/renewals.ts";
import { answerClaim } from "../../../../../coordinator/leader/workers/search-loop.ts";
import type { JournalEvent } from "../../../../../shared/domain/fold/events.ts";
import { takeSnapshot } from "../../../../../shared/domain/fold/snapshot.ts";
import { isOpen } from "../../../../../shared/domain/fold/trial.ts";
import { apply, emptyWorkspace, type WorkspaceState } from "../../../../../shared/domain/fold/workspace-state.ts";
import type { JobName, WorkerId } from "../../../../../shared/domain/names.ts";
import { type ControlVerb, decodeEvents, encodeEvents, type Order } from "../../../../../shared/wire/messages.ts";
import { decodeSnapshot, encodeSnapshot } from "../../../../../shared/wire/snapshots.ts";
import { claim, leaseMs, plain, TestReign } from "../../../../support/stories/reign.ts";

const workers = ["alice", "bob", "carol"] as WorkerId[];
const nth = <T>(list: readonly T[], i: number): T => {
  const found = list[i];
  assert.ok(found !== undefined);
  return found;
};

/** What people and the wire may do, in any order. */
type Step =
  | { readonly do: "claim"; readonly worker: number; readonly boot: number; readonly repeat: boolean }
  | { readonly do: "renew"; readonly worker: number; readonly boot: number }
  | {
      readonly do: "say";
      readonly kind: "result" | "failed" | "released" | "died";
      /** About an open trial, by its newest holder; otherwise anybody about anything. */
      readonly isTrue: boolean;
      readonly worker: number;
      readonly n: number;
      readonly attempt: number;
      readonly hpmax: number;
    }
  | { readonly do: "wait"; readonly ms: number }
  | { readonly do: "job" | "run" | "worker"; readonly verb: ControlVerb; readonly which: number }
  | { readonly do: "judge"; readonly kind: "bench" | "admit"; readonly worker: number }
  | { readonly do: "results"; readonly kind: "reject" | "accept"; readonly worker: number | null; readonly n: number }
  | {
      readonly do: "edit";
      readonly what: "totalRuns" | "computeNodes" | "deadline" | "a" | "b";
      readonly to: number;
    };

const worker = fc.nat(2);
/** Mostly the first process, since one that was replaced is refused from then on. */
const boot = fc.integer({ min: -20, max: 1 }).map((drawn) => Math.max(drawn, 0));
/** Mostly verbs after which the job goes on. */
const verb = fc.constantFrom<ControlVerb>("pause", "resume", "resume", "resume", "drain", "stop", "cancel");
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({ do: fc.constant("claim" as const), worker, boot, repeat: fc.boolean() }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("renew" as const), worker, boot }) },
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant("say" as const),
      kind: fc.constantFrom<"result" | "failed" | "released" | "died">(
        "result",
        "failed",
        "failed",
        "released",
        "died",
      ),
      isTrue: fc.nat(9).map((drawn) => drawn > 0),
      worker,
      n: fc.integer({ min: 1, max: 10 }),
      attempt: fc.integer({ min: 1, max: 3 }),
      hpmax: fc.oneof(fc.double({ min: -5, max: 5, noNaN: true }), fc.constant(Number.NaN)),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.integer({ min: 10, max: leaseMs }) }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constantFrom<"run" | "worker">("run", "run", "worker"), verb, which: fc.nat(9) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("job" as const), verb, which: fc.nat(9) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("judge" as const),
      kind: fc.constantFrom<"bench" | "admit">("bench", "admit", "admit", "admit"),
      worker,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("results" as const),
      kind: fc.constantFrom<"reject" | "accept">("reject", "accept"),
      worker: fc.option(worker),
      n: fc.integer({ min: 1, max: 8 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("edit" as const),
      what: fc.constantFrom<"totalRuns" | "computeNodes" | "deadline" | "a" | "b">(
        "totalRuns",
        "totalRuns",
        "computeNodes",
        "deadline",
        "a",
        "b",
      ),
      to: fc.integer({ min: 1, max: 12 }),
    }),
  },
);

function orderOf(each: Step, job: JobName, op: string, now: number, open: readonly number[]): Order | undefined {
  switch (each.do) {
    case "job":
      return { kind: "control", op, verb: each.verb, target: { kind: "job", job } };
    case "run": {
      // An open trial, if there is one, and one that may be in any state.
      const trials = [...open.slice(each.which % Math.max(open.length, 1)).slice(0, 1), each.which + 1];
      return { kind: "control", op, verb: each.verb, target: { kind: "runs", job, trials } };
    }
    case "worker":
      return {
        kind: "control",
        op,
        verb: each.verb,
        target: { kind: "worker", worker: nth(workers, each.which % 3) },
      };
    case "judge":
      return { kind: each.kind, op, worker: nth(workers, each.worker) };
    case "results": {
      const { kind, n } = each;
      const of = each.worker === null ? null : nth(workers, each.worker);
      return { kind, op, job, trials: of === null ? [n, n + 1] : [], worker: of, reason: "" };
    }
    case "edit": {
      const changes = {
        totalRuns: { totalRuns: 2 * each.to },
        computeNodes: { computeNodes: each.to > 6 ? null : each.to },
        deadline: { deadline: each.to > 8 ? null : now + each.to * leaseMs },
        a: { addValues: { a: [each.to / 2] } },
        b: { addValues: { b: [`v${each.to}`] } },
      }[each.what];
      return { kind: "edit", op, job, changes };
    }
    case "claim":
    case "renew":
    case "say":
    case "wait":
      return undefined;
    default: {
      const never: never = each;
      return never;
    }
  }
}

/** Plays the steps, with `check` after each. */
async function play(test_: TestReign, job: JobName, steps: readonly Step[], check: () => void): Promise<void> {
  const upkeep = new Upkeep(test_.reign);
  let count = 0;
  for (const each of steps) {
    const table = test_.reign.state.jobs.get(job);
    const open = [...(table?.trials ?? [])].filter(isOpen);
    const numbers = open.map(({ n }) => n);
    const order = orderOf(each, job, `o${test_.reign.term}-${count}`, test_.now, numbers);
    if (order) {
      count += 1;
      await carryOut(test_.reign, "andreas", order, () => 1);
    } else if (each.do === "claim") {
      if (!each.repeat) count += 1;
      await answerClaim(
        test_.reign,
        nth(workers, each.worker),
        claim(`${each.worker}-${test_.reign.term}-${count}`, `boot${each.boot}`),
      );
    } else if (each.do === "renew") {
      const held = open.map(({ n, attempts }) => ({ job, n, attempt: attempts.length, iters: 1 }));
      await answerRenewal(test_.reign, nth(workers, each.worker), { kind: "renew", bootId: `boot${each.boot}`, held });
    } else if (each.do === "say") {
      const trial = each.isTrue ? open[each.n % Math.max(open.length, 1)] : undefined;
      const last = trial?.attempts.at(-1);
      const speaker = last?.worker ?? nth(workers, each.worker);
      const message = test_.message(
        speaker,
        job,
        trial?.n ?? each.n,
        each.kind,
        last?.attempt ?? each.attempt,
        each.hpmax,
      );
      judgeEvidence(test_.reign, message);
    } else if (each.do === "wait") {
      test_.now += each.ms;
    }
    upkeep.tick();
    check();
  }
}

/** What must hold of the journal so far, whatever was done. */
class Invariants {
  #read = 0;
  #total = 8;
  #begun = 0;
  readonly #ended = new Set<number>();

  check(events: readonly JournalEvent[], state: WorkspaceState, job: JobName): void {
    const table = state.jobs.get(job);
    assert.ok(table);
    for (; this.#read < events.length; this.#read += 1) {
      const event = nth(events, this.#read);
      if (event.type === "job-edited") this.#total = event.settings.totalRuns;
      else if (event.type === "completed" || event.type === "ended") {
        assert.ok(!this.#ended.has(event.n), `trial ${event.n} ended twice`);
        this.#ended.add(event.n);
        if (event.type === "ended" && event.outcome === "cancelled") this.#begun -= 1;
      } else if (event.type === "reopened") {
        assert.ok(this.#ended.delete(event.n), `trial ${event.n} was reopened, but had not ended`);
      } else if (event.type === "assigned" && event.attempt === 1) {
        this.#begun += 1;
        assert.ok(this.#begun <= this.#total, `trial ${event.n} is one more than total_runs, ${this.#total}`);
      }
    }
    assert.equal(table.ended + table.open, this.#begun);
    assert.equal(table.runSets.totals.inFlight, table.open);
    assert.equal(table.runSets.totals.ended, table.ended - table.rejected.size);
    assert.equal(table.runSets.totals.completed, table.completions.length);
    assert.equal(table.outcomes.completed, table.completions.length);
    const open = [...table.trials].filter(isOpen);
    assert.equal(table.open, open.length);
    assert.equal(table.waiting.size, open.filter(({ status }) => status === "waiting").length);
    assert.deepEqual(
      [...table.paused].sort(),
      open
        .filter(({ order }) => order === "paused")
        .map(({ n }) => n)
        .sort(),
    );
    assert.equal(table.condemned.size, 0, "an order to end a run was not carried out at once");
    if (table.isOver) assert.equal(table.open, 0);
    if (table.state === "completed" && table.stateActor === "coordinator") {
      const wasStopped = events.some((event) => event.type === "job-state" && event.state === "stopping");
      if (!wasStopped) assert.ok(table.ended >= this.#total);
    }
    for (const [id, record] of state.workers) {
      if (record.state === "benched") assert.equal(table.holding.get(id) ?? 0, 0, `${id} is benched and holds runs`);
    }
  }
}

/** A snapshot as it comes back from where it is kept. */
const kept = (state: WorkspaceState): WorkspaceState => decodeSnapshot(encodeSnapshot(takeSnapshot(state)));

const replay = (events: readonly JournalEvent[]): WorkspaceState =>
  decodeEvents(encodeEvents(events)).reduce((state, event) => apply(state, event), emptyWorkspace());

/** Kinds of records that the plays led to: a generator that never leads to one proves nothing about it. */
const seen = new Map<string, number>();
function count(events: readonly JournalEvent[]): void {
  for (const event of events) {
    const kind =
      "outcome" in event
        ? `${event.type} ${event.outcome}`
        : "state" in event
          ? `${event.type} ${event.state}`
          : event.type;
    seen.set(kind, (seen.get(kind) ?? 0) + 1);
  }
}

describe("any order of orders, evidence, claims and time", () => {
  test("any order of orders, evidence, claims and time keeps every count right and replays the same", async () => {
    const plays = fc.asyncProperty(
      fc.array(step, { minLength: 20, maxLength: 80 }),
      fc.constantFrom("dgd" as const, "grid" as const, "random" as const),
      async (steps, hpTuning) => {
        const test_ = new TestReign();
        const job = test_.submit({ totalRuns: 8, retries: 1, hpTuning });
        const invariants = new Invariants();
        await play(test_, job, steps, () => invariants.check(test_.events, test_.reign.state, job));
        assert.deepEqual(plain(replay(test_.events)), plain(test_.reign.state));
        count(test_.events);
      },
    );
    const kinds = [
      ...["completed", "ended failed", "ended pruned", "ended cancelled", "lost lost", "lost reclaimed", "reopened"],
      ...[
        "job-edited",
        "runs-ordered",
        "results-judged",
        "worker-state benched",
        "worker-state stopped",
        "worker-state draining",
      ],
      ...["job-state paused", "job-state draining", "job-state stopping", "job-state cancelled", "job-state completed"],
    ];
    const missing = (): string[] => kinds.filter((kind) => !seen.has(kind));
    // Once is enough: reopened, the rarest, came 4 times in 200 plays (2026-11-25), and in others not at all.
    for (let round = 0; round === 0 || (round < 20 && missing().length > 0); round += 1)
      await fc.assert(plays, { numRuns: 200 });
    assert.deepEqual(missing(), [], "kinds of records that no play came to");
  });

  test("a leader that takes over at any point, even amid an order, keeps every count right", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 10, maxLength: 50 }),
        fc.array(step, { maxLength: 30 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        async (before, after, part) => {
          const first = new TestReign();
          const job = first.submit({ totalRuns: 8, retries: 1 });
          await play(first, job, before, () => undefined);
          // What the dead leader had stored may end between an order and its consequences.
          const cut = first.events.slice(0, 2 + Math.floor(part * (first.events.length - 2)));
          const next = new TestReign(replay(cut));
          next.now = first.now;
          new Upkeep(next.reign).tick();
          const all = (): JournalEvent[] => [...cut, ...next.events];
          const invariants = new Invariants();
          await play(next, job, after, () => invariants.check(all(), next.reign.state, job));
          assert.deepEqual(plain(replay(all())), plain(next.reign.state));
        },
      ),
      { numRuns: 150 },
    );
  });

  test("after any orders and evidence, a snapshot taken at any point folds to the same state", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 10, maxLength: 60 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        async (steps, part) => {
          const test_ = new TestReign();
          const job = test_.submit({ totalRuns: 8, retries: 1, computeNodes: 2 });
          await play(test_, job, steps, () => undefined);
          const cut = 2 + Math.floor(part * (test_.events.length - 2));
          const half = replay(test_.events.slice(0, cut));
          const restored = kept(half);
          assert.deepEqual(plain(restored), plain(half));
          const rest = decodeEvents(encodeEvents(test_.events.slice(cut)));
          const onwards = rest.reduce((state, event) => apply(state, event), restored);
          assert.deepEqual(plain(onwards), plain(test_.reign.state));
        },
      ),
      { numRuns: 200 },
    );
  });
});
