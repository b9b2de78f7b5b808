import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { launchdPlist } from "../../../../worker/service/launchd-plist.ts";
import type { Service } from "../../../../worker/service/service.ts";
import { systemdUnit } from "../../../../worker/service/systemd-unit.ts";
import { temporaryFolder } from "../../../support/cleanup.ts";
import { packageFolder } from "../../../support/golden.ts";

const folder = temporaryFolder();
const fixture = (name: string): string => readFileSync(join(packageFolder(), "test/fixtures/service", name), "utf8");

/** Absolute programs that are there, and words that mean something to systemd, a shell or XML. */
const service: Service = {
  id: "nexus-worker-ws1-lab",
  workspace: "ws1",
  version: "0.1.0",
  command: [
    "/bin/sh",
    "/opt/nexus swarm/main.js",
    "@/home/ann/.local/state/nexus/services/nexus-worker-ws1-lab.line",
    "--name=lab",
    '--sandbox-ro=/data/100% "real",/data/$HOME & <more>',
    "--when-idle",
  ],
  environment: { PATH: "/usr/bin:/bin", XDG_STATE_HOME: "/home/ann/my state" },
  stopSeconds: 30,
  outputFile: "/home/ann/.local/state/nexus/services/nexus-worker-ws1-lab.log",
};

test("a systemd user unit is the fixture, to the letter", () => {
  assert.equal(systemdUnit(service), fixture("worker.service"));
});

test("systemd finds nothing wrong with the unit, where there is a systemd", () => {
  const unit = join(folder, "nexus-worker-ws1-lab.service");
  writeFileSync(unit, systemdUnit(service));
  const { error, status, stderr } = spawnSync("systemd-analyze", ["--user", "verify", unit], {
    encoding: "utf8",
    env: { ...process.env, HOME: folder, XDG_RUNTIME_DIR: folder },
  });
  if (error) {
    assert.equal((error as NodeJS.ErrnoException).code, "ENOENT");
    return;
  }
  assert.equal(stderr, "");
  assert.equal(status, 0);
});

test("a launchd agent is the fixture, to the letter", () => {
  assert.equal(launchdPlist(service), fixture("worker.plist"));
});

test("another program reads the launchd agent, and finds in it what was meant", () => {
  const path = join(folder, "agent.plist");
  writeFileSync(path, launchdPlist(service));
  const read = "import json, plistlib, sys; print(json.dumps(plistlib.load(open(sys.argv[1], 'rb'))))";
  const agent = JSON.parse(execFileSync("/usr/bin/python3", ["-c", read, path], { encoding: "utf8" })) as Record<
    string,
    unknown
  >;
  assert.equal(agent["Label"], "nexus-swarm.nexus-worker-ws1-lab");
  assert.deepEqual(agent["ProgramArguments"], service.command);
  assert.deepEqual(agent["EnvironmentVariables"], service.environment);
  assert.deepEqual(agent["KeepAlive"], { SuccessfulExit: false });
  assert.equal(agent["ExitTimeOut"], 30);
  assert.equal(agent["Umask"], 0o077);
  assert.equal(agent["Nice"], 19);
});
