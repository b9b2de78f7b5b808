import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { runningBroker } from "../../../shared/broker/server/server.ts";
import { signalProcess } from "../../../shared/broker/server/tied-process.ts";
import { linkWorkspace } from "../../../shared/broker/workspace-link.ts";
import { isAlive } from "../../../shared/machine/process-identity.ts";
import { createWorkspace, type WorkspacePaths } from "../../../shared/machine/workspace.ts";
import {
  assertStored,
  hold,
  holdElsewhere,
  isDown,
  newWorkspace,
  nothingRuns,
  serversOf,
  serving,
  storeMessages,
  watchServers,
} from "../../support/broker/brokers.ts";
import { eventually } from "../../support/patience.ts";
import { processesNaming } from "../../support/process-list.ts";

const down = (paths: WorkspacePaths): Promise<true> => eventually("the broker is down", () => isDown(paths));

describe("a broker", () => {
  it("a broker starts on loopback, keeps its secrets to itself, and leaves nothing with its last holder", async () => {
    const paths = newWorkspace();
    assert.equal(runningBroker(paths), undefined);
    const broker = await hold(paths);
    assert.equal(broker.adopted, false);
    assert.equal(broker.host, "127.0.0.1");
    assert.equal(broker.url, `nats://127.0.0.1:${broker.port}`);
    await storeMessages(paths, 3);

    const secrets = readdirSync(paths.secrets).sort();
    assert.deepEqual(secrets, [
      "coordinator.json",
      "nats-server.conf",
      "operator.json",
      "seal.json",
      "viewer.json",
      "workers.conf",
      "workers.conf.accepted",
    ]);
    const files = [paths.brokerInfo, paths.brokerLock, ...secrets.map((name) => join(paths.secrets, name))];
    for (const file of files) assert.equal(statSync(file).mode & 0o777, 0o600, file);
    assert.equal(statSync(paths.secrets).mode & 0o777, 0o700);
    assert.equal(statSync(paths.dir).mode & 0o777, 0o700);

    await broker.release();
    assert.ok(isDown(paths));
    await nothingRuns(paths);
    assert.ok(!existsSync(paths.brokerInfo) && !existsSync(paths.brokerLock));
    assert.deepEqual(readdirSync(paths.holders), []);
    await broker.release();
  });

  it("a broker comes back where it was, with everything it stored and the same passwords", async () => {
    const paths = newWorkspace();
    const first = await hold(paths);
    await storeMessages(paths, 5);
    const secret = readFileSync(join(paths.secrets, "coordinator.json"), "utf8");
    await first.release();
    const second = await hold(paths, { kind: "reader" });
    assert.equal(second.port, first.port);
    assert.equal(readFileSync(join(paths.secrets, "coordinator.json"), "utf8"), secret);
    await assertStored(paths, 5);
    await second.release();
  });

  it("a shared broker stays until its last holder goes", async () => {
    const paths = newWorkspace();
    const coordinator = await hold(paths);
    const reader = await holdElsewhere(paths, { kind: "reader" });
    assert.deepEqual([reader.adopted, reader.url], [true, coordinator.url]);
    const server = (await serving(paths)).server;
    await coordinator.release();
    assert.deepEqual((await serving(paths)).server, server);
    await reader.release();
    assert.ok(isDown(paths));
  });

  it("a broker stays up for a command that reads through it after the command that started it", async () => {
    const paths = newWorkspace();
    const maker = await hold(paths, { kind: "reader" });
    await storeMessages(paths, 3);
    await maker.release();
    const first = await linkWorkspace(paths, "viewer");
    const second = await linkWorkspace(paths, "viewer");
    try {
      await first.close();
      assert.equal(await second.bus.lastSeq("JRN"), 3);
    } finally {
      await second.close();
    }
    assert.ok(isDown(paths));
  });

  it("a broker starts once when several processes ask for it at the same time", async () => {
    const paths = newWorkspace();
    createWorkspace(paths);
    const watch = watchServers(paths);
    const kinds = ["coordinator", "reader", "coordinator", "reader"] as const;
    const holders = await Promise.all(kinds.map((kind) => holdElsewhere(paths, { kind })));
    assert.equal(new Set(holders.map(({ url }) => url)).size, 1);
    assert.equal(holders.filter(({ adopted }) => !adopted).length, 1);
    await Promise.all(holders.map((holder) => holder.release()));
    assert.equal(await watch.most(), 1);
    assert.ok(isDown(paths));
  });

  it("a broker serves a process that comes just as the last one goes", async () => {
    const paths = newWorkspace();
    createWorkspace(paths);
    // Enough files that the guard takes a while to see that none of them is a living holder.
    for (let i = 0; i < 500; i++) writeFileSync(join(paths.holders, `junk${i}.json`), "{}");
    const watch = watchServers(paths);
    for (let lateMs = 0; lateMs <= 12; lateMs += 2) {
      const going = await hold(paths, { kind: "reader" });
      const gone = going.release();
      await eventually("it is no longer a holder", () => readdirSync(paths.holders).length === 500);
      const start = performance.now() + lateMs;
      while (performance.now() < start);
      const [coming] = await Promise.all([hold(paths, { kind: "reader" }), gone]);
      await storeMessages(paths, 1);
      await coming.release();
    }
    assert.equal(await watch.most(), 1);
  });
});

