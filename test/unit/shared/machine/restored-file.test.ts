import assert from "node:assert/strict";
import { test } from "node:test";
import { barredBy, letStart, noteRestored, readRestored } from "../../../../shared/machine/restored-file.ts";
import { temporaryFolder } from "../../../support/cleanup.ts";

const restored = { from: "lab", at: "2026-11-29T08:00:00Z", broker: null, jobs: ["job1", "job3"] };

test("the program of a restored job may start once a person has let it, and no other does", () => {
  const paths = { dir: temporaryFolder() };
  assert.equal(barredBy(paths, null, "job1"), undefined);
  noteRestored(paths, restored);
  assert.deepEqual(barredBy(paths, null, "job1"), restored);
  assert.equal(barredBy(paths, null, "job2"), undefined, "ordered since");
  letStart(paths, "nats://elsewhere:4222", ["job1"]);
  assert.ok(barredBy(paths, null, "job1"), "a job of another broker was resumed");
  letStart(paths, null, ["job1", "job2"]);
  assert.equal(barredBy(paths, null, "job1"), undefined);
  assert.deepEqual(readRestored(paths)?.jobs, ["job3"]);
});

test("a restore that failed leaves what was known of the one before it", () => {
  const paths = { dir: temporaryFolder() };
  noteRestored(paths, restored)();
  assert.equal(readRestored(paths), undefined);
  noteRestored(paths, restored);
  noteRestored(paths, { ...restored, jobs: [] })();
  assert.deepEqual(readRestored(paths), restored);
});
