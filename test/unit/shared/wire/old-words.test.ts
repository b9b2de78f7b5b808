import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  type JournalEvent,
  type LossCause,
  lossOutcomes,
  type PrunedBy,
} from "../../../../shared/domain/fold/events.ts";
import type { WorkerId } from "../../../../shared/domain/names.ts";
import { encode } from "../../../../shared/wire/codec.ts";
import {
  decodeEvents,
  decodeOrder,
  decodeOrderAnswer,
  encodeEvents,
  encodeOrderAnswer,
  type OrderAnswer,
  wireVersion,
} from "../../../../shared/wire/messages.ts";
import { actorCalled, distrustOfEnd, lossCauseOfEnd } from "../../../../shared/wire/old-words.ts";
import { alice, Story } from "../../../support/stories/control-story.ts";

const old = (body: object): Uint8Array => encode({ v: wireVersion, ...body });

/** The same message without its code, as an earlier version sends it. */
const withoutCode = ({ code: _, ...answer }: OrderAnswer): Uint8Array => old(answer);

/** The exit code of an earlier version's `nexus`, which knows only the sentence. */
const oldExit = ({ ok, reason }: OrderAnswer): number => (ok ? 0 : reason.startsWith("there is no ") ? 3 : 2);

describe("the code of an order's answer", () => {
  const exits = { done: 0, "not found": 3, refused: 2 } as const;
  const orders = [
    ["done", "a job that is paused", { kind: "control", verb: "pause", target: { kind: "job", job: "job1" } }],
    ["done", "a job that is edited", { kind: "edit", job: "job1", changes: { totalRuns: 77 } }],
    ["not found", "a job that is not there", { kind: "control", verb: "pause", target: { kind: "job", job: "job9" } }],
    [
      "not found",
      "a worker that is not there",
      { kind: "control", verb: "stop", target: { kind: "worker", worker: "nobody" } },
    ],
    ["not found", "the release of a job that is not there", { kind: "release", job: "job9" }],
    ["not found", "an edit of a job that is not there", { kind: "edit", job: "job9", changes: { totalRuns: 77 } }],
    ["not found", "the bench for a worker that is not there", { kind: "bench", worker: "nobody" }],
    ["not found", "the admission of a worker that is not there", { kind: "admit", worker: "nobody" }],
    ["refused", "the release of a job that is not held", { kind: "release", job: "job1" }],
    ["refused", "an edit that changes nothing", { kind: "edit", job: "job1", changes: {} }],
    [
      "refused",
      "runs that should drain",
      { kind: "control", verb: "drain", target: { kind: "runs", job: "job1", trials: [1] } },
    ],
  ] as const;

  for (const [code, what, order] of orders) {
    test(`an order's answer has the code "${code}" for ${what}, with and without it on the wire`, async () => {
      const answer = await new Story().order(order);
      assert.equal(answer.code, code);
      assert.deepEqual(decodeOrderAnswer(encodeOrderAnswer(answer)), answer);
      assert.deepEqual(decodeOrderAnswer(withoutCode(answer)), answer);
      assert.equal(oldExit(answer), exits[code]);
    });
  }

  test("an unknown code of an order's answer is taken for what the answer says of its success", () => {
    const answer = { term: 1, name: "", reason: "there is no reason to" };
    assert.equal(decodeOrderAnswer(old({ ...answer, ok: false, code: "not today" })).code, "refused");
    assert.equal(decodeOrderAnswer(old({ ...answer, ok: true, code: "half" })).code, "done");
    assert.equal(decodeOrderAnswer(old({ ...answer, ok: false, code: "done" })).code, "refused");
    assert.throws(() => decodeOrderAnswer(old({ ...answer, ok: false, code: 3 })), /code: expected text/);
  });
});

describe("the cause of a loss", () => {
  /** What brings it about: alice holds trial 1 of a job in which bob has completed a run. */
  const ways: Readonly<Record<LossCause, (story: Story) => unknown>> = {
    silent: (story) => story.wait(60_000),
    restarted: (story) => story.claim(alice, "another boot"),
    runner: (story) => story.hear(story.test.message(alice, story.job, 1, "died", 1)),
    owner: (story) => story.say(alice, 1, "released"),
    benched: (story) => story.order({ kind: "bench", worker: alice }),
    ordered: (story) => story.doWorker("cancel", alice),
    sick: async (story) => {
      for (const n of [2, 3, 4]) {
        assert.equal(await story.claim(alice), n);
        story.say(alice, n, "failed");
      }
      assert.equal(await story.claim("bob" as WorkerId), 5);
      story.say("bob" as WorkerId, 5, "result");
      story.wait(10);
    },
  };

  for (const [cause, happen] of Object.entries(ways)) {
    test(`the loss cause "${cause}" is recorded, and read from the sentence of a record or snapshot without it`, async () => {
      const story = new Story({ totalRuns: 9 });
      assert.equal(await story.claim(alice), 1);
      await happen(story);
      const event = story.test.events.find((each) => each.type === "lost");
      assert.ok(event?.type === "lost");
      assert.deepEqual([event.cause, event.outcome], [cause, lossOutcomes[event.cause]]);
      assert.deepEqual(decodeEvents(encodeEvents([event])), [event]);
      const { cause: _, ...before } = event;
      assert.deepEqual(decodeEvents(encode([2, before])), [event]);
      assert.deepEqual(decodeEvents(old(before)), [event]);
      const part = story.table.trial(1)?.attempts[0];
      assert.equal(part?.cause, cause);
      assert.equal(lossCauseOfEnd(part.end, alice), cause);
    });
  }

  test("an attempt of an earlier version is believed or not by how it ended", () => {
    const benched = "alice is benched: ";
    const ends = [
      ["", "", null],
      ["", "lost: no sign of life from alice for 30 s", "silent"],
      ["", "reclaimed: alice was stopped by ann", "ordered"],
      ["sick", `lost: ${benched}its last 3 runs failed while others succeed`, "sick"],
      ["sick", `taken back: ${benched}its last 3 runs failed while others succeed`, null],
      ["sent away", `taken back: ${benched}benched by ann`, null],
      ["sent away", `reclaimed: ${benched}benched by ann`, "benched"],
      ["sent away", "reclaimed: alice was revoked: revoked by ann", "ordered"],
    ] as const;
    for (const [distrust, end, cause] of ends)
      assert.equal(distrustOfEnd({ worker: alice, end, cause }), distrust, end);
  });

  test("a loss has no cause where the part in the trial goes on, or its failure was taken back", () => {
    assert.equal(lossCauseOfEnd("", alice), null);
    assert.equal(lossCauseOfEnd("taken back: alice is benched: its last 3 runs failed", alice), null);
  });
});

