import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import os from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { bootstrapFor } from "../../../../coordinator/endpoint/bootstrap.ts";
import { writeEndpoint } from "../../../../coordinator/endpoint/endpoint.ts";
import {
  joinCode,
  joinLine,
  labelled,
  lineHoldsUntil,
  linesWith,
  shownCode,
  shownJoinLine,
  tunnelFor,
} from "../../../../coordinator/endpoint/join-lines.ts";
import { inviteKey, readInviteCode } from "../../../../shared/broker/access/invite-code.ts";
import { reachableAddresses } from "../../../../shared/broker/address.ts";
import { parsePeerList } from "../../../../shared/broker/peers/peer-list.ts";
import { newPeers, writePeers } from "../../../../shared/broker/peers/peers.ts";
import { pinText } from "../../../../shared/broker/pin.ts";
import { writeBrokerInfo } from "../../../../shared/broker/server/broker-info.ts";
import { peersPin } from "../../../../shared/broker/tls/door.ts";
import { usualTls } from "../../../../shared/broker/tls/tls-settings.ts";
import { ownIdentity } from "../../../../shared/machine/process-identity.ts";
import { createWorkspace, workspacePaths } from "../../../../shared/machine/workspace.ts";
import { parseJoinLine } from "../../../../worker/joining/join-line.ts";
import { temporaryFolder } from "../../../support/cleanup.ts";

const handedOut = { port: 4223, node: "sha256", python: "sha256" };

test("a command to type stands beside its label, or below it if the terminal is too narrow", () => {
  const commands = "nexus-coord stop; nexus-coord --listen 0.0.0.0:4222";
  assert.deepEqual(labelled("to let them:", commands, 200), [`  to let them:${" ".repeat(27)}${commands}`]);
  assert.deepEqual(labelled("to let them:", commands, 80), [
    "  to let them:",
    "    nexus-coord stop",
    "    nexus-coord --listen 0.0.0.0:4222",
  ]);
  const { node } = bootstrapFor("nats://CODE@192.0.2.7:4222/ws1", ["192.0.2.7:4223"], handedOut);
  assert.deepEqual(labelled("with Node:", node, 80), ["  with Node:", `    ${node}`], "a program is not taken apart");
});

test("a join line has the join code, and IPv6 addresses in brackets", () => {
  const paths = workspacePaths("ws1", { XDG_DATA_HOME: temporaryFolder() });
  createWorkspace(paths);
  const code = joinCode(paths);
  assert.equal(joinCode(paths), code);
  assert.equal(joinLine(paths, "192.0.2.7", 4222), `nats://${code}@192.0.2.7:4222/ws1`);
  assert.equal(joinLine(paths, "2001:db8::1", 4222), `nats://${code}@[2001:db8::1]:4222/ws1`);
  const onAll = parseJoinLine(joinLine(paths, "0.0.0.0", 4222));
  const hosts = reachableAddresses().filter((each) => !each.includes(":"));
  assert.equal(
    onAll.url,
    `nats://${(hosts.length > 0 ? hosts : ["127.0.0.1"]).map((each) => `${each}:4222`).join(",")}`,
  );
  const named = {
    url: "tls://127.0.0.1:4222",
    names: ["lab.example.org", "192.0.2.7"],
    pin: undefined,
    tls: undefined,
  };
  assert.equal(
    joinLine(paths, "0.0.0.0", 4222, code, named),
    `tls://${code}@lab.example.org:4222,192.0.2.7:4222/ws1`,
    "only names under which its certificate is believed",
  );
});

test("the join code that is shown holds for twelve hours, and is another once its invitation is over", () => {
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
  // If the code was withdrawn, or the clock was set back by days, another one is shown.
  const third = shownCode(paths, now + 13 * hour, (id) => id === inviteKey(second).id);
  assert.notEqual(third, second);
  assert.notEqual(shownCode(paths, now - 100 * hour, open), third);
  // A code that an earlier version left opens nothing.
  writeFileSync(join(paths.secrets, "join-code"), "RZw71GnLNhStrB3g-wirk7CB\n");
  assert.equal(readInviteCode(joinCode(paths)).kind, "code");
  assert.equal(lineHoldsUntil("nats://h:1/ws1"), null);
});

const [guard, pin] = [ownIdentity(), "sha256=abc"];
const listens = { url: "tls://127.0.0.1:4222#sha256=own", host: "127.0.0.1", port: 4222, pin };
const state = { guard, server: null, trouble: null, lingers: false, version: "2.10.27", startedAt: "2026-11-29" };

test("the line for a tunnel names no user where the user id has no name, as in a container", (t) => {
  const paths = workspacePaths("ws1", { XDG_DATA_HOME: temporaryFolder() });
  createWorkspace(paths);
  writeBrokerInfo(paths, { ...listens, ...state, tls: usualTls });
  const nameless = t.mock.method(os, "userInfo", () => {
    throw new Error("ENOENT: no such file or directory, uv_os_get_passwd");
  });
  syncBuiltinESMExports();
  try {
    assert.equal(tunnelFor(paths, "CODE")?.ssh, `ssh -N -L 4222:127.0.0.1:4222 ${os.hostname()}`);
  } finally {
    nameless.mock.restore();
    syncBuiltinESMExports();
  }
});

test("a line that names all peers needs no server on this one of them", () => {
  const paths = workspacePaths("ws1", { XDG_DATA_HOME: temporaryFolder() });
  createWorkspace(paths);
  assert.deepEqual(linesWith(paths, "CODE"), []);
  const peers = parsePeerList("192.0.2.7,192.0.2.8,192.0.2.9");
  const self = peers[1]?.id ?? "";
  const file = { ...newPeers("ws1", peers), self, bind: "0.0.0.0", makesStreams: false };
  writePeers(paths, file);
  const pin = peersPin(paths, file);
  assert.ok(pin);
  const addresses = "192.0.2.8:4222,192.0.2.7:4222,192.0.2.9:4222";
  assert.deepEqual(linesWith(paths, "CODE"), [`tls://CODE@${addresses}/ws1#${pinText(pin)}`]);
});

test("a broker on loopback has a line for another machine only if it takes WebSockets: theirs", () => {
  const paths = workspacePaths("ws1", { XDG_DATA_HOME: temporaryFolder() });
  createWorkspace(paths);
  writeBrokerInfo(paths, { ...listens, ...state, tls: usualTls });
  writeEndpoint(paths, {
    coordinator: guard,
    url: listens.url,
    joinLine: joinLine(paths, "127.0.0.1", 4222),
    since: 0,
  });
  assert.equal(shownJoinLine(paths, null, true), "");
  writeBrokerInfo(paths, { ...listens, ...state, tls: { ...usualTls, wss: { host: "192.0.2.7", port: 443 } } });
  assert.equal(shownJoinLine(paths, null, true), `"wss://${joinCode(paths)}@192.0.2.7:443/ws1#${pin}"`);
  assert.match(shownJoinLine(paths, null, false), /^<the join line/);
});
