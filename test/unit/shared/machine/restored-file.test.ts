import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { UsageError } from "../../../../shared/errors.ts";
import {
  barredBy,
  letStart,
  noteRestored,
  noteRestoring,
  readRestored,
} from "../../../../shared/machine/restored-file.ts";
import { temporaryFolder } from "../../../support/cleanup.ts";

const [one, three] = [
  { job: "job1", op: "o1" },
  { job: "job3", op: "o3" },
];
const lab = { from: "lab", at: "2026-11-29T08:00:00Z", jobs: [one, three] };
const attic = { from: "attic", at: "2026-11-29T09:00:00Z", jobs: [{ job: "job1", op: "o7" }] };

test("the program of a restored job may start once a person has let it, and no other does", () => {
  const paths = { dir: temporaryFolder() };
  assert.equal(barredBy(paths, one), undefined);
  noteRestored(paths, lab);
  assert.deepEqual(barredBy(paths, one), lab);
  assert.equal(barredBy(paths, { job: "job2", op: "o2" }), undefined, "ordered since");
  letStart(paths, [{ job: "job1", op: "o9" }]);
  assert.ok(barredBy(paths, one), "a job of the same name was resumed, at another broker");
  letStart(paths, [one, { job: "job2", op: "o2" }]);
  assert.equal(barredBy(paths, one), undefined);
  assert.ok(barredBy(paths, three));
});

test("jobs that were restored stay barred when another backup is restored, and the same one bars them anew", () => {
  const paths = { dir: temporaryFolder() };
  noteRestored(paths, lab);
  noteRestored(paths, attic);
  assert.deepEqual(barredBy(paths, one), lab);
  assert.deepEqual(barredBy(paths, { job: "job1", op: "o7" }), attic);
  letStart(paths, [one]);
  noteRestored(paths, { ...lab, at: "2026-11-29T10:00:00Z" });
  assert.equal(barredBy(paths, one)?.at, "2026-11-29T10:00:00Z");
  letStart(paths, [one]);
  assert.equal(barredBy(paths, one), undefined);
});

test("a restore that failed leaves what was known of the one before it", () => {
  const paths = { dir: temporaryFolder() };
  noteRestored(paths, lab)();
  assert.deepEqual(readRestored(paths), []);
  noteRestored(paths, lab);
  noteRestored(paths, attic)();
  assert.deepEqual(readRestored(paths), [lab]);
});

test("while a restore is not whole no program starts but those that a person let", () => {
  const paths = { dir: temporaryFolder() };
  noteRestoring(paths, lab)();
  assert.equal(barredBy(paths, one), undefined);
  noteRestoring(paths, lab);
  letStart(paths, [three]);
  assert.equal(barredBy(paths, one)?.from, "lab");
  assert.equal(barredBy(paths, three), undefined);
  // Typed again, and not killed this time.
  noteRestoring(paths, lab);
  noteRestored(paths, { ...lab, jobs: [three] });
  assert.equal(barredBy(paths, one), undefined);
  assert.ok(barredBy(paths, three));
});

test("a damaged list of restored jobs is an error, not an empty list", () => {
  const paths = { dir: temporaryFolder() };
  for (const text of ["", "{", "[]", '{"restored": {}}']) {
    writeFileSync(join(paths.dir, "restored.json"), text);
    assert.throws(
      () => barredBy(paths, one),
      (error) => error instanceof UsageError && error.message.includes("\n  if you trust"),
    );
  }
});
