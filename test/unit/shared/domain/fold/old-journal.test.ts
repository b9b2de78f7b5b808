import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { packageRoot } from "../../../../../shared/components/component-defaults.ts";
import type { JournalEvent } from "../../../../../shared/domain/fold/events.ts";
import { apply, emptyWorkspace, type WorkspaceState } from "../../../../../shared/domain/fold/workspace-state.ts";
import type { JobName } from "../../../../../shared/domain/names.ts";
import { defaultSettings } from "../../../../../shared/domain/runspec/job-settings.ts";
import { encode } from "../../../../../shared/wire/codec.ts";
import { decodeAnswer, decodeEvents, decodeEvidence, encodeEvents } from "../../../../../shared/wire/messages.ts";

function fold(file: string): WorkspaceState {
  const text = readFileSync(join(packageRoot(), "test/fixtures/journal", file), "utf8");
  const events = JSON.parse(text) as JournalEvent[]; // as a version before this one wrote them
  return decodeEvents(encodeEvents(events)).reduce((state, event) => apply(state, event), emptyWorkspace());
}

describe("data written before jobs, runs and workers could be controlled", () => {
  test("a journal from before jobs could be controlled folds with later fields at their defaults", () => {
    const state = fold("before-control.json");
    const table = state.jobs.get("job1" as JobName);
    assert.ok(table);
    assert.deepEqual([table.state, table.ended, table.open, table.late], ["completed", 2, 0, 1]);
    assert.deepEqual([table.outcomes.completed, table.outcomes.failed, table.lost], [1, 1, 1]);
    assert.deepEqual([table.trial(1)?.order, table.trial(1)?.console], ["", ""]);
    assert.equal(table.submitted.settings.deadline, defaultSettings.deadline);
    assert.equal(table.submitted.settings.maxJobSeconds, null);
    const alice = state.workers.get("alice" as never);
    assert.deepEqual([alice?.state, alice?.duty, alice?.failureRow], ["admitted", "working", []]);
  });

  test("answers and hand-backs from before jobs could be controlled are read without the newer fields", () => {
    const old = (message: object): Uint8Array => encode({ v: 1, ...message });
    const refused = decodeAnswer(old({ kind: "refused", term: 1, reason: "benched" }));
    assert.ok(refused.kind === "refused" && !refused.leave);
    const verdict = {
      job: "job1",
      n: 1,
      attempt: 1,
      verdict: "continue",
      newAttempt: 1,
      reason: "",
      checkpointSeconds: 60,
    };
    const renewed = decodeAnswer(old({ kind: "renewed", term: 1, leaseMs: 1, verdicts: [verdict] }));
    assert.ok(renewed.kind === "renewed" && renewed.verdicts[0]?.limits === null);
    assert.equal(
      decodeEvidence({ kind: "released" }, old({ attempt: 1, fault: "runner", reason: "died" })).console,
      "",
    );
  });

  test("a journal record of an unknown type is refused, never ignored", () => {
    for (const type of ["teleported", "toString", "__proto__"]) {
      const unknown = { type, at: 1 } as unknown as JournalEvent;
      const refusal = new RegExp(`a record of unknown type "${type}"; .* install that one here too`);
      assert.throws(() => apply(emptyWorkspace(), unknown), refusal);
    }
  });
});