describe("a holder that dies", () => {
  it("a coordinator that dies leaves the broker up; its restart adopts it and loses nothing", async () => {
    const paths = newWorkspace();
    const coordinator = await holdElsewhere(paths, { kind: "coordinator" });
    await storeMessages(paths, 4);
    const { server } = await serving(paths);
    await coordinator.kill();
    await eventually("the guard has seen it", () =>
      readFileSync(paths.brokerLog, "utf8").includes("staying up for 600 s"),
    );
    const again = await hold(paths);
    assert.equal(again.adopted, true);
    assert.deepEqual((await serving(paths)).server, server);
    await assertStored(paths, 4);
    // While the guard waits for the dead coordinator, a holder that leaves does not wait for the guard.
    await eventually("the guard waits no more", () => runningBroker(paths)?.lingers === false);
    await again.release();
    assert.ok(isDown(paths), "a coordinator that leaves by itself leaves no broker behind");
  });

  it("a reader that outlasts the wait for a dead coordinator takes the broker down when it leaves", async () => {
    const paths = newWorkspace();
    const coordinator = await holdElsewhere(paths, { kind: "coordinator", lingerMs: 1 });
    const reader = await hold(paths, { kind: "reader" });
    await coordinator.kill();
    await eventually("the guard has seen it", () =>
      readFileSync(paths.brokerLog, "utf8").includes("staying up for 0.001 s"),
    );
    await eventually("the guard waits no more", () => runningBroker(paths)?.lingers === false);
    await reader.release();
    assert.ok(isDown(paths));
  });

  it("a reader that comes and goes does not end the wait for a coordinator that died", async () => {
    const paths = newWorkspace();
    const coordinator = await holdElsewhere(paths, { kind: "coordinator", lingerMs: 600_000 });
    await coordinator.kill();
    const reader = await hold(paths, { kind: "reader" });
    assert.equal(reader.adopted, true);
    await reader.release();
    assert.ok((await serving(paths)).server);
    const again = await hold(paths);
    await eventually("the guard waits no more", () => runningBroker(paths)?.lingers === false);
    await again.release();
    assert.ok(isDown(paths));
  });

  it("a coordinator that dies and does not come back has its broker stopped in the end", async () => {
    const paths = newWorkspace();
    const lingerMs = 1000;
    const coordinator = await holdElsewhere(paths, { kind: "coordinator", lingerMs });
    // Timed from before the kill: the guard may notice the death sooner than we do.
    const killedAt = performance.now();
    await coordinator.kill();
    await down(paths);
    assert.ok(performance.now() - killedAt >= lingerMs);
    await nothingRuns(paths);
  });

  it("a reader that dies leaves no broker", async () => {
    const paths = newWorkspace();
    const reader = await holdElsewhere(paths, { kind: "reader", lingerMs: 600_000 });
    await reader.kill();
    await down(paths);
  });

  it("a coordinator that dies does not end the broker while another one holds it", async () => {
    const paths = newWorkspace();
    const standby = await hold(paths);
    const leader = await holdElsewhere(paths, { kind: "coordinator" });
    await leader.kill();
    await eventually("the dead one is forgotten", () => readdirSync(paths.holders).length === 1);
    assert.ok((await serving(paths)).server);
    await standby.release();
    assert.ok(isDown(paths));
  });
});

