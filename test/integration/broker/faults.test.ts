import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { Socket } from "node:net";
import { describe, test } from "node:test";
import { livingEndpoint } from "../../../coordinator/endpoint/endpoint.ts";
import { readRoleSecret } from "../../../shared/broker/access/credentials.ts";
import { connectBus } from "../../../shared/broker/client/connect.ts";
import { runningBroker } from "../../../shared/broker/server/broker-info.ts";
import { ensureStreams } from "../../../shared/broker/store/streams.ts";
import { connectAs } from "../../../shared/broker/workspace-link.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import type { JobName } from "../../../shared/domain/names.ts";
import { BrokerError } from "../../../shared/errors.ts";
import { pause } from "../../../shared/time/deadline.ts";
import { streams } from "../../../shared/wire/subjects.ts";
import { startNatsServer } from "../../support/broker/nats-server.ts";
import { holdPort } from "../../support/broker/ports.ts";
import { TcpProxy } from "../../support/broker/proxy.ts";
import { eventually } from "../../support/patience.ts";
import { assertExactly, Swarm } from "../../support/processes/swarm.ts";

/** No lease may run out in any of these tests. */
const lease = ["--lease", "60"];

/** Pid of the nats-server of this swarm. */
function serverPid(swarm: Swarm): number {
  const info: unknown = JSON.parse(readFileSync(swarm.paths.brokerInfo, "utf8"));
  const { server } = info as { server: { pid: number } };
  return server.pid;
}

/** This process's own connections to a port; node offers no other way to find them. */
const socketsTo = (port: number): Socket[] =>
  (process as unknown as { _getActiveHandles(): object[] })
    ._getActiveHandles()
    .filter((handle) => handle instanceof Socket)
    .filter(({ remotePort }) => remotePort === port);

/** The completed job's table. Reads fail while the broker is away, and are repeated. */
const completed = (swarm: Swarm, job: JobName): Promise<RunTable> =>
  eventually("the job is completed", async () => {
    const now = await swarm.table(job).catch(() => undefined);
    return now?.state === "completed" ? now : undefined;
  });

