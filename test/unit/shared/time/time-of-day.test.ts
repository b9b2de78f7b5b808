import assert from "node:assert/strict";
import { test } from "node:test";
import { timeOfDay } from "../../../../shared/time/time-of-day.ts";

test("times of day on screens and of workers are those of this machine's clock", () => {
  const zone = process.env["TZ"];
  const noon = Date.UTC(2026, 6, 1, 12, 0, 9);
  try {
    process.env["TZ"] = "Europe/Berlin";
    assert.equal(timeOfDay(noon), "14:00:09");
    process.env["TZ"] = "UTC";
    assert.equal(timeOfDay(noon), "12:00:09");
  } finally {
    if (zone === undefined) delete process.env["TZ"];
    else process.env["TZ"] = zone;
  }
});
