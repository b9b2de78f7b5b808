import assert from "node:assert/strict";
import { test } from "node:test";
import { exitCode, UsageError } from "../../../../shared/errors.ts";
import { exitAfter } from "../../../../shared/program/exit-after.ts";

test("an error that somebody else has worded moves no cursor of the terminal that it is printed on", (t) => {
  const printed: string[] = [];
  const write = (text: string): boolean => printed.push(text) > 0;
  t.mock.method(process.stderr, "write", write as typeof process.stderr.write); // it is given texts alone
  const exit = exitAfter(new UsageError("the coordinator refused: \u001b[2J\u009bx\u202e\n  type: nexus"), "nexus");
  t.mock.restoreAll();
  assert.deepEqual([exit, printed], [exitCode.usage, ["the coordinator refused:  [2J x \n  type: nexus\n"]]);
});
