import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, it } from "node:test";
import {
  identify,
  isAlive,
  isProcessIdentity,
  liveness,
  ownIdentity,
  startTimeFromPs,
  startTimeFromStat,
} from "../../../../shared/machine/process-identity.ts";
import { mustEnd } from "../../../support/cleanup.ts";
import { eventually } from "../../../support/patience.ts";

describe("a process's identity", () => {
  it("a process's identity says that this process is alive, also after being stored in a file", () => {
    const identity: unknown = JSON.parse(JSON.stringify(ownIdentity()));
    assert.ok(isProcessIdentity(identity));
    assert.equal(identity.pid, process.pid);
    assert.ok(isAlive(identity));
  });

  it("a process's identity says dead once the process has ended, even while it is a zombie", async () => {
    // The shell starts a short sleep and becomes a long one, which never collects it.
    const parent = spawn("/bin/sh", ["-c", "sleep 0.5 & echo $!; exec sleep 60"], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    mustEnd(parent.pid);
    const [line] = (await once(parent.stdout, "data")) as [Buffer];
    const zombie = Number(line.toString());
    await eventually("the zombie counts as dead", () => identify(zombie) === undefined);
    const identity = identify(parent.pid ?? 0);
    assert.ok(identity && isAlive(identity));
    process.kill(zombie, 0); // throws if the zombie had been collected, which would prove nothing
    parent.kill("SIGKILL");
    await once(parent, "exit");
    assert.ok(!isAlive(identity));
    assert.equal(identify(identity.pid), undefined);
  });

  it("a process's identity says alive while the process is stopped", async () => {
    const child = spawn("sleep", ["60"], { stdio: "ignore" });
    mustEnd(child.pid);
    const identity = identify(child.pid ?? 0);
    assert.ok(identity);
    child.kill("SIGSTOP");
    assert.ok(isAlive(identity));
    child.kill("SIGKILL");
    await once(child, "exit");
  });

  it("a process's identity differs from that of another process with the same pid", () => {
    const own = ownIdentity();
    assert.equal(liveness({ ...own, startTime: `${own.startTime}1` }), "dead");
  });

  it("a process's identity says dead after a reboot, and elsewhere on another machine", () => {
    const own = ownIdentity();
    assert.equal(liveness({ ...own, boot: "another" }), "dead");
    assert.equal(liveness({ ...own, scope: "another" }), "elsewhere");
    assert.equal(liveness({ ...own, boot: "another", scope: "another" }), "elsewhere");
  });

  it("a process's identity is checked when it comes from a file", () => {
    for (const wrong of [null, 1, {}, { ...ownIdentity(), pid: "1" }, { ...ownIdentity(), boot: undefined }]) {
      assert.ok(!isProcessIdentity(wrong));
    }
  });
});

describe("the start time of a process", () => {
  const stat = (name: string, state: string): string =>
    `4711 (${name}) ${state} 1 4711 4711 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 987654 1000 2000`;

  it("the start time of a process is read from /proc whatever the program's name", () => {
    for (const name of ["node", "a b", "x) R 1 (y", ")"]) assert.equal(startTimeFromStat(stat(name, "S")), "987654");
    assert.equal(startTimeFromStat(stat("node", "Z")), undefined);
    assert.equal(startTimeFromStat(stat("node", "X")), undefined);
  });

  it("the start time of a process is read from ps where there is no /proc", () => {
    assert.equal(startTimeFromPs("Ss   Mon Nov 23 10:11:12 2026    \n"), "Mon Nov 23 10:11:12 2026");
    assert.equal(startTimeFromPs("Z+   Mon Nov 23 10:11:12 2026\n"), undefined);
    assert.equal(startTimeFromPs("\n"), undefined);
  });
});
