import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  joinCode,
  joinLine,
  labelled,
  lineHoldsUntil,
  linesFor,
  shownCode,
} from "../../../../coordinator/endpoint/join-lines.ts";
import { inviteKey, readInviteCode } from "../../../../shared/broker/access/invite-code.ts";
import { createWorkspace, workspacePaths } from "../../../../shared/machine/workspace.ts";
import { temporaryFolder } from "../../../support/cleanup.ts";

test("a command stands beside its label, or below it if the terminal is too narrow", () => {
  const commands = "nexus-coord stop; nexus-coord --listen 0.0.0.0:4222";
  assert.deepEqual(labelled("to let them:", commands, 200), [`  to let them:${" ".repeat(27)}${commands}`]);
  assert.deepEqual(labelled("to let them:", commands, 80), [
    "  to let them:",
    "    nexus-coord stop",
    "    nexus-coord --listen 0.0.0.0:4222",
  ]);
});

test("the join line is shown with every address of this machine, unless it names several brokers", () => {
  const line = "nats://CODE@192.0.2.7:4222/ws1";
  assert.deepEqual(linesFor(line, []), [line]);
  assert.deepEqual(linesFor(line, ["192.0.2.7", "198.51.100.4", "2001:db8::1"]), [
    line,
    "nats://CODE@198.51.100.4:4222/ws1",
    "nats://CODE@[2001:db8::1]:4222/ws1",
  ]);
  const peers = "nats://CODE@lab1:4222,lab2:4222/ws1";
  assert.deepEqual(linesFor(peers, ["198.51.100.4"]), [peers]);
});

test("a join line has the join code, and IPv6 addresses in brackets", () => {
  const paths = workspacePaths("ws1", { XDG_DATA_HOME: temporaryFolder() });
  createWorkspace(paths);
  const code = joinCode(paths);
  assert.equal(joinCode(paths), code);
  assert.equal(joinLine(paths, "192.0.2.7", 4222), `nats://${code}@192.0.2.7:4222/ws1`);
  assert.equal(joinLine(paths, "2001:db8::1", 4222), `nats://${code}@[2001:db8::1]:4222/ws1`);
  assert.doesNotMatch(joinLine(paths, "0.0.0.0", 4222), /0\.0\.0\.0/);
});

test("the code that is shown holds for twelve hours at least, and is another once its invitation is over", () => {
  const paths = workspacePaths("ws1", { XDG_DATA_HOME: temporaryFolder() });
  createWorkspace(paths);
  const hour = 3_600_000;
  const now = 1e12;
  const open = (): boolean => false;
  const first = shownCode(paths, now, open);
  assert.equal(shownCode(paths, now + 11 * hour, open), first);
  assert.equal(joinCode(paths), first);
  assert.ok((lineHoldsUntil(`nats://${first}@h:1/ws1`) ?? 0) - now >= 24 * hour);
  const second = shownCode(paths, now + 13 * hour, open);
  assert.notEqual(second, first);
  assert.equal(shownCode(paths, now + 13 * hour, open), second);
  // Withdrawn, or the clock was set back by days: another one.
  const third = shownCode(paths, now + 13 * hour, (id) => id === inviteKey(second).id);
  assert.notEqual(third, second);
  assert.notEqual(shownCode(paths, now - 100 * hour, open), third);
  // What an earlier version left opens nothing.
  writeFileSync(join(paths.secrets, "join-code"), "RZw71GnLNhStrB3g-wirk7CB\n");
  assert.equal(readInviteCode(joinCode(paths)).kind, "code");
  assert.equal(lineHoldsUntil("nats://h:1/ws1"), null);
});
