import assert from "node:assert/strict";
import { test } from "node:test";
import { joinCode, joinLine, labelled, linesFor } from "../../../../coordinator/endpoint/join-lines.ts";
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
