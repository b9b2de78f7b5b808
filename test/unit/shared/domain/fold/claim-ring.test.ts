import assert from "node:assert/strict";
import { test } from "node:test";
import { ClaimRing } from "../../../../../shared/domain/fold/claim-ring.ts";
import type { JobName } from "../../../../../shared/domain/names.ts";

const job = "job1" as JobName;

test("a claim ring finds a worker's newest claims and forgets the oldest", () => {
  const ring = new ClaimRing();
  const total = ClaimRing.capacity + 10;
  for (let n = 1; n <= total; n += 1) {
    ring.set(`claim-${n}`, job, n, 1);
    // Read while it is filled, as a leader does.
    if (n === 5) assert.equal(ring.get("claim-3")?.n, 3);
  }
  assert.equal(ring.get("claim-10"), undefined);
  assert.equal(ring.get("claim-11")?.n, 11);
  assert.equal(ring.get(`claim-${total}`)?.n, total);
  assert.deepEqual(
    [...ring].map(({ n }) => n),
    Array.from({ length: ClaimRing.capacity }, (_, i) => i + 11),
  );
});

test("a claim ring gives the newest of two answers to one claim", () => {
  const ring = new ClaimRing();
  ring.set("claim", job, 1, 1);
  ring.set("other", job, 2, 1);
  ring.set("claim", job, 1, 2);
  assert.equal(ring.get("claim")?.attempt, 2);
  assert.equal([...ring].length, 3);
  ring.set("claim", job, 1, 3);
  assert.equal(ring.get("claim")?.attempt, 3);
  for (let n = 1; n < ClaimRing.capacity; n += 1) ring.set(`later-${n}`, job, n, 1);
  assert.equal(ring.get("claim")?.attempt, 3, "its older entries were overwritten, the newest was not");
  ring.set("last", job, 9, 1);
  assert.equal(ring.get("claim"), undefined);
});
