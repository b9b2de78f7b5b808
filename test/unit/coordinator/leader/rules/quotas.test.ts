import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { RepeatedLines } from "../../../../../coordinator/leader/reign/repeated-lines.ts";
import { countEvidence, mayAsk } from "../../../../../coordinator/leader/rules/quotas.ts";
import { mostRetired } from "../../../../../shared/domain/fold/retired-boots.ts";
import { apply, emptyWorkspace } from "../../../../../shared/domain/fold/workspace-state.ts";
import type { WorkerId } from "../../../../../shared/domain/names.ts";
import { usualQuotas } from "../../../../../shared/domain/quotas.ts";
import { encodeAsk } from "../../../../../shared/wire/messages.ts";
import { alice, bob, Story } from "../../../../support/stories/control-story.ts";

const stored = (worker: WorkerId, seq: number, storedAt: number, bytes = 10) => ({
  seq,
  subject: `ev.${worker}.job1.1.report`,
  data: new Uint8Array(bytes),
  msgId: "",
  storedAt,
});

describe("a worker's processes", () => {
  test("a worker's processes are remembered up to a limit, and one that starts ever anew is told to wait", async () => {
    const story = new Story({ totalRuns: 9 });
    await story.claim(alice, "first");
    let refused = 0;
    for (let i = 0; i < 20_000; i += 1) {
      const said = await story.claim(alice, `boot${i}`);
      if (/has started 30 times within a short while; it may start 20 times a minute/.test(String(said))) refused += 1;
    }
    assert.ok(refused >= 20_000 - usualQuotas.starts.atOnce, `${refused} were told to wait`);
    assert.ok((story.test.reign.presence.get(alice)?.retired.size ?? 0) <= mostRetired);
    assert.ok((story.test.reign.state.workers.get(alice)?.retiredBoots.size ?? 0) <= mostRetired);
    assert.equal(typeof (await story.claim(bob)), "number");
    story.check();
  });

  test("a worker may start again later, and an older process is still told that its name is in use", async () => {
    const story = new Story({ totalRuns: 200 });
    for (let i = 0; i < 100; i += 1) {
      story.test.now += 4000;
      assert.notEqual(String(await story.claim(alice, `boot${i}`)).startsWith("wait: alice has started"), true);
    }
    assert.match(String(await story.claim(alice, "boot98")), /another process works as alice/);
    const { retiredBoots } = story.test.reign.state.workers.get(alice) ?? { retiredBoots: new Set() };
    assert.ok(retiredBoots.size <= mostRetired);
    story.check();
  });
});

describe("questions", () => {
  test("questions beyond a worker's quota are not answered, and others' are", () => {
    const { reign } = new Story().test;
    let answered = 0;
    for (let i = 0; i < 12_000; i += 1) {
      if (!mayAsk(reign, alice, 100)) continue;
      answered += 1;
      reign.quotas.answered(alice);
    }
    assert.equal(answered, usualQuotas.asks.atOnce);
    assert.ok(mayAsk(reign, bob, 100));
    assert.notEqual(reign.state.workers.get(alice)?.state, "benched");
  });

  test("questions far beyond a worker's quota cut it off, until it is admitted", async () => {
    const story = new Story();
    const { reign } = story.test;
    await story.claim(alice);
    for (let i = 0; i < 30_000; i += 1) if (mayAsk(reign, alice, 100)) reign.quotas.answered(alice);
    const record = reign.state.workers.get(alice);
    assert.deepEqual([record?.state, record?.isCutOff, record?.stateActor], ["benched", true, "coordinator"]);
    assert.match(record?.reason ?? "", /it asked far more than its runs and slots can/);
    assert.equal(story.table.holding.get(alice), undefined, "its run went back");
    assert.equal(story.test.published, 1);
    assert.equal(story.test.events.filter(({ type }) => type === "worker-state").length, 1);
    await story.order({ kind: "admit", worker: alice });
    assert.deepEqual([record?.state, record?.isCutOff, story.test.published], ["admitted", false, 2]);
    assert.ok(mayAsk(reign, alice, 100));
    story.check();
  });

  test("questions are weighed as well: what is read of one worker a second is bounded", () => {
    const it = new Story().test;
    let bytes = 0;
    // 200 questions a second of a megabyte each, for ten seconds.
    for (let i = 0; i < 2000; i += 1, it.now += 5) {
      if (!mayAsk(it.reign, alice, 2 ** 20)) continue;
      bytes += 2 ** 20;
      it.reign.quotas.answered(alice);
    }
    const { perSecond, atOnce } = usualQuotas.askedBytes;
    assert.ok(bytes > atOnce && bytes <= atOnce + 10 * perSecond, `${bytes} bytes`);
    assert.ok(mayAsk(it.reign, bob, 2 ** 20));
    assert.equal(it.reign.state.workers.get(alice), undefined, "nobody is cut off for that alone");
  });

  test("the questions by which a worker keeps 10,000 runs are all read, even with one each second", () => {
    const story = new Story({ totalRuns: 10_000 });
    const it = story.test;
    // The worst case: by the journal, the worker holds nothing yet.
    const held = Array.from({ length: 10_000 }, (_, i) => ({ job: story.job, n: i + 1, attempt: 1, iters: 1_000_000 }));
    const { length } = encodeAsk({ kind: "renew", bootId: "boot", sentAt: 1.7e12, held });
    let unread = 0;
    for (let i = 0; i < 600; i += 1, it.now += 1000) {
      if (mayAsk(it.reign, alice, length)) it.reign.quotas.answered(alice);
      else unread += 1;
    }
    assert.equal(unread, 0, `of ${length} bytes each`);
  });

  test("a worker's questions that wait for their answers are limited too", () => {
    const { reign } = new Story().test;
    const waiting = Array.from({ length: 6000 }, () => reign.quotas.mayWait(alice)).filter(Boolean).length;
    assert.equal(waiting, usualQuotas.waiting);
    assert.ok(!mayAsk(reign, alice, 100));
    reign.quotas.answered(alice);
    assert.ok(mayAsk(reign, alice, 100));
  });
});

