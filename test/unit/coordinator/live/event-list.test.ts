import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { EventList } from "../../../../coordinator/live/event-list.ts";

describe("what happened", () => {
  test("is kept to about 5,000 lines, with equal troubles folded into one", () => {
    const events = new EventList();
    for (let i = 0; i < 37; i += 1) events.add(i, `run1.${i} lost by lab-1, queued again: no sign of life`, "trouble");
    assert.equal(events.lines.length, 1);
    assert.deepEqual([events.lines[0]?.count, events.lines[0]?.text.slice(0, 7)], [37, "run1.36"]);
    for (let i = 0; i < 20_000; i += 1) events.add(i, `run1.${i} started on lab-1`, "info");
    assert.ok(events.lines.length >= 5000 && events.lines.length <= 6000);
    assert.equal(events.lines.at(-1)?.text, "run1.19999 started on lab-1");
  });
});
