import assert from "node:assert/strict";
import { test } from "node:test";
import { exitCode, explain, UsageError } from "../../../../shared/errors.ts";
import { exitAfter } from "../../../../shared/program/exit-after.ts";

test("an error that somebody else has worded moves no cursor of the terminal that it is printed on", (t) => {
  const printed: string[] = [];
  const write = (text: string): boolean => printed.push(text) > 0;
  t.mock.method(process.stderr, "write", write as typeof process.stderr.write); // it is given texts alone
  const exit = exitAfter(new UsageError("the coordinator refused: \u001b[2J\u009bx\u202e\n  type: nexus"), "nexus");
  t.mock.restoreAll();
  assert.deepEqual([exit, printed], [exitCode.usage, ["the coordinator refused:  [2J x \n  type: nexus\n"]]);
});

test("a full disk, or a file that is somebody else's, is told as what it is, and not as a bug", () => {
  const failed = (message: string, fields: object): { text: string; exit: number } =>
    explain(Object.assign(new Error(message), fields), "nexus-coord");
  const opening = { code: "EACCES", syscall: "open", path: "/x" };
  assert.deepEqual(failed("EACCES: permission denied, open '/x'", opening), {
    text: "nexus-coord: EACCES: permission denied, open '/x'\n  see who owns it: another user may have made it, such as root by sudo",
    exit: exitCode.failure,
  });
  const full = failed("ENOSPC: no space left on device, write", { code: "ENOSPC", syscall: "write" });
  assert.match(full.text, /^nexus-coord: ENOSPC: .*\n {2}the disk is full, .*: free some space$/);
  for (const fields of [{ code: "EPERM", syscall: "kill" }, { code: "ENOENT", syscall: "open", path: "/x" }, {}])
    assert.match(failed("oh", fields).text, /^nexus-coord: this is a bug/);
});
