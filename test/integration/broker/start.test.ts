import assert from "node:assert/strict";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { describe, it } from "node:test";
import { readRoleSecret } from "../../../shared/broker/access/credentials.ts";
import { findNatsServer } from "../../../shared/broker/install/nats-server-binary.ts";
import { isAtLeast } from "../../../shared/broker/install/nats-server-version.ts";
import { probePort } from "../../../shared/broker/server/listen.ts";
import { holdBroker } from "../../../shared/broker/server/server.ts";
import { endProcess } from "../../../shared/broker/server/tied-process.ts";
import { connectAs } from "../../../shared/broker/workspace-link.ts";
import { UsageError } from "../../../shared/errors.ts";
import { takeLock } from "../../../shared/machine/lock-file.ts";
import { identify } from "../../../shared/machine/process-identity.ts";
import { createWorkspace } from "../../../shared/machine/workspace.ts";
import {
  assertStored,
  failsSaying,
  hold,
  holdElsewhere,
  isDown,
  newWorkspace,
  serversOf,
  storeMessages,
} from "../../support/broker/brokers.ts";
import { holdPort } from "../../support/broker/ports.ts";
import { atEnd, temporaryFolder } from "../../support/cleanup.ts";
import { eventually, patienceMs } from "../../support/patience.ts";
import { processesNaming } from "../../support/process-list.ts";

async function occupy(host: string, port: number): Promise<Server> {
  const server = createServer();
  server.listen({ host, port });
  await once(server, "listening");
  atEnd(() => server.close());
  return server;
}

/** A program in nats-server's place that knows its version, and else does what these lines of shell say. */
function fakeServer(lines: string): string {
  const file = join(temporaryFolder(), "nats-server");
  writeFileSync(file, `#!/bin/sh\n[ "$1" = --version ] && echo "nats-server: v2.99.0" && exit\n${lines}\n`);
  chmodSync(file, 0o755);
  return file;
}

describe("the broker's address", () => {
  it("the broker's address changes, with a note, when its last port is taken", async () => {
    const paths = newWorkspace();
    const first = await hold(paths);
    await first.release();
    const other = await occupy("127.0.0.1", first.port);
    const said: string[] = [];
    const second = await hold(paths, { log: (line) => said.push(line) });
    assert.notEqual(second.port, first.port);
    assert.equal(said.length, 1);
    assert.match(said[0] ?? "", new RegExp(`port ${first.port} is taken.*127\\.0\\.0\\.1:${second.port}`));
    await second.release();
    other.close();
    const third = await hold(paths, { kind: "reader" });
    assert.equal(third.port, second.port);
    await third.release();
  });

  it("the broker's address is what --listen says, or an error names the port and what to type", async () => {
    const paths = newWorkspace();
    const port = await holdPort();
    const broker = await hold(paths, { listen: `0.0.0.0:${port}` });
    assert.deepEqual([broker.host, broker.port], ["0.0.0.0", port]);
    assert.match(broker.url, new RegExp(`^tls://127\\.0\\.0\\.1:${port}#sha256=[\\w-]{43}$`));
    await storeMessages(paths, 1);
    await broker.release();

    await occupy("127.0.0.1", port);
    const taken = hold(paths, { listen: `127.0.0.1:${port}` });
    await failsSaying(taken, `port ${port} on 127.0.0.1 is taken`, "--listen 127.0.0.1:");
    assert.ok(isDown(paths));
    assert.deepEqual(readdirSync(paths.holders), []);
    await failsSaying(hold(paths, { listen: `203.0.113.7:${port}` }), "203.0.113.7", "--listen 0.0.0.0");
    for (const listen of ["4222", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:65536", "a b:1", '"}:4222']) {
      await assert.rejects(hold(paths, { listen }), UsageError, listen);
    }
  });

  it("the broker's address is remembered for coordinators, not for readers; former ports lead to it", async () => {
    const paths = newWorkspace();
    const [old, now] = [await holdPort(), await holdPort()];
    await (await hold(paths, { kind: "coordinator", listen: `0.0.0.0:${old}` })).release();
    const reader = await hold(paths, { kind: "reader" });
    assert.equal(reader.host, "127.0.0.1");
    await reader.release();
    const again = await hold(paths, { kind: "coordinator" });
    assert.deepEqual([again.host, again.port], ["0.0.0.0", old]);
    await again.release();

    const moved = await hold(paths, { kind: "coordinator", listen: `127.0.0.1:${now}` });
    assert.equal(moved.port, now);
    const secret = readRoleSecret(paths, "coordinator");
    const bus = await connectAs(`nats://127.0.0.1:${old}`, secret, "coordinator");
    await bus.flush();
    await bus.close();
    await moved.release();
    assert.ok((await probePort("127.0.0.1", old)).free, "the former port stays open after the broker's end");

    const other = await occupy("127.0.0.1", old);
    const said: string[] = [];
    const third = await hold(paths, { kind: "coordinator", log: (line) => said.push(line) });
    assert.deepEqual(said, [
      `workers that joined at port ${old} must be started with the new line: that port is taken by another program`,
    ]);
    await third.release();
    other.close();
  });

  it("the broker's address changes only if nobody else holds the broker", async () => {
    const paths = newWorkspace();
    const port = await holdPort();
    const first = await holdElsewhere(paths, { kind: "coordinator" });
    const moved = hold(paths, { listen: `127.0.0.1:${port}` });
    await failsSaying(moved, `listens on 127.0.0.1:${first.port}, not on 127.0.0.1:${port}`, String(first.process.pid));
    await first.kill();
    const second = await hold(paths, { listen: `127.0.0.1:${port}` });
    assert.deepEqual([second.port, second.adopted], [port, false]);
    await second.release();
  });
});

