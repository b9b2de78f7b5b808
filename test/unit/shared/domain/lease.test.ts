import assert from "node:assert/strict";
import { test } from "node:test";
import { LeaseTable } from "../../../../shared/domain/lease.ts";
import type { JobName, WorkerId } from "../../../../shared/domain/names.ts";

const job = "job1" as JobName;
const [ann, bob] = ["ann" as WorkerId, "bob" as WorkerId];

test("the lease table knows the holder after grants, renewals, moves and ends", () => {
  const leases = new LeaseTable(1000);
  const grant = (n: number, worker: WorkerId, attempt = 1): void =>
    leases.grant({ job, n, attempt, worker, bootId: "boot" }, 0);
  const held = (worker: WorkerId): number[] => leases.heldBy(worker).map(({ n }) => n);
  grant(1, ann);
  grant(2, ann);
  grant(3, bob);
  assert.ok(leases.renew(job, 1, 1, "boot", 500));
  assert.deepEqual([held(ann), held(bob)], [[1, 2], [3]]);
  assert.deepEqual(
    leases.expired(1200).map(({ n }) => n),
    [2, 3],
  );
  grant(2, bob, 2);
  assert.deepEqual([held(ann), held(bob)], [[1], [3, 2]]);
  leases.end(job, 1);
  leases.end(job, 1);
  assert.deepEqual([held(ann), leases.size], [[], 2]);
});
