import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ownDecision } from "../../../../../shared/domain/fold/events.ts";
import { alice, bob } from "../../../../support/stories/control-story.ts";
import { inTwoStages } from "../../../../support/stories/spec-defaults.ts";
import { type Curves, searching } from "./curves-story.ts";

/** Bob, with a checkpoint at 4, lost run n, which alice has now. */
async function passedOn(story: Curves, value: number): Promise<number> {
  await story.learned();
  const n = Number(await story.claim(bob));
  story.save(n, value, 4, bob);
  story.wait(60_000);
  assert.equal(await story.claim(), n);
  return n;
}

/** Run n, of 3.6, has completed, and is the median under the next leader. */
async function assertMedian(story: Curves, n: number): Promise<void> {
  assert.equal(story.table.trial(n)?.status, "completed");
  const next = await story.heir();
  const [better, worse] = [Number(await next.claim(alice, "boot3")), Number(await next.claim(alice, "boot3"))];
  next.report(better, 3.65, 0, 3);
  next.report(worse, 3.55, 0, 3);
  assert.deepEqual(
    next.pruned.map((event) => event.n),
    [worse],
    "the median is 3.6",
  );
}

describe("curves that the next leader reads again", () => {
  test("curves are read again without reports under an attempt that its sender never held", async () => {
    const story = searching("median");
    await story.learned();
    const n = Number(await story.claim(bob));
    story.wait(60_000);
    assert.equal(await story.claim(), n);
    story.report(n, 0, 0, 8, bob, 2);
    story.report(n, 5, 0, 3, alice, 2);
    const next = await story.heir();
    next.report(n, 5, 3, 9, alice, 2);
    assert.deepEqual(next.pruned, []);
  });

  test("a run that goes on from a checkpoint keeps what an earlier holder reported before it", async () => {
    for (const saves of [false, true]) {
      const story = searching("median");
      const n = await passedOn(story, 9);
      if (saves) {
        story.report(n, 2, 4, 7, alice, 2);
        assert.deepEqual(story.pruned, []);
      }
      const next = await story.heir();
      next.report(n, 2, saves ? 7 : 4, 8, alice, 2);
      assert.deepEqual(next.pruned, [], "its mean is 5.5; without the first four reports it is 2");
    }
  });

  test("a run keeps what a sick holder reported, although the next one has saved it since", async () => {
    const story = searching("median");
    const n = await passedOn(story, 9);
    void story.test.reign.record({
      ...{ type: "worker-state", worker: bob, state: "benched", reason: "its runs fail", ...ownDecision },
    });
    story.save(n, 2, 6, alice, 2, 4);
    const next = await story.heir();
    next.report(n, 2, 6, 8, alice, 2);
    assert.deepEqual(next.pruned, [], "its mean is 5.5; without the first four reports it is 2");
  });

  test("a run takes nothing that a worker sent away reports, although a checkpoint lies beyond it", async () => {
    const story = searching("median");
    await story.learned();
    const n = Number(await story.claim(bob));
    story.wait(60_000);
    assert.equal(await story.claim(), n);
    await story.order({ kind: "bench", worker: bob, reason: "" });
    story.report(n, 0, 0, 4, bob);
    story.save(n, 5, 4, alice, 2);
    story.wait(60_000);
    assert.equal(await story.claim(alice, "boot2"), n);
    const next = await story.heir();
    next.report(n, 5, 4, 6, alice, 3);
    assert.deepEqual(next.pruned, []);
  });

  test("a run passed on has the values at its rungs that it had under the leader before", async () => {
    for (const hasReported of [false, true]) {
      const story = searching("asha");
      await story.learned();
      const n = Number(await story.claim(bob));
      story.report(n, 9, 0, 2, bob);
      story.save(n, 1, 4, bob, 1, 2);
      story.wait(60_000);
      assert.equal(await story.claim(), n);
      if (hasReported) story.report(n, 1, 4, 5, alice, 2);
      const next = await story.heir();
      const reasons: string[] = [];
      for (const [leader, boot] of [
        [story, "boot"],
        [next, "boot2"],
      ] as const) {
        const worse = Number(await leader.claim(bob, boot));
        leader.report(worse, 5.5, 0, 2, bob);
        leader.report(worse, 3.5, 2, 4, bob);
        reasons.push(leader.table.trial(worse)?.reason ?? "");
      }
      assert.match(reasons[0] ?? "", /rung/);
      assert.equal(reasons[1], reasons[0]);
    }
  });

  for (const [what, isBenched] of [
    ["late reports of an earlier holder", false],
    ["reports of a holder that was sent away", true],
  ] as const) {
    test(`${what} judge no run that goes on from its checkpoint`, async () => {
      const story = searching("median");
      const n = await passedOn(story, 5);
      if (isBenched) await story.order({ kind: "bench", worker: bob, reason: "" });
      story.report(n, 0, 4, 8, bob);
      story.report(n, 5, 4, 6, alice, 2);
      const next = await story.heir();
      next.report(n, 5, 6, 9, alice, 2);
      assert.deepEqual([story.pruned, next.pruned], [[], []]);
    });
  }

  test("a completed run's curve is its own holder's, from the checkpoint of an earlier one on", async () => {
    const story = searching("median");
    const n = await passedOn(story, 3.6);
    story.report(n, 1e6, 0, 9, bob, 1, 2);
    story.end(n, 3.6, 4, alice, 2);
    await assertMedian(story, n);
  });

  test("a run of two stages is pruned by the second alone, under the next leader too", async () => {
    const story = searching("median");
    const { submitted } = story.table;
    story.table.submitted = { ...submitted, text: inTwoStages(submitted.text) };
    for (const value of [1, 2, 3, 4, 5, 6]) {
      const n = Number(await story.claim());
      story.report(n, 0, 0, 9);
      story.report(n, value, 0, 4, alice, 1, 2);
      story.end(n, value, 4, alice, 1, 2);
    }
    const n = Number(await story.claim(bob));
    story.report(n, 0, 0, 9, bob);
    const next = await story.heir();
    for (const by of [story, next]) {
      assert.deepEqual(by.pruned, []);
      by.report(n, 2, 0, 4, bob, 1, 2);
      assert.equal(by.table.trial(n)?.status, "pruned", "the median is 3.5");
    }
  });

  test("a completed run's curve has nothing of an earlier stay of its worker that came to nothing", async () => {
    const story = searching("median");
    await story.learned();
    const n = Number(await story.claim());
    story.report(n, 9, 0, 4);
    story.wait(60_000);
    assert.equal(await story.claim(alice, "boot2"), n);
    story.report(n, 3.6, 0, 4, alice, 2);
    story.end(n, 3.6, 4, alice, 2);
    await assertMedian(story, n);
  });
});
