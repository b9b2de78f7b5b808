import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { inviteKey, newInviteCode } from "../../../shared/broker/access/invite-code.ts";
import { connectBus } from "../../../shared/broker/client/connect.ts";
import { fingerprintOf } from "../../../shared/broker/pin.ts";
import type { WorkerId } from "../../../shared/domain/names.ts";
import { workerIdentity } from "../../../worker/joining/identity.ts";
import { parseJoinLine } from "../../../worker/joining/join-line.ts";
import { certificateOnDisk } from "../../support/broker/certificates.ts";
import { startNatsServer } from "../../support/broker/nats-server.ts";
import { rogueServer } from "../../support/broker/rogue-server.ts";
import { atEnd, temporaryFolder } from "../../support/cleanup.ts";
import { eventually } from "../../support/patience.ts";

/** A worker's key may be revoked between its first connection to the broker and the one that it keeps. */
test("whoever waits for a broker hears that it refuses him, also before it ever let him in", async () => {
  const folder = temporaryFolder();
  const users = (password: string): void =>
    writeFileSync(join(folder, "users.conf"), `users: [{ user: ann, password: ${password} }]\n`);
  users("other");
  const config = "authorization { include users.conf }";
  const server = await startNatsServer({ folder, config, hasJetStream: false });
  let refusals = 0;
  const connecting = connectBus({
    url: server.url,
    credentials: { user: "ann", password: "secret" },
    name: "ann",
    waitForBroker: true,
    onRefused: () => {
      refusals += 1;
    },
  });
  await eventually("it hears of it again and again", () => refusals > 5);
  users("secret");
  server.reload();
  const bus = await connecting;
  await bus.flush();
  const before = refusals;
  users("other");
  server.reload();
  await eventually("and of refusals later", () => refusals > before);
  await bus.close();
});

test("whoever waits for a broker is let in once it is there", async () => {
  const server = await startNatsServer({ hasJetStream: false });
  await server.stop();
  const connecting = connectBus({ url: server.url, credentials: {}, name: "ann", waitForBroker: true });
  await server.restart();
  const bus = await connecting;
  await bus.flush();
  await bus.close();
});

test("a server that was not believed is forgotten when the right one has taken its place", async () => {
  const folder = temporaryFolder();
  const users = (password: string): void =>
    writeFileSync(join(folder, "users.conf"), `users: [{ user: ann, password: ${password} }]\n`);
  users("other");
  const authority = certificateOnDisk();
  const { cert, key } = certificateOnDisk({ issuer: authority, names: ["127.0.0.1"] });
  writeFileSync(cert, readFileSync(cert, "utf8") + authority.text);
  const config = `tls { cert_file: "${cert}", key_file: "${key}" }\nauthorization { include users.conf }`;
  const server = await startNatsServer({ folder, config, hasJetStream: false });
  await server.stop();
  const stranger = certificateOnDisk({ names: ["127.0.0.1"] });
  const rogue = await rogueServer({ chain: stranger.text, key: readFileSync(stranger.key, "utf8") }, server.port);
  const seen = { distrusted: 0, refusals: 0 };
  const connecting = connectBus({
    url: server.url.replace("nats:", "tls:"),
    pin: { names: "any", sha256: fingerprintOf(new X509Certificate(authority.text).publicKey) },
    credentials: { user: "ann", password: "secret" },
    name: "ann",
    waitForBroker: true,
    onDistrust: () => {
      seen.distrusted += 1;
    },
    onRefused: () => {
      seen.refusals += 1;
    },
  });
  await eventually("it is not believed", () => seen.distrusted > 1);
  assert.equal(rogue.heard(), "");
  await rogue.end();
  await server.restart();
  await eventually("what the right one says counts", () => seen.refusals > 1);
  users("secret");
  server.reload();
  await (await connecting).close();
});

test("a machine that waits to be enrolled hears that its invitation was withdrawn meanwhile", async () => {
  const folder = temporaryFolder();
  const code = newInviteCode(Date.now() + 3_600_000);
  const users = (others: string): void =>
    writeFileSync(join(folder, "users.conf"), `users: [{ user: ann, password: secret }${others}]\n`);
  users(`, { nkey: ${inviteKey(code).publicKey} }`);
  const server = await startNatsServer({
    folder,
    config: "authorization { include users.conf }",
    hasJetStream: false,
  });
  const ear = await connectBus({ url: server.url, credentials: { user: "ann", password: "secret" }, name: "ann" });
  atEnd(() => ear.close());
  let asked = 0;
  ear.respond("enrol.*", () => {
    asked += 1;
  });
  await ear.flush();
  const line = parseJoinLine(server.url.replace("//", `//${code}@`).concat("/ws1"));
  const enrolling = assert.rejects(
    workerIdentity(join(folder, "worker"), "lab" as WorkerId, line, () => undefined),
    /knows no such invitation: it was used up or withdrawn/,
  );
  await eventually("it asks", () => asked > 0);
  users("");
  server.reload();
  await enrolling;
});
