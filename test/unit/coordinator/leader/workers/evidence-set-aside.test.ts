import assert from "node:assert/strict";
import { test } from "node:test";
import { judgeEvidence } from "../../../../../coordinator/leader/workers/evidence.ts";
import { answerClaim } from "../../../../../coordinator/leader/workers/search-loop.ts";
import { mostNamed, type SetAside } from "../../../../../shared/domain/fold/events.ts";
import { restoreSnapshot, takeSnapshot } from "../../../../../shared/domain/fold/snapshot.ts";
import { apply, emptyWorkspace } from "../../../../../shared/domain/fold/workspace-state.ts";
import { InvariantCheck } from "../../../../../shared/domain/invariants/invariants.ts";
import { workerIdFrom } from "../../../../../shared/domain/names.ts";
import type { StoredMessage } from "../../../../../shared/ports.ts";
import { encode } from "../../../../../shared/wire/codec.ts";
import { claim, TestReign } from "../../../../support/stories/reign.ts";

const mal = workerIdFrom("mal");
const namedIn = (test_: TestReign): SetAside[] => test_.events.filter((event) => event.type === "set-aside");

test("messages that cannot be read are named once each, a few for each worker, and never again", async () => {
  const test_ = new TestReign();
  const job = test_.submit({ totalRuns: 3 });
  await answerClaim(test_.reign, mal, claim("c1"));
  const poisons: readonly [subject: string, data: Uint8Array][] = [
    [`ev.mal.${job}.1.report`, Buffer.from([0xd6, 0x69, 0, 0, 0, 1])],
    [`ev.mal.${job}.1.result`, encode({ v: 1, attempt: 1, hpmax: "the secret of mal" })],
    [`ev.mal.${job}.1.shout`, encode({ v: 1 })],
    ["ev.mal.anything", new Uint8Array(0)],
  ];
  const messages = [...poisons, ...poisons].map(
    ([subject, data], i): StoredMessage => ({ seq: i + 1, subject, data, msgId: `${i}` }),
  );
  for (const message of messages) judgeEvidence(test_.reign, message);
  const named = namedIn(test_);
  assert.deepEqual(
    named.map(({ ev }) => ev),
    [1, 2, 3, 4, 5],
  );
  assert.equal(named.length, mostNamed);
  assert.match(named[0]?.reason ?? "", /^an extension/);
  assert.ok(named.every(({ worker, reason }) => worker === mal && !reason.includes("secret")));
  assert.match(named[4]?.reason ?? "", /further ones of this worker are set aside without a word/);
  assert.equal(test_.reign.evidence.judged, messages.length);

  // The next leader judges from the highest message that a record cites, and has nothing to say of the others.
  const folded = test_.events.reduce((state, event) => apply(state, event), emptyWorkspace());
  const state = restoreSnapshot(structuredClone(takeSnapshot(folded)));
  assert.equal(state.evidenceSeq, 5);
  const next = new TestReign(state);
  for (const message of messages.slice(5)) judgeEvidence(next.reign, message);
  assert.deepEqual(namedIn(next), []);

  const check = new InvariantCheck();
  for (const event of test_.events) check.event(event);
  assert.deepEqual(check.violations(), []);
  const [again] = named;
  assert.ok(again);
  check.event(again);
  assert.match(check.violations().join(), /evidence 1 of mal was set aside, but it was counted or named before/);
});

test("a snapshot of an earlier version knows of nothing that was set aside", () => {
  const test_ = new TestReign();
  test_.submit();
  const saved = structuredClone(takeSnapshot(test_.reign.state));
  const workers = saved.workers.map(({ setAside: _, ...rest }) => rest);
  for (const worker of restoreSnapshot({ ...saved, workers }).workers.values()) assert.equal(worker.setAside, 0);
});