describe("who pruned a run", () => {
  const ended = {
    type: "ended",
    job: "job1",
    n: 1,
    attempt: 1,
    worker: alice,
    outcome: "pruned",
    ev: 0,
    at: 0,
  } as const;
  const said: readonly (readonly [PrunedBy, string])[] = [
    ["rule", "0.1 by then, the median is 0.3"],
    ["search", "stopped by its own search"],
    ["search", "stopped by its own search: enough"],
    ["operator", "stopped by ann"],
  ];

  for (const [prunedBy, reason] of said) {
    test(`a pruned run's end without who pruned it is read from its words: ${reason}`, () => {
      assert.deepEqual(decodeEvents(encode([2, { ...ended, reason }])), [{ ...ended, reason, prunedBy }]);
    });
  }

  test("a pruned run's end that names who pruned it is believed, whatever its words", () => {
    const event = { ...ended, reason: "stopped by the median", prunedBy: "rule" } as JournalEvent;
    assert.deepEqual(decodeEvents(encodeEvents([event])), [event]);
  });

  test("an operator's stop of a run is recorded as his, in the words of earlier versions", async () => {
    const story = new Story();
    assert.equal(await story.claim(alice), 1);
    await story.order({ kind: "control", verb: "stop", target: { kind: "runs", job: story.job, trials: [1] } });
    const event = story.test.events.find((each) => each.type === "ended");
    assert.ok(event?.type === "ended");
    assert.equal(event.prunedBy, "operator");
    const { prunedBy: _, ...before } = event;
    assert.deepEqual(decodeEvents(encode([2, before])), [event]);
    assert.equal(story.table.trial(1)?.prunedBy, "operator");
  });
});

describe("why the coordinator paused a job", () => {
  test("a pause's reason is kept apart from what to type, also if the record is of an earlier version", async () => {
    const story = new Story({ totalRuns: 9, maxFailuresInARow: 1 });
    assert.equal(await story.claim(alice), 1);
    story.say(alice, 1, "failed");
    const event = story.test.events.find((each) => each.type === "job-state");
    assert.ok(event?.type === "job-state");
    const run = story.table.trial(1)?.run;
    assert.deepEqual(event.told, {
      rule: "a run has failed (max_failures_in_a_row)",
      detail: `${run} was the last: told to; to see why: nexus view console ${run}`,
    });
    assert.deepEqual(story.table.pauseWords, event.told);
    const { told: _, ...before } = event;
    assert.deepEqual(decodeEvents(encode([2, before])), [event]);
  });

  test("a person's pause, and one whose reason ends otherwise, are not taken apart", () => {
    const pause = { type: "job-state", job: "job1", state: "paused", by: "ann", op: "o1", at: 0 } as const;
    const typed = { ...pause, reason: "lunch; when full: nexus resume job1" } as JournalEvent;
    const own = { ...pause, op: "", reason: "it is late; all sleep" } as JournalEvent;
    for (const event of [typed, own]) assert.deepEqual(decodeEvents(encode([2, event])), [event]);
  });
});

describe("who decided", () => {
  test("who decided is read from the name in a snapshot without the tag", () => {
    assert.deepEqual(["", "coordinator", "ann"].map(actorCalled), [null, "coordinator", "person"]);
  });

  test("an order without a request id is refused, as the id tells who decided", () => {
    const order = { kind: "release", job: "job1" };
    assert.equal(decodeOrder(old({ ...order, op: "o1" })).op, "o1");
    assert.throws(() => decodeOrder(old({ ...order, op: "" })), /op: expected a request id/);
  });
});

describe("a person who is called coordinator", () => {
  test("a search that a person called coordinator stopped does not go on when its rules are edited", async () => {
    const story = new Story();
    story.user = "coordinator";
    await story.claim(alice);
    assert.match(await story.do("stop"), /^ok/);
    assert.deepEqual(
      [story.table.state, story.table.stateBy, story.table.stateActor],
      ["stopping", "coordinator", "person"],
    );
    assert.match(await story.edit({ totalRuns: 600 }), /^ok/);
    assert.equal(story.table.state, "stopping");
    story.check();
  });

  test("a search that a person called coordinator paused stays paused when its rules change", async () => {
    const story = new Story();
    story.user = "coordinator";
    assert.match(await story.do("pause"), /^ok/);
    assert.match(await story.edit({ totalRuns: 600 }), /^ok/);
    assert.deepEqual([story.table.state, story.table.stateActor], ["paused", "person"]);
  });

  test("runs of a worker that a person called coordinator benched are taken back, not lost", async () => {
    const story = new Story();
    story.user = "coordinator";
    await story.claim(alice);
    await story.order({ kind: "bench", worker: alice });
    assert.deepEqual([story.table.lost, story.table.reclaimed], [0, 1]);
  });
});
