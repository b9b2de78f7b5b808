import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { newInviteCode } from "../../../../shared/broker/access/invite-code.ts";
import { newUserPair } from "../../../../shared/broker/nkey.ts";
import type { WorkerId } from "../../../../shared/domain/names.ts";
import { workerIdentity } from "../../../../worker/joining/identity.ts";
import { parseJoinLine } from "../../../../worker/joining/join-line.ts";
import { folderFor, isFor, keepIdentity, readIdentity, toldBy } from "../../../../worker/joining/kept-identity.ts";
import { temporaryFolder } from "../../../support/cleanup.ts";

const worker = "lab" as WorkerId;
const pins = ["A", "B"].map((letter) => `sha256=${letter.repeat(42)}A`) as [string, string];
const [ours, others] = pins;
const lineTo = (server: string, pin = "") =>
  parseJoinLine(`${pin ? "tls" : "nats"}://${server}/ws1${pin && `#${pin}`}`);

test("a worker's key is for the server whose fingerprint or address it knows", () => {
  const key = { worker, nkeySeed: "S" };
  const pinned = toldBy(lineTo("lab:4222", ours), key);
  assert.deepEqual(pinned, { ...key, pin: ours, servers: undefined });
  assert.ok(isFor(pinned, lineTo("other:1", ours)), "the authority signs for this workspace alone");
  assert.ok(!isFor(pinned, lineTo("lab:4222", others)));
  assert.ok(!isFor(pinned, lineTo("lab:4222", others), true));
  assert.ok(isFor(pinned, lineTo("127.0.0.1:1")), "a server that does not show the kept one hears nothing");

  const plain = toldBy(lineTo("127.0.0.1:4222"), key);
  assert.ok(isFor(plain, lineTo("localhost:4222")));
  assert.ok(isFor(plain, lineTo("127.0.0.1:4222", ours)), "the same server encrypts now");
  assert.ok(!isFor(plain, lineTo("127.0.0.1:4223")));
  assert.ok(!isFor(plain, lineTo("127.evil.example:4222")), "a name, which leads anywhere");
  assert.ok(isFor(plain, lineTo("127.0.0.1:4223"), true), "this machine's own workspace may have a new port");
  assert.ok(!isFor(plain, lineTo("127.0.0.1:4222,rogue:4222")), "one of several would see it");

  const named = toldBy(lineTo("lab:4222", `ca-${ours}`), key);
  assert.ok(isFor(named, lineTo("lab:4222", `ca-${ours}`)));
  assert.ok(!isFor(named, lineTo("rogue:4222", `ca-${ours}`)), "the same authority signs for others");

  assert.ok(isFor(key, lineTo("lab:4222", ours)), "a file of an earlier version does not say");
});

test("a line to another server of the workspace's name gets a folder and key of its own", () => {
  const usual = join(temporaryFolder(), "lab");
  mkdirSync(usual);
  assert.deepEqual(folderFor(usual, lineTo("lab:4222", ours), false), { folder: usual });
  keepIdentity(usual, toldBy(lineTo("lab:4222", ours), { worker, nkeySeed: "S1" }));
  assert.equal(folderFor(usual, lineTo("lab:4222", ours), false).folder, usual);
  const { folder, joinsBeside } = folderFor(usual, lineTo("lab:4222", others), false);
  assert.match(folder, /\/lab\.[0-9a-f]{12}$/);
  assert.equal(joinsBeside?.worker, worker);
  mkdirSync(folder);
  keepIdentity(folder, toldBy(lineTo("lab:4222", others), { worker, nkeySeed: "S2" }));
  assert.deepEqual(folderFor(usual, lineTo("new:1", others), false), { folder }, "and finds it again");

  keepIdentity(usual, { worker, nkeySeed: "S3" });
  const kept = readdirSync(usual).map((name) => readFileSync(join(usual, name), "utf8"));
  assert.ok(kept.some((text) => text.includes('"S1"')) && kept.length === 2, "no key is lost");
});

test("a server of the same workspace's name is not shown the key for another, which stays", async () => {
  const pair = newUserPair();
  const heard: string[] = [];
  const rogue = createServer((socket) => {
    socket.write(
      'INFO {"server_id":"X","version":"2.11.0","proto":1,"auth_required":true,"nonce":"abc","max_payload":1000}\r\n',
    );
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => {
      heard.push(String(chunk));
      socket.end("-ERR 'Authorization Violation'\r\n");
    });
  }).listen(0, "127.0.0.1");
  await once(rogue, "listening");
  const at = `127.0.0.1:${(rogue.address() as AddressInfo).port}`; // it listens on TCP
  const line = parseJoinLine(`nats://${newInviteCode(Date.now() + 60_000)}@${at}/ws1`);
  const starts = async (kept: object): Promise<string> => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "identity.json"), JSON.stringify({ worker, nkeySeed: pair.seed, ...kept }));
    await assert.rejects(
      workerIdentity(folder, worker, line, () => undefined),
      /knows no such invitation/,
    );
    assert.equal(readIdentity(folder)?.nkeySeed, pair.seed);
    return heard.splice(0).join("");
  };
  try {
    assert.ok((await starts({ servers: [at.replace("127.0.0.1", "localhost")] })).includes(pair.publicKey), "its own");
    const shown = await starts({ servers: ["localhost:1"] });
    assert.ok(shown.includes("CONNECT") && !shown.includes(pair.publicKey), shown);
  } finally {
    rogue.close();
  }
});
