import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { readInvitation, writeInvitation } from "../../../../../shared/broker/peers/invitation.ts";
import { findSelf, parsePeerList } from "../../../../../shared/broker/peers/peer-list.ts";
import { newPeers } from "../../../../../shared/broker/peers/peers.ts";
import { UsageError } from "../../../../../shared/errors.ts";
import { temporaryFolder } from "../../../../support/cleanup.ts";

describe("a list of peers", () => {
  test("a list of peers has default ports, and another id for each machine and each reading", () => {
    const peers = parsePeerList("lab1, lab2:4300,[fd00::3]:4222");
    assert.deepEqual(
      peers.map(({ host, port, routePort }) => [host, port, routePort]),
      [
        ["lab1", 4222, 6222],
        ["lab2", 4300, 6300],
        ["fd00::3", 4222, 6222],
      ],
    );
    const ids = [...peers, ...parsePeerList("lab1,lab2,lab3")].map(({ id }) => id);
    assert.equal(new Set(ids).size, 6);
    assert.match(ids[0] ?? "", /^lab1-[0-9a-f]{8}$/);
  });

  test("a list of peers that cannot be one is refused with what was found and what to type", () => {
    for (const [text, found] of [
      ["lab1,lab2", /expected 3 machines .*, found 2\n.*lab1,lab2,lab3/],
      ["a,b,a", /names a:4222 twice; expected different machines/],
      ["a,b,c:63536", /"c:63536" is not a peer; expected host or host:port/],
      ["a,b,", /"" is not a peer/],
    ] as const) {
      assert.throws(
        () => parsePeerList(text),
        (error: Error) => error instanceof UsageError && found.test(error.message),
        text,
      );
    }
  });

  test("this machine is the peer that has its address, or that --listen names", async () => {
    const peers = parsePeerList("127.0.0.1,198.51.100.1,198.51.100.2");
    assert.equal((await findSelf(peers, undefined)).self, peers[0]);
    const named = await findSelf(peers, { host: "198.51.100.2", port: 4222 });
    assert.equal(named.self, peers[2]);
    const others = parsePeerList("198.51.100.1,198.51.100.2,198.51.100.3");
    await assert.rejects(findSelf(others, undefined), /none of the peers .* --listen 198\.51\.100\.1:4222/);
    const several = parsePeerList("127.0.0.1:4001,127.0.0.1:4002,198.51.100.3");
    await assert.rejects(findSelf(several, undefined), /several of the peers .* --listen 127\.0\.0\.1:4001/);
  });
});

describe("an invitation to the peers of a workspace", () => {
  const invitation = {
    workspace: "ws1",
    peers: newPeers("ws1", parsePeerList("lab1,lab2,lab3")),
    files: [{ name: "viewer.json", text: "{}" }],
  };
  const line = writeInvitation(invitation);

  test("an invitation to the peers of a workspace is one line, read as it is or from a file that holds it", async () => {
    assert.doesNotMatch(line, /\s/);
    assert.deepEqual(await readInvitation(line), invitation);
    const file = join(temporaryFolder(), "invitation");
    writeFileSync(file, `type this:\n  ${line}\n`);
    assert.deepEqual(await readInvitation(file), invitation);
  });

  test("an invitation to the peers that was cut, or is none, is refused with what was expected", async () => {
    await assert.rejects(readInvitation(line.slice(0, -20)), /incomplete or was changed; expected the line/);
    await assert.rejects(readInvitation(join(temporaryFolder(), "none")), /neither an invitation .* nor a file/);
    const file = join(temporaryFolder(), "other");
    writeFileSync(file, "hello\n");
    await assert.rejects(readInvitation(file), /no line there begins with nexus-peers:; expected the line/);
  });
});
