import assert from "node:assert/strict";
import { test } from "node:test";
import { storePorts } from "../../../../coordinator/leader/store-ports.ts";
import { quotasWith } from "../../../../shared/domain/quotas.ts";
import type { Bus } from "../../../../shared/ports.ts";
import { systemClock } from "../../../../shared/time/clock.ts";
import { silentLog } from "../../../support/stories/reign.ts";

const bus = {} as Bus; // nothing is asked of it here

test("a reign has the coordinator's quotas from its first message on", () => {
  const limits = quotasWith({ runs: "256" });
  const ports = { bus, clock: systemClock, log: silentLog };
  assert.equal(storePorts({ ...ports, quotas: () => limits }).quotas, limits);
  assert.ok(!("quotas" in storePorts(ports)), "left out where none are set");
});

test("a reign gets none of the service's ports besides its own", () => {
  const service = { bus, clock: systemClock, log: silentLog, append: "the journal's", leads: "the service's" };
  const given = storePorts(service);
  for (const name of ["append", "leads", "bus"]) assert.ok(!(name in given), name);
});
