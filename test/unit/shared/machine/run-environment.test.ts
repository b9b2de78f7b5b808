import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, test } from "node:test";
import { runEnvironment, threadCounts } from "../../../../shared/machine/run-environment.ts";
import { endMarked, runMark } from "../../../../worker/processes/leftovers.ts";
import { mustEnd } from "../../../support/cleanup.ts";

describe("what a run sees of its worker's environment", () => {
  test("a run sees a short list of its worker's variables, and what the owner adds by name", () => {
    const own = {
      ...{ PATH: "/bin", HOME: "/home/ann", LC_TIME: "de", CUDA_VISIBLE_DEVICES: "1", TZ: "UTC" },
      ...{
        AWS_SECRET_ACCESS_KEY: "x",
        NEXUS_JOIN: "x",
        NEXUS_CREDS: "x",
        SSH_AUTH_SOCK: "x",
        NODE_OPTIONS: "x",
        LCX: "x",
      },
      ...{ DATA: "/data" },
    };
    const seen = runEnvironment(own, ["DATA", "ABSENT"]);
    assert.deepEqual(Object.keys(seen).sort(), ["CUDA_VISIBLE_DEVICES", "DATA", "HOME", "LC_TIME", "PATH", "TZ"]);
    assert.equal(threadCounts(3)["OMP_NUM_THREADS"], "3");
  });
});

describe("what a run left behind", () => {
  test("a process that a run left behind is found by its mark and ended, and nothing else is", async () => {
    const start = (mark: string) => {
      const child = spawn("sleep", ["600"], { env: { ...process.env, [runMark]: mark }, detached: true });
      mustEnd(child.pid);
      return child;
    };
    const [left, other, longer] = [start("ab12-3"), start("ab12-4"), start("xab12-3")];
    await Promise.all([left, other, longer].map((child) => once(child, "spawn")));
    const ended = once(left, "exit");
    assert.equal(endMarked("ab12-3"), 1);
    assert.deepEqual(await ended, [null, "SIGKILL"]);
    const rest = once(other, "exit");
    assert.equal(endMarked("ab12-"), 1, "all of one worker");
    await rest;
    assert.equal(longer.exitCode ?? longer.signalCode, null);
    const last = once(longer, "exit");
    longer.kill("SIGKILL");
    await last;
  });
});
