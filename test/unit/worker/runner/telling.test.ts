import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Telling } from "../../../../worker/runner/telling.ts";
import { SimProcess } from "../../../simulate/sim-process.ts";
import { Timeline } from "../../../simulate/timeline.ts";

describe("what a run tells its worker", () => {
  test("what a run tells its worker travels with its end if nothing was sent before, its console once", () => {
    const telling = new Telling(() => assert.fail("told too soon"));
    telling.line("one");
    telling.report([1, 10, 0, [0.5], [1]]);
    telling.line("two");
    assert.deepEqual(telling.last(), { reports: [[1, 10, 0, [0.5], [1]]], lines: "", console: "one\ntwo\n" });
  });

  test("what a run tells its worker is sent once, and the end has the lines that were not sent yet", () => {
    const sent: unknown[] = [];
    const telling = new Telling((told) => sent.push(told));
    telling.line("one");
    telling.now();
    telling.line("two");
    assert.deepEqual(sent, [{ reports: [], lines: "one\n" }]);
    assert.deepEqual(telling.last(), { reports: [], lines: "two\n", console: "one\ntwo\n" });
  });

  test("what a run tells just before a long silence is sent a quarter of a second later, once", async () => {
    const timeline = new Timeline();
    const { clock } = new SimProcess(timeline, "runner", "seed");
    const sent: [number, string][] = [];
    const telling = new Telling(({ lines }) => sent.push([timeline.now - startedAt, lines]), clock);
    const startedAt = timeline.now;
    const pass = async (ms: number): Promise<void> => {
      const end = timeline.now + ms;
      timeline.plan(null, end, () => undefined);
      await timeline.run(() => timeline.now >= end);
    };
    telling.line("one");
    await pass(100);
    telling.line("two");
    await pass(500);
    telling.line("three");
    telling.line("four");
    await pass(600_000);
    assert.deepEqual(sent, [
      [250, "one\ntwo\n"],
      [600, "three\n"],
      [850, "four\n"],
    ]);
    telling.line("five");
    telling.line("six");
    telling.disarm();
    await pass(600_000);
    assert.equal(sent.length, 4, "nothing comes after the end of a run");
  });

  test("a run keeps the first and last lines of a long console, and says how many are left out", () => {
    const telling = new Telling(() => undefined);
    for (let i = 1; i <= 2000; i += 1) telling.line(`line ${i}`);
    telling.line("x".repeat(5000));
    const { console } = telling.last();
    assert.ok(console.length <= 8100, `${console.length} characters`);
    assert.match(
      console,
      /^line 1\nline 2\n[\s\S]*\n\.\.\. \d+ lines left out \.\.\.\n[\s\S]*line 2000\nx{2000}\.\.\.\n$/,
    );
    const [leftOut] = /\d+(?= lines left out)/.exec(console) ?? [];
    assert.equal(console.split("\n").length - 2 + Number(leftOut), 2001);
  });
});
