import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { newInviteCode } from "../../../../shared/broker/access/invite-code.ts";
import { newUserPair } from "../../../../shared/broker/nkey.ts";
import type { WorkerId } from "../../../../shared/domain/names.ts";
import { claimState } from "../../../../worker/joining/claim-state.ts";
import { workerIdentity } from "../../../../worker/joining/identity.ts";
import { type JoinLine, parseJoinLine } from "../../../../worker/joining/join-line.ts";
import {
  folderFor,
  keepIdentity,
  type Origin,
  readIdentity,
  toldBy,
  urlFor,
  type WorkerIdentity,
} from "../../../../worker/joining/kept-identity.ts";
import { holdPort } from "../../../support/broker/ports.ts";
import { temporaryFolder } from "../../../support/cleanup.ts";

const worker = "lab" as WorkerId;
const pins = ["A", "B"].map((letter) => `sha256=${letter.repeat(42)}A`) as [string, string];
const [ours, others] = pins;
const lineTo = (server: string, pin = "") =>
  parseJoinLine(`${pin ? "tls" : "nats"}://${server}/ws1${pin && `#${pin}`}`);

const isFor = (kept: WorkerIdentity, line: JoinLine, origin?: Origin): boolean =>
  urlFor(kept, line, origin, ["192.0.2.9"]) === line.url;
const key = { worker, nkeySeed: "S" };

test("a worker's key is for the server whose fingerprint or address it knows", () => {
  const pinned = toldBy(lineTo("lab:4222", ours), key);
  assert.deepEqual(pinned, { ...key, pin: ours, servers: undefined, isOwn: undefined });
  assert.ok(isFor(pinned, lineTo("other:1", ours)), "the authority signs for this workspace alone");
  assert.equal(urlFor(pinned, lineTo("lab:4222", others)), undefined);
  assert.ok(isFor(pinned, lineTo("127.0.0.1:1")), "a server that does not show the kept one hears nothing");

  const plain = toldBy(lineTo("127.0.0.1:4222"), key);
  assert.ok(isFor(plain, lineTo("localhost:4222")));
  assert.ok(isFor(plain, lineTo("127.0.0.1:4222", ours)), "the same server encrypts now");
  assert.equal(urlFor(plain, lineTo("127.0.0.1:4223")), undefined);
  assert.equal(urlFor(plain, lineTo("127.evil.example:4222")), undefined, "a name, which leads anywhere");

  const named = toldBy(lineTo("lab:4222", `ca-${ours}`), key);
  assert.ok(isFor(named, lineTo("lab:4222", `ca-${ours}`)));
  assert.equal(urlFor(named, lineTo("rogue:4222", `ca-${ours}`)), undefined, "the same authority signs for others");

  assert.ok(isFor(key, lineTo("lab:4222", ours)), "a file of an earlier version does not say");
});

test("of a line with new addresses a worker shows its key at those that it knows, and keeps its name", () => {
  const plain = toldBy(lineTo("lab:4222"), key);
  const both = lineTo("lab:4222,rogue:4222");
  assert.equal(urlFor(plain, both), "nats://lab:4222");
  assert.deepEqual(toldBy(both, plain).servers, ["lab:4222"]);

  const encrypted = lineTo("lab:4222,198.51.100.4:4222", ours);
  assert.equal(urlFor(plain, encrypted), `tls://lab:4222#${ours}`, "the known one must show the new fingerprint");
  const told = toldBy(encrypted, plain);
  assert.ok(isFor(told, encrypted), "then that says it for all");

  const peers = toldBy(lineTo("lab1:4222,lab2:4222", `ca-${ours}`), key);
  const withThird = lineTo("lab1:4222,lab2:4222,lab3:4222", `ca-${ours}`);
  assert.equal(urlFor(peers, withThird), `tls://lab1:4222,lab2:4222#ca-${ours}`, "who name the third");
  const webSocket = parseJoinLine(`wss://LAB2:443/ws1#ca-${ours}`);
  assert.ok(isFor(peers, webSocket), "a certificate is for a host, whatever the port");
  assert.equal(urlFor(plain, lineTo("lab:4223", `ca-${ours}`)), undefined, "by an authority of the line's own");
});

test("a worker that joined on loopback goes on with the address that its machine has for others", () => {
  const local = toldBy(lineTo("127.0.0.1:4222"), key);
  const printed = lineTo("192.0.2.9:4222,192.0.2.10:4222", ours);
  assert.equal(urlFor(local, printed, {}, ["127.0.0.1", "192.0.2.9"]), `tls://127.0.0.1:4222#${ours}`);
  assert.equal(urlFor(local, printed, {}, ["127.0.0.1"]), undefined, "another machine's");
});

test("a key of this machine's workspace is for its line, whatever authority or port that has by now", () => {
  const own = { isOwnLine: true };
  const pinned = toldBy(lineTo("lab:4222", ours), key, own);
  for (const line of [lineTo("lab:4222", others), lineTo("127.0.0.1:1")]) assert.ok(isFor(pinned, line, own), line.url);
  assert.equal(toldBy(lineTo("lab:4222", others), pinned, own).pin, others);
  assert.equal(toldBy(lineTo("127.0.0.1:1"), pinned, own).pin, undefined, "it does not encrypt any more");
  assert.equal(urlFor(pinned, lineTo("lab:4222", others)), undefined, "typed, it may be anybody's");

  // The machine joined another lab's ws1 first.
  for (const elsewhere of [toldBy(lineTo("lab:4222", ours), key), toldBy(lineTo("lab:4222"), key)])
    for (const line of [lineTo("here:4222", others), lineTo("127.0.0.1:4222")])
      assert.equal(urlFor(elsewhere, line, own), undefined, line.url);
});

test("a person who is sure says that another authority or address is the same workspace's", () => {
  const usual = temporaryFolder();
  const before = toldBy(lineTo("lab:4222", ours), key);
  keepIdentity(usual, before);
  const line = lineTo("new:4222", others);
  const sure = { isSameWorkspace: true };
  assert.notEqual(folderFor(usual, line, {}).folder, usual);
  assert.equal(folderFor(usual, line, sure).folder, usual);
  const after = toldBy(line, before, sure);
  assert.deepEqual(after, { ...before, pin: others });
  assert.ok(isFor(after, line), "once");
});

test("a line to another server of the workspace's name gets a folder and key of its own", () => {
  const usual = join(temporaryFolder(), "lab");
  mkdirSync(usual);
  assert.deepEqual(folderFor(usual, lineTo("lab:4222", ours), {}), { folder: usual });
  keepIdentity(usual, toldBy(lineTo("lab:4222", ours), { worker, nkeySeed: "S1" }));
  assert.equal(folderFor(usual, lineTo("lab:4222", ours), {}).folder, usual);
  const { folder, joinsBeside } = folderFor(usual, lineTo("lab:4222", others), {});
  assert.match(folder, /\/lab\.[0-9a-f]{12}$/);
  assert.equal(joinsBeside?.worker, worker);
  mkdirSync(folder);
  keepIdentity(folder, toldBy(lineTo("lab:4222", others), { worker, nkeySeed: "S2" }));
  assert.deepEqual(folderFor(usual, lineTo("new:1", others), {}), { folder }, "and finds it again");

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
  let line = parseJoinLine(`nats://${newInviteCode(Date.now() + 60_000)}@${at}/ws1`);
  const starts = async (kept: object, ends = /knows no such invitation/, how: Origin = {}): Promise<string> => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "identity.json"), JSON.stringify({ worker, nkeySeed: pair.seed, ...kept }));
    await assert.rejects(
      workerIdentity(folder, worker, line, () => undefined, how),
      ends,
    );
    assert.equal(readIdentity(folder)?.nkeySeed, pair.seed);
    return heard.splice(0).join("");
  };
  try {
    assert.ok((await starts({ servers: [at.replace("127.0.0.1", "localhost")] })).includes(pair.publicKey), "its own");
    const shown = await starts({ servers: ["localhost:1"] });
    assert.ok(shown.includes("CONNECT") && !shown.includes(pair.publicKey), shown);
    // If the key's owner is uncertain, no other key replaces it in the folder.
    const stays = /does not know the key of the worker lab of ws1; the key stays.*\n.*--name ID.*\n.*identity\.json/;
    assert.ok((await starts({}, stays)).includes(pair.publicKey), "of an earlier version");
    await starts({ servers: ["localhost:1"] }, stays, { isSameWorkspace: true });

    const silent = await holdPort();
    line = parseJoinLine(line.url.replace(at, `127.0.0.1:${silent},${at}`));
    const isLost = /does not know the line's other addresses.*\n.*add --same-workspace/;
    assert.equal(await starts({ servers: [`localhost:${silent}`] }, isLost), "", "an address that it does not know");
    assert.match(await starts({}, stays), /CONNECT/);
  } finally {
    rogue.close();
  }
});

test("a worker with others' credentials has its usual folder, and hears nothing of another server", () => {
  const home = process.env["XDG_STATE_HOME"];
  process.env["XDG_STATE_HOME"] = temporaryFolder();
  try {
    const said: string[] = [];
    const claim = (server: string, origin: Origin | undefined) => {
      const { stateDir, lock } = claimState(lineTo(server), origin, "lab", (text) => said.push(text));
      lock.release();
      return stateDir;
    };
    const usual = claim("lab:4222", {});
    keepIdentity(usual, toldBy(lineTo("lab:4222"), key));
    assert.equal(claim("broker:4222", undefined), usual);
    assert.deepEqual(said, []);
    assert.notEqual(claim("broker:4222", {}), usual);
    assert.match(
      said.join(),
      /add --same-workspace to\n {2}the line, and it is lab again; .* not delivered stays in \/\S+\/lab\/spool$/,
    );
  } finally {
    if (home === undefined) delete process.env["XDG_STATE_HOME"];
    else process.env["XDG_STATE_HOME"] = home;
  }
});
