import assert from "node:assert/strict";
import { test } from "node:test";
import { UnsentLines } from "../../../../worker/runner/unsent-lines.ts";

test("unsent lines have room for the first and the last ones, and the rest is counted", () => {
  const unsent = new UnsentLines();
  for (const most of [900, 2000, 20_000]) {
    const lines = Array.from({ length: most }, (_, i) => `line ${i} of a program that prints a lot\n`);
    for (const line of lines) unsent.add(line);
    const [head = "", leftOut = "0", tail = ""] = unsent.take().split(/\.\.\. (\d+) characters left out \.\.\.\n/);
    assert.ok(head.startsWith("line 0 of") && head.endsWith("\n") && tail.startsWith("line "), `${most} lines`);
    assert.ok(tail.endsWith(lines.at(-1) ?? "?") && head.length + tail.length <= 32 * 1024, `${most} lines`);
    assert.equal(head.length + tail.length + Number(leftOut), lines.join("").length);
    assert.ok(unsent.isEmpty);
  }
});