describe("stored messages", () => {
  test("stored messages count by when they were stored: a backlog read at once is no flood", () => {
    const story = new Story();
    for (let i = 0; i < 100_000; i += 1) countEvidence(story.test.reign, stored(alice, i, 60 * i));
    assert.equal(story.test.reign.state.workers.get(alice)?.state, undefined);
  });

  test("stored messages are no flood though the broker's clock was put back by an hour", () => {
    const story = new Story();
    for (let i = 0; i < 2000; i += 1) countEvidence(story.test.reign, stored(alice, i, 3_600_000 + 60 * i));
    for (let i = 0; i < 20_000; i += 1) countEvidence(story.test.reign, stored(alice, 2000 + i, 60 * i));
    assert.equal(story.test.reign.state.workers.get(alice)?.state, undefined);
    for (let i = 0; i < 2000; i += 1) countEvidence(story.test.reign, stored(alice, 22_000 + i, -i));
    assert.equal(story.test.reign.state.workers.get(alice)?.isCutOff, true, "a clock that goes back refills nothing");
  });

  test("stored messages are earned by runs: a worker that holds many, or ends many, may store many", async () => {
    const story = new Story({ totalRuns: 100_000 });
    for (let i = 0; i < 4; i += 1) await story.claim(alice);
    // Four runs, each with a message of reports a second, for the hour that the coordinator was away.
    for (let i = 0; i < 4 * 3600; i += 1) countEvidence(story.test.reign, stored(alice, i, 250 * i));
    assert.equal(story.test.reign.state.workers.get(alice)?.state, "admitted");
    // Runs that do nothing, as fast as they come, each with its result and ten further messages.
    for (let i = 0; i < 3000; i += 1) {
      story.say(bob, (await story.claim(bob)) as number, "result");
      for (let k = 0; k < 10; k += 1) countEvidence(story.test.reign, stored(bob, i, i / 100));
    }
    assert.equal(story.test.reign.state.workers.get(bob)?.state, "admitted");
  });

  test("stored messages beyond the quota cut their sender off, with the reason in the journal", () => {
    const story = new Story();
    for (let i = 0; i < 20_000; i += 1) {
      countEvidence(story.test.reign, stored(alice, i, i / 20));
      if (i % 2000 === 0) countEvidence(story.test.reign, stored(bob, i, i / 20));
    }
    const record = story.test.reign.state.workers.get(alice);
    assert.deepEqual([record?.state, record?.isCutOff], ["benched", true]);
    assert.equal(record?.reason, "it stored far more messages than its runs can");
    assert.equal(story.test.reign.state.workers.get(bob), undefined);
    const replayed = story.test.events.reduce((state, event) => apply(state, event), emptyWorkspace());
    assert.equal(replayed.workers.get(alice)?.isCutOff, true);
  });

  test("stored messages are counted by their bytes as well", () => {
    const story = new Story();
    for (let i = 0; i < 400; i += 1) countEvidence(story.test.reign, stored(alice, i, 10 * i, 1_000_000));
    assert.match(
      story.test.reign.state.workers.get(alice)?.reason ?? "",
      /it stored more than 268 MB, where 2\.1 MB a second are allowed/,
    );
  });

  test("late results are recorded three times for a trial, and then no more", async () => {
    const story = new Story({ totalRuns: 9 });
    await story.claim(alice);
    for (let i = 0; i < 50; i += 1) story.say(alice, 1, "result", i, 1);
    assert.equal(story.test.events.filter(({ type }) => type === "late").length, 3);
    assert.equal(story.table.trial(1)?.hpmax, 0);
    story.check();
  });
});

test("log lines that somebody causes at will are written five times a minute and then counted", () => {
  const lines: string[] = [];
  const log = { info: () => undefined, warn: (_: unknown, text: string) => void lines.push(text) };
  const repeated = new RepeatedLines(log as never); // only these two are used
  for (let i = 0; i < 1000; i += 1) repeated.warn("ev.mal", i, {}, "junk");
  repeated.warn("ev.lab", 1000, {}, "other junk");
  repeated.tell(61_500);
  assert.deepEqual(lines, [...Array(5).fill("junk"), "other junk", "995 more lines like those before"]);
  for (let i = 0; i < 50_000; i += 1) repeated.warn(`ev.m${i}`, 70_000, {}, "flood");
  assert.ok(lines.length < 10_100, `${lines.length} lines`);
});
