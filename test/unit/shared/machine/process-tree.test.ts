import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { test } from "node:test";
import { signalGroup } from "../../../../shared/machine/process-tree.ts";

test("a group of which only other users' processes are left takes no signal, and nothing fails of that", (t) => {
  const sent: unknown[] = [];
  const kill = t.mock.method(process, "kill", (...words: unknown[]) => {
    sent.push(words);
    throw Object.assign(new Error("kill"), { code: ["ESRCH", "EPERM", "EINVAL"][sent.length - 1] });
  });
  const child = { pid: 1234 } as ChildProcess; // its other fields are not looked at
  try {
    signalGroup(child, "SIGTERM");
    signalGroup(child, "SIGTERM");
    assert.throws(() => signalGroup(child, "SIGTERM"), { code: "EINVAL" });
  } finally {
    kill.mock.restore();
  }
  assert.deepEqual(sent, Array(3).fill([-1234, "SIGTERM"]));
});
