import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { JournalEvent } from "../../../../../shared/domain/fold/events.ts";
import { apply, emptyWorkspace } from "../../../../../shared/domain/fold/workspace-state.ts";
import { InvariantCheck } from "../../../../../shared/domain/invariants/invariants.ts";
import type { JobName, WorkerId } from "../../../../../shared/domain/names.ts";

const by = { by: "ann", op: "", at: 0 } as const;
const invited = (invite: string, more: object = {}): JournalEvent =>
  ({
    type: "invited",
    invite,
    publicKey: `K${invite}`,
    expiresAt: 1,
    uses: null,
    targets: [],
    ...by,
    ...more,
  }) as JournalEvent;
const ended = (invite: string): JournalEvent => ({ type: "invite-ended", invite, reason: "test", ...by });
const enrolled = (worker: string, publicKey: string, more: object = {}): JournalEvent =>
  ({ type: "worker-enrolled", worker, publicKey, host: "h", op: "", at: 0, ...more }) as JournalEvent;
const revoked = (worker: string): JournalEvent =>
  ({ type: "worker-state", worker: worker as WorkerId, state: "revoked", reason: "", ...by }) as JournalEvent;
const forgotten = (worker: string): JournalEvent => ({ type: "worker-forgotten", worker: worker as WorkerId, ...by });

function check(...events: readonly JournalEvent[]): readonly string[] {
  const checking = new InvariantCheck();
  for (const event of events) checking.event(event);
  checking.compare(events.reduce((state, event) => apply(state, event), emptyWorkspace()));
  return checking.violations();
}

describe("checked workers", () => {
  test("the invariants hold if each worker came by an open invitation, with a key of its own", () => {
    const events = [
      enrolled("old", "A"), // before there were invitations
      invited("i", { uses: 2, targets: ["gpu"] }),
      enrolled("a", "B", { invite: "i", targets: ["gpu"] }),
      enrolled("b", "C", { invite: "i", targets: ["gpu"] }),
      ended("i"),
      revoked("a"),
      forgotten("a"),
      invited("j"),
      enrolled("a", "B", { invite: "j" }),
    ];
    assert.deepEqual(check(...events), []);
  });

  test("the invariants name a worker or an invitation that the records do not allow", () => {
    const open = invited("i", { uses: 1 });
    const cases: readonly [readonly JournalEvent[], string][] = [
      [[enrolled("a", "A", { invite: "i" })], "a enrolled by invitation i, which was never made"],
      [[open, ended("i"), enrolled("a", "A", { invite: "i" })], "a enrolled by invitation i, which was over"],
      [
        [open, enrolled("a", "A", { invite: "i" }), enrolled("b", "B", { invite: "i" })],
        "b enrolled by invitation i, which was for 1",
      ],
      [
        [invited("i", { targets: ["gpu"] }), enrolled("a", "A", { invite: "i" })],
        'a enrolled for the pools "" by invitation i, which is for "gpu"',
      ],
      [[enrolled("a", "A"), enrolled("b", "A")], "b enrolled with the key of a"],
      [[open, open], "invitation i was made twice"],
      [[ended("i")], "invitation i ended, but was never made"],
      [[open, ended("i"), ended("i")], "invitation i ended, but was over"],
    ];
    for (const [events, what] of cases) assert.equal(check(...events)[0], what);
  });

  test("the invariants name a trial that was given to a revoked worker", () => {
    const checking = new InvariantCheck();
    checking.event(enrolled("a", "A"));
    checking.event(revoked("a"));
    const assigned = { type: "assigned", job: "job1" as JobName, n: 1, attempt: 1, worker: "a" as WorkerId };
    checking.event(assigned as JournalEvent);
    assert.equal(checking.violations()[0], "job1 trial 1 was given to a, which was revoked");
  });

  test("the invariants name a fold that lacks an invitation or has another key of a worker", () => {
    const checking = new InvariantCheck();
    for (const event of [invited("i"), enrolled("a", "A", { invite: "i" })]) checking.event(event);
    checking.compare(emptyWorkspace());
    assert.deepEqual(checking.violations(), [
      "the fold lacks the invitation i",
      "a has another key in the fold than by the records",
    ]);
  });
});
