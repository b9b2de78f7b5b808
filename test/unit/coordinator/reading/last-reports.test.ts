import assert from "node:assert/strict";
import { test } from "node:test";
import { lastReports } from "../../../../coordinator/reading/last-reports.ts";
import { workerIdFrom } from "../../../../shared/domain/names.ts";
import type { Bus, StoredMessage } from "../../../../shared/ports.ts";
import { encodeEvidence } from "../../../../shared/wire/messages.ts";
import { evidence } from "../../../../shared/wire/subjects.ts";
import { JobStory, stateOf, workerOf } from "../../../support/stories/job-story.ts";

test("a run's last report is its holder's: a former holder, a stranger, or junk breaks no silence", async () => {
  const story = new JobStory({ number: 1 });
  const n = story.started("run1.1", []);
  story.lost(n, "run1.1", "no sign of life");
  story.startedAgain(n, 2, "run1.1", []);
  const table = stateOf(story).jobs.get(story.job);
  const known = table?.trial(n);
  assert.ok(table && known);
  const former = workerIdFrom("former");
  const holder = workerOf("run1.1");
  const [first, second] = known.attempts;
  assert.ok(first && second);
  const trial = { ...known, attempts: [{ ...first, worker: former }, second] };
  const said = (storedAt: number, worker: typeof former, attempt: number): StoredMessage => {
    const data = encodeEvidence({ attempt, reports: [[1, 10, 0, [1], [1]]] });
    return { seq: storedAt, subject: evidence(worker, story.job, n, "report"), data, msgId: `${storedAt}`, storedAt };
  };
  const stored = [
    said(1, holder, 2),
    said(2, former, 1),
    said(3, former, 2),
    said(4, workerIdFrom("stranger"), 1),
    { ...said(5, holder, 2), data: new Uint8Array([1, 2, 3]) },
  ];
  const read: Bus["read"] = async (_stream, _from, handler) => {
    for (const each of stored) handler(each);
    return { caughtUp: Promise.resolve(), stop: async () => undefined };
  };
  const bus = { read } as unknown as Bus; // it only reads
  assert.deepEqual([...(await lastReports(bus, [{ table, trial }])).values()], [1]);
});
