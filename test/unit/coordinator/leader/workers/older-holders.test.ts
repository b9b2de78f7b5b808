import assert from "node:assert/strict";
import { test } from "node:test";
import { answerRenewal } from "../../../../../coordinator/leader/workers/renewals.ts";
import { restoreSnapshot, takeSnapshot } from "../../../../../shared/domain/fold/snapshot.ts";
import { whyUnheard } from "../../../../../shared/domain/fold/trial.ts";
import { InvariantCheck } from "../../../../../shared/domain/invariants/invariants.ts";
import { testimonyOf } from "../../../../../shared/wire/testimony.ts";
import { alice, bob, Story } from "../../../../support/stories/control-story.ts";

/** Alice has begun run 2, of which she was rid in some way, and bob has it now. */
const ways: readonly (readonly [how: string, begin: (story: Story) => Promise<void>])[] = [
  [
    "was benched because its runs failed",
    async (story) => {
      for (const n of [2, 3, 4, 5]) assert.equal(await story.claim(alice), n);
      for (const n of [3, 4, 5]) story.say(alice, n, "result", Number.NaN);
      assert.equal(story.test.reign.state.workers.get(alice)?.state, "benched");
    },
  ],
  [
    "lost the run for its silence",
    async (story) => {
      assert.equal(await story.claim(alice), 2);
      story.wait(60_000);
    },
  ],
];

for (const [how, begin] of ways) {
  test(`a result without a number of a worker that ${how} ends no run of another`, async () => {
    const story = new Story({ totalRuns: 9 });
    assert.equal(await story.claim(bob), 1);
    story.say(bob, 1, "result");
    await begin(story);
    const late = story.test.message(alice, story.job, 2, "result", 1, Number.NaN);
    if (how.startsWith("was benched")) {
      story.hear(late);
      assert.equal(story.table.trial(2)?.status, "waiting", "it counts no more while nobody has the run");
    }
    for (let n = await story.claim(bob); n !== 2; n = await story.claim(bob)) assert.equal(typeof n, "number");
    story.hear(late);
    assert.equal(story.table.trial(2)?.status, "running");
    const next = new Story({}, restoreSnapshot(structuredClone(takeSnapshot(story.test.reign.state))), story.job);
    next.hear(late);
    assert.equal(next.table.trial(2)?.status, "running");
    const own = story.test.message(bob, story.job, 2, "result", 2, 7);
    story.hear(own);
    assert.deepEqual([story.table.trial(2)?.hpmax, story.table.trial(2)?.late], [7, 0]);
    story.check();
  });
}

test("a result without a number of the present holder ends its run as failed, with its last lines", async () => {
  const story = new Story({ totalRuns: 9 });
  assert.equal(await story.claim(alice), 1);
  story.wait(60_000);
  assert.equal(await story.claim(bob), 1);
  story.hear(story.test.message(bob, story.job, 1, "result", 2, Number.NaN, "it diverged\n"));
  const { status, reason, console } = story.table.trial(1) ?? {};
  assert.deepEqual([status, reason], ["failed", "hpmax came out as NaN"]);
  assert.match(console ?? "", /it diverged/);
  story.check();
});

test("a result without a number that is passed over breaks no promise; one with a number does", async () => {
  for (const value of [Number.NaN, 3]) {
    const story = new Story({ totalRuns: 9 });
    for (const n of [1, 2]) assert.equal(await story.claim(alice), n);
    const passedOver = story.test.message(alice, story.job, 1, "result", 1, value);
    const counted = story.test.message(alice, story.job, 2, "result", 1, 3);
    story.hear(counted);
    const check = new InvariantCheck();
    for (const event of story.test.events) check.event(event);
    for (const each of [passedOver, counted]) check.testimony(testimonyOf(each) ?? assert.fail());
    const ignored = check.violations().filter((each) => each.includes("was ignored"));
    assert.equal(ignored.length, Number.isFinite(value) ? 1 : 0);
  }
});

/** Alice holds run 1 for the second time: the journal has it for claim c1-2, and the worker, which lost that answer, for c1-1. */
async function takenAgain(boot = "boot"): Promise<Story> {
  const story = new Story({ totalRuns: 9 });
  assert.equal(await story.claim(alice), 1);
  story.wait(60_000);
  assert.equal(await story.claim(alice, boot), 1);
  return story;
}

test("a result with an earlier claim counts: the answer that gave its worker the run again was lost", async () => {
  const story = await takenAgain();
  const held = [{ job: story.job, n: 1, attempt: 1, iters: 5 }];
  const renewed = await answerRenewal(story.test.reign, alice, { kind: "renew", bootId: "boot", held });
  assert.deepEqual(
    renewed?.verdicts.map(({ verdict, newAttempt }) => [verdict, newAttempt]),
    [["continue", 2]],
  );
  story.hear(story.test.message(alice, story.job, 1, "result", 2, 7, "", {}, "c1-1"));
  assert.deepEqual([story.table.trial(1)?.hpmax, story.test.reign.dropped], [7, 0]);
  story.check();
});

test("a claim speaks for no attempt of another process or worker, and for none before it", async () => {
  const { table } = await takenAgain();
  const trial = table.trial(1) ?? assert.fail();
  const unheard = (attempt: number, claim: string, of = trial) =>
    whyUnheard(of, { worker: alice, attempt, claim }) !== undefined;
  const attempts = [1, 2] as const;
  const told = (claim: string, of = trial) => attempts.map((attempt) => unheard(attempt, claim, of));
  assert.deepEqual(told("c1-1"), [false, false]);
  assert.deepEqual(told("c1-2"), [true, false], "an attempt is not spoken for by the claim of a later one");
  assert.deepEqual(told("c-of-another-life"), [true, true], "before the workspace was put back");
  const copied = (await takenAgain("boot of a copy")).table.trial(1) ?? assert.fail();
  assert.deepEqual(told("c1-1", copied), [false, true], "an older process, or one with a copied identity");
  const [first, second] = trial.attempts;
  const bobs = { ...trial, attempts: [{ ...(first ?? assert.fail()), worker: bob }, second ?? assert.fail()] };
  assert.deepEqual(told("c1-1", bobs), [true, true], "another worker's claim");
});
