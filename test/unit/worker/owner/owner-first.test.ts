import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { exitCode } from "../../../../shared/errors.ts";
import { RulesSource, type TypedRules } from "../../../../worker/owner/rules-source.ts";
import { temporaryFolder } from "../../../support/cleanup.ts";
import { packageFolder } from "../../../support/golden.ts";

const minute = 60_000;

test("--owner-first holds while neither a flag nor worker.yaml says when", () => {
  const file = join(temporaryFolder(), "worker.yaml");
  const write = (text: string): void => writeFileSync(file, text, { mode: 0o600 });
  const sourceOf = (typed: TypedRules): RulesSource => new RulesSource(file, typed, () => null);
  const source = sourceOf({ ownerFirst: true });
  const changed = (): unknown => {
    const read = source.poll();
    return read && "rules" in read ? [read.rules.whenIdle, read.rules.hours.length, read.rules.slots] : read;
  };
  assert.equal(source.read().whenIdle, 5 * minute);
  write("slots: 2\n");
  assert.deepEqual(changed(), [5 * minute, 0, 2], "slots say nothing of when");
  write("when-idle: 30min\n");
  assert.deepEqual(changed(), [30 * minute, 0, null]);
  write("hours: 19:00-07:00\n");
  assert.deepEqual(changed(), [null, 1, null]);
  rmSync(file);
  assert.deepEqual(changed(), [5 * minute, 0, null]);
  assert.equal(sourceOf({ ownerFirst: true, maxLoad: 1 }).read().whenIdle, null);
  assert.equal(sourceOf({}).read().whenIdle, null);
});

test("install-service writes --owner-first, whatever worker.yaml says, and says what follows from both", () => {
  const home = temporaryFolder();
  const file = join(home, "nexus", "worker.yaml");
  mkdirSync(join(home, "nexus"));
  const installed = (words: readonly string[], rules?: string) => {
    if (rules !== undefined) writeFileSync(file, rules, { mode: 0o600 });
    const line = `tls://CODE@192.0.2.7:4222/ws1#sha256=${"a".repeat(64)}`;
    const { NEXUS_JOIN: _, ...env } = process.env;
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [join(packageFolder(), "dist/worker/main.js"), "install-service", "--dry-run", ...words],
      { encoding: "utf8", env: { ...env, HOME: home, XDG_CONFIG_HOME: home, XDG_STATE_HOME: home, NEXUS_JOIN: line } },
    );
    const [, command = ""] = /^ExecStart=.*?(--.*)$/m.exec(stdout) ?? [];
    return { status, said: stdout.split("\n", 1)[0], command, stderr };
  };
  const tail = `what flags leave open, ${file} may change at any time`;
  const idle = "it lends while nobody has used this machine for 5 min; frozen runs move elsewhere after 10 min";
  const first = installed([]);
  assert.deepEqual([first.said, first.command], [`# ${idle}; ${tail}`, "--owner-first"], first.stderr);
  const slots = installed(["--name", "lab"], "slots: 2\n");
  assert.deepEqual([slots.said, slots.command], [`# ${idle}; ${tail}`, "--name=lab --owner-first"]);
  const hours = installed([], "hours: sat,sun\n");
  assert.match(hours.said ?? "", /^# it lends at sat,sun; frozen runs/);
  assert.equal(hours.command, "--owner-first");
  const always = installed(["--always"], "slots: 2\n");
  assert.match(always.said ?? "", /^# it lends always, whether you use this machine or not; what flags/);
  assert.equal(always.command, "");
  const broken = installed([], "slots: none\n");
  assert.equal(broken.status, exitCode.usage);
  assert.match(broken.stderr, /worker\.yaml:1:8: slots is "none"/);
});