describe("a process killed under a coordinator", () => {
  it("a killed server is started again, on the same port, with every acknowledged message", async () => {
    const paths = newWorkspace();
    const broker = await hold(paths);
    await storeMessages(paths, 6);
    const watch = watchServers(paths);
    const { server } = await serving(paths);
    assert.ok(server);
    signalProcess(server, "SIGKILL");
    await eventually("another server", async () => (await serving(paths)).server?.pid !== server.pid);
    assert.equal((await serving(paths)).url, broker.url);
    await assertStored(paths, 6);
    assert.equal(await watch.most(), 1);
    await broker.release();
  });

  it("a killed guard takes its server along; the coordinator restarts both on the same port", async () => {
    const paths = newWorkspace();
    const said: string[] = [];
    const broker = await hold(paths, { log: (line) => said.push(line) });
    await storeMessages(paths, 6);
    const watch = watchServers(paths);
    const { guard, server } = await serving(paths);
    assert.ok(server);
    signalProcess(guard, "SIGKILL");
    await eventually("the server ends by itself", () => !isAlive(server));
    const after = await serving(paths);
    assert.notEqual(after.guard.pid, guard.pid);
    assert.equal(after.url, broker.url);
    await assertStored(paths, 6);
    assert.equal(await watch.most(), 1);
    assert.match(said.join("\n"), /guard was killed/);
    await broker.release();
    await nothingRuns(paths);
  });

  it("an orphaned server is ended by the next start before that starts its own", async () => {
    const paths = newWorkspace();
    const coordinator = await holdElsewhere(paths, { kind: "coordinator" });
    await storeMessages(paths, 6);
    const { guard, server } = await serving(paths);
    assert.ok(server);
    const ties = processesNaming(paths.serverConfiguration).filter(({ pid }) => pid !== server.pid);
    assert.equal(ties.length, 1);
    for (const { pid } of ties) process.kill(pid, "SIGKILL");
    signalProcess(guard, "SIGKILL");
    await coordinator.kill();
    await eventually("the guard is dead", () => !isAlive(guard));
    assert.deepEqual(
      serversOf(paths).map(({ pid }) => pid),
      [server.pid],
      "the orphan is there",
    );

    const watch = watchServers(paths);
    const broker = await hold(paths, { kind: "reader" });
    assert.equal(broker.adopted, false);
    assert.ok(!isAlive(server));
    assert.equal(broker.url, coordinator.url);
    await assertStored(paths, 6);
    assert.equal(await watch.most(), 1);
    await broker.release();
    assert.ok(isDown(paths));
  });

  it("a server ends cleanly by itself if everything else was killed", async () => {
    const paths = newWorkspace();
    const coordinator = await holdElsewhere(paths, { kind: "coordinator" });
    const { guard } = await serving(paths);
    await coordinator.kill();
    signalProcess(guard, "SIGKILL");
    await nothingRuns(paths);
    assert.match(readFileSync(paths.serverLog, "utf8"), /Server Exiting/);
  });

  it("a stopped server does not keep the broker from ending", async () => {
    const paths = newWorkspace();
    const broker = await hold(paths);
    const { server } = await serving(paths);
    assert.ok(server);
    signalProcess(server, "SIGSTOP");
    await broker.release();
    assert.ok(isDown(paths));
    assert.match(readFileSync(paths.serverLog, "utf8"), /Server Exiting/, "it ended by itself, not by being killed");
  });
});

describe("a guard that is told to end", () => {
  it("a guard waits on SIGTERM for its holders, which may be ending too", async () => {
    const paths = newWorkspace();
    const coordinator = await holdElsewhere(paths, { kind: "coordinator" });
    const { guard } = await serving(paths);
    signalProcess(guard, "SIGTERM");
    await eventually("the guard has heard it", () => readFileSync(paths.brokerLog, "utf8").includes("got SIGTERM"));
    await storeMessages(paths, 2);
    await coordinator.kill();
    await nothingRuns(paths);
    assert.ok(!existsSync(paths.brokerLock));
  });

  it("a guard ends at once on SIGINT; a coordinator that needs it starts another", async () => {
    const paths = newWorkspace();
    const broker = await hold(paths);
    await storeMessages(paths, 2);
    const { guard } = await serving(paths);
    signalProcess(guard, "SIGINT");
    await eventually("it ends", () => !isAlive(guard));
    assert.equal((await serving(paths)).url, broker.url);
    await assertStored(paths, 2);
    await broker.release();
  });
});