describe("what keeps a broker from starting", () => {
  it("a broker does not start on a store that another program has locked, and names it", async () => {
    const paths = newWorkspace();
    createWorkspace(paths);
    const attempt = takeLock(paths.brokerLock, "a copy of the store");
    assert.ok(attempt.ok);
    await failsSaying(hold(paths), "a copy of the store", String(process.pid), paths.brokerLock);
    attempt.lock.release();
    await (await hold(paths)).release();
  });

  it("a broker does not start on a store that another machine has locked and still touches", async () => {
    const paths = newWorkspace();
    createWorkspace(paths);
    const attempt = takeLock(paths.brokerLock, "the broker of workspace ws1");
    assert.ok(attempt.ok);
    const owner = { ...attempt.lock.owner, host: "lab3", identity: { ...attempt.lock.owner.identity, scope: "lab3" } };
    writeFileSync(paths.brokerLock, JSON.stringify(owner));
    const touching = setInterval(() => attempt.lock.touch(), 50);
    const said: string[] = [];
    await failsSaying(
      hold(paths, { log: (line) => said.push(line) }),
      "lab3",
      "on that machine",
      `rm ${paths.brokerLock}`,
    );
    clearInterval(touching);
    assert.match(said.join("\n"), /watching for 30 s/);
  });

  it("a broker does not start on a full disk, stops in time when it fills up, and comes back whole", async () => {
    const paths = newWorkspace();
    createWorkspace(paths);
    const reserve = (diskReserveMb: number): void =>
      writeFileSync(paths.brokerSettings, JSON.stringify({ diskReserveMb }));
    reserve(1e12);
    await failsSaying(hold(paths), "no space left", paths.store, "MB free");
    assert.ok(isDown(paths));

    reserve(0);
    const said: string[] = [];
    const broker = await hold(paths, { log: (line) => said.push(line) });
    await storeMessages(paths, 3);
    reserve(1e12);
    await eventually("it was said", () => said.some((line) => line.includes("no space left")));
    assert.deepEqual(serversOf(paths), []);
    await failsSaying(holdBroker(paths, { kind: "reader", log: () => undefined }), "no space left");
    reserve(0);
    await eventually("it was said", () => said.includes("the broker is back"));
    assert.equal(serversOf(paths).length, 1);
    await assertStored(paths, 3);
    await broker.release();
  });

  it("a broker does not start with a damaged secret, and says to delete it", async () => {
    const paths = newWorkspace();
    await (await hold(paths)).release();
    const file = join(paths.secrets, "viewer.json");
    writeFileSync(file, "{}");
    await failsSaying(hold(paths), file, "delete it");
    assert.ok(isDown(paths));
  });

  it("a broker whose server does not start says why", async () => {
    const paths = newWorkspace();
    createWorkspace(paths);
    const fake = fakeServer('echo "nats-server: out of luck" >&2\nexit 3');
    const start = hold(paths, { env: { ...process.env, NATS_SERVER: fake } });
    await failsSaying(start, "nats-server ended while starting (exit code 3)", "out of luck", paths.serverLog);
    assert.ok(isDown(paths));
    assert.ok(!existsSync(paths.brokerLock));
  });

  it("a broker whose guard is killed while it starts says so", async () => {
    const paths = newWorkspace();
    createWorkspace(paths);
    // Its server never answers, so that the guard is still starting when it is killed.
    const mute = fakeServer("exec sleep 600");
    const start = hold(paths, { env: { ...process.env, NATS_SERVER: mute } });
    const guard = await eventually("a guard", () =>
      processesNaming(paths.dir).find(({ command }) => command.includes("guard.js")),
    );
    const identity = identify(guard.pid);
    assert.ok(identity);
    const failed = failsSaying(start, "guard ended while starting (SIGKILL)", paths.brokerLog);
    await endProcess(identity, "SIGKILL", patienceMs);
    await failed;
    await (await hold(paths)).release();
  });
});

it("a server of ours is told how much memory to be content with, unless its user has said it", async () => {
  const limitOf = async (said: string | undefined, indexBytes = 0): Promise<string | undefined> => {
    const paths = newWorkspace();
    mkdirSync(paths.store, { recursive: true });
    writeFileSync(join(paths.store, "index.db"), new Uint8Array(indexBytes));
    if (said !== undefined) process.env["GOMEMLIMIT"] = said;
    try {
      const broker = await hold(paths);
      const environment = readFileSync(`/proc/${serversOf(paths)[0]?.pid}/environ`, "utf8").split("\0");
      await broker.release();
      return environment.find((each) => each.startsWith("GOMEMLIMIT="));
    } finally {
      delete process.env["GOMEMLIMIT"];
    }
  };
  // Newer servers keep less in memory.
  const least = isAtLeast((await findNatsServer()).version, 2, 15) ? 128 : 512;
  assert.equal(await limitOf(undefined), `GOMEMLIMIT=${least}MiB`);
  assert.equal(await limitOf("2GiB"), "GOMEMLIMIT=2GiB");
  // The index is as large as that of a million subjects, which the server keeps in memory.
  assert.equal(await limitOf(undefined, 35e6), `GOMEMLIMIT=${least + 350}MiB`);
});