describe("the broker ends or stalls in mid-search", { concurrency: 2 }, () => {
  test("SIGKILL of the broker in mid-search: everybody reconnects and exactly total_runs end", async () => {
    const swarm = new Swarm();
    await swarm.coordinator(lease);
    const job = await swarm.submit(
      swarm.probeSpec("unplugged", { total_runs: 40, hp_tuning: "dgd" }, { seconds: 0.2 }),
    );
    swarm.worker("one", ["--slots", "2"]);
    swarm.worker("two", ["--slots", "2"]);
    await swarm.when("a few are done", job, ({ ended }) => ended >= 8);
    process.kill(serverPid(swarm), "SIGKILL");
    const table = await completed(swarm, job);
    assertExactly(table, 40);
    await swarm.verify();
    await swarm.end();
  });

  test("after an upgrade on another port, workers that know the old port go on", async () => {
    const swarm = new Swarm();
    const first = await swarm.coordinator([...lease, "--linger", "0"]);
    const job = await swarm.submit(swarm.probeSpec("moved", { total_runs: 24, hp_tuning: "dgd" }, { seconds: 0.3 }));
    swarm.worker("one", ["--slots", "2"]);
    await swarm.when("a few are done", job, ({ ended }) => ended >= 4);
    const before = livingEndpoint(swarm.paths)?.url ?? "";
    first.child.kill("SIGTERM");
    await first.exited();
    await swarm.coordinator([...lease, "--listen", `127.0.0.1:${await holdPort()}`]);
    assert.notEqual(livingEndpoint(swarm.paths)?.url, before);
    assertExactly(await swarm.when("the job is completed", job, ({ state }) => state === "completed"), 24);
    await swarm.verify();
    await swarm.end();
  });

  for (const [signal, title] of [
    ["SIGTERM", "SIGTERM of the broker in mid-search: its guard starts it again"],
    ["SIGSTOP", "SIGSTOP of the broker in mid-search: everybody waits and then goes on"],
  ] as const) {
    test(title, async () => {
      const swarm = new Swarm();
      await swarm.coordinator(lease);
      const job = await swarm.submit(swarm.probeSpec("paused", { total_runs: 24, hp_tuning: "dgd" }, { seconds: 0.3 }));
      swarm.worker("one", ["--slots", "2"]);
      await swarm.when("a few are done", job, ({ ended }) => ended >= 4);
      process.kill(serverPid(swarm), signal);
      if (signal === "SIGSTOP") {
        await pause(6000); // longer than a leader may be silent
        process.kill(serverPid(swarm), "SIGCONT");
      }
      const table = await completed(swarm, job);
      assertExactly(table, 24);
      assert.ok(
        [...table.trials].every(({ charged }) => charged === 0),
        "a loss while the broker was away was charged",
      );
      await swarm.verify();
      await swarm.end();
    });
  }

  test("a starting coordinator waits for a stalled broker, but not for one without JetStream", async () => {
    const server = await startNatsServer();
    const bus = await connectBus({ url: server.url, credentials: {}, name: "test" });
    server.freeze();
    const making = ensureStreams(bus, null, 1);
    await pause(5000); // longer than a question to JetStream may take
    server.thaw();
    await making;
    assert.equal(await bus.lastSeq(streams.journal), 0);
    await bus.close();
    await server.stop();

    const plain = await startNatsServer({ hasJetStream: false });
    const other = await connectBus({ url: plain.url, credentials: {}, name: "test" });
    await assert.rejects(ensureStreams(other, null, 1), (error) => {
      assert.ok(error instanceof BrokerError);
      assert.match(error.message, /nobody answered[\s\S]*JetStream, then start again/);
      return true;
    });
    await other.close();
    await plain.stop();
  });

  test("closing a connection while the broker ends raises no error, even in mid-read or mid-store", async () => {
    const swarm = new Swarm();
    await swarm.coordinator(lease);
    const { port = 0 } = runningBroker(swarm.paths) ?? {};
    // Defects of the client at such a moment would show as uncaught errors, or keep this file from ending.
    for (let turns = 0; turns < 12; turns += 1) {
      const proxy = await TcpProxy.start(() => port);
      const url = `nats://127.0.0.1:${proxy.port}`;
      const bus = await connectAs(url, readRoleSecret(swarm.paths, "viewer"), "viewer");
      const reading = await bus.read(streams.journal, 1, () => undefined);
      await reading.caughtUp;
      const [socket] = socketsTo(proxy.port);
      assert.ok(socket);
      const ended = once(socket, "end");
      proxy.drop();
      await ended;
      for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => process.nextTick(resolve));
      await bus.close();
      assert.equal(bus.isConnected(), false);
      await proxy.close();
    }
    await swarm.end();
  });

  test("over a slow, dropping network nothing is lost or counted twice, and no lease runs out", async () => {
    const swarm = new Swarm();
    await swarm.coordinator(lease);
    const proxy = await TcpProxy.start(() => runningBroker(swarm.paths)?.port ?? 1);
    const job = await swarm.submit(swarm.probeSpec("slow", { total_runs: 24, hp_tuning: "dgd" }, { seconds: 1.5 }));
    const line = livingEndpoint(swarm.paths)?.joinLine.replace(/:\d+\//, `:${proxy.port}/`) ?? "";
    swarm.run("worker/main.js", [line, "--name", "far", "--slots", "4"]);
    await swarm.when("it holds some", job, ({ running }) => running >= 2);
    proxy.slow(150); // 0.3 s for each question, 0.6 s to connect
    try {
      for (const least of [4, 12]) {
        await swarm.when(`${least} runs have ended`, job, ({ ended }) => ended >= least);
        proxy.drop();
      }
      const table = await swarm.when("the job is completed", job, ({ state }) => state === "completed");
      assertExactly(table, 24);
      assert.equal(table.lost, 0);
      await swarm.verify();
    } finally {
      await swarm.end();
      await proxy.close();
    }
  });
});
