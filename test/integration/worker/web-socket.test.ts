import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { joiningOf } from "../../../coordinator/endpoint/join-lines.ts";
import { readRoleSecret } from "../../../shared/broker/access/credentials.ts";
import { runningBroker } from "../../../shared/broker/server/broker-info.ts";
import { endProcess } from "../../../shared/broker/server/tied-process.ts";
import { connectAs } from "../../../shared/broker/workspace-link.ts";
import { exitCode } from "../../../shared/errors.ts";
import { serving } from "../../support/broker/brokers.ts";
import { httpProxy } from "../../support/broker/http-proxy.ts";
import { holdPort } from "../../support/broker/ports.ts";
import { eventually, patienceMs } from "../../support/patience.ts";
import { nexus } from "../../support/processes/nexus-command.ts";
import { type Program, Swarm } from "../../support/processes/swarm.ts";

const swarm = new Swarm();
const port = await holdPort("0.0.0.0");
const noProxy = { HTTPS_PROXY: "", https_proxy: "", NO_PROXY: "", no_proxy: "" };
before(() => swarm.coordinator(["--lease", "5", "--listen-wss", `0.0.0.0:${port}`]));
after(() => swarm.end());

/** The join line for WebSockets that the coordinator shows, with another host. */
function line(host: string): string {
  const [command = ""] = joiningOf(swarm.paths)?.commands ?? [];
  assert.match(command, /^nexus-worker "wss:\/\/[^@]+@[^#]+#sha256=[\w-]{43}"$/);
  return command.replace(/^nexus-worker "(.*)"$/, "$1").replace(/@[^/]+/, `@${host}:${port}`);
}

const join1 = (text: string, name: string, env: NodeJS.ProcessEnv, more: readonly string[] = []): Program =>
  swarm.run("worker/main.js", [text, "--name", name, "--slots", "1", ...more], { ...noProxy, ...env });

async function leave(worker: Program): Promise<void> {
  worker.child.kill("SIGTERM");
  assert.equal((await worker.exited()).code, 0, worker.output());
}

describe("a worker with nothing but port 443", () => {
  test("a worker joins by WebSocket, and comes back when the server does", async () => {
    const worker = join1(line("127.0.0.9"), "direct", {});
    const job = await swarm.submit(swarm.probeSpec("direct", { total_runs: 4000 }, { seconds: 0.3, reports: 2 }));
    await swarm.when("a run is done", job, ({ ended }) => ended > 0);
    const { server } = runningBroker(swarm.paths) ?? {};
    const { ended: before } = await swarm.table(job);
    assert.ok(server);
    await endProcess(server, "SIGKILL", patienceMs);
    await serving(swarm.paths);
    await swarm.when("it goes on", job, ({ ended }) => ended > before + 1);
    await leave(worker);
  });

  test("a WebSocket goes through a proxy that alone knows the host, and again when that dropped it", async () => {
    const proxy = await httpProxy({ "lab.invalid": "127.0.0.1" });
    const worker = join1(line("lab.invalid"), "behind", { HTTPS_PROXY: proxy.url });
    const job = await swarm.submit(swarm.probeSpec("behind", { total_runs: 4000 }, { seconds: 0.3, reports: 2 }));
    await swarm.when("a run is done", job, ({ ended }) => ended > 0);
    const { asked } = proxy;
    assert.deepEqual([...new Set(asked)], [`lab.invalid:${port}`]);
    const visits = asked.length;
    proxy.drop();
    await eventually("it asks the proxy again", () => asked.length > visits);
    const { ended: before } = await swarm.table(job);
    await swarm.when("it goes on", job, ({ ended }) => ended > before + 1);
    await leave(worker);

    const excepted = join1(line("localhost"), "behind", { HTTPS_PROXY: proxy.url, NO_PROXY: "example.org,localhost" });
    const seen = asked.length;
    await eventually("it lends its slot", () => excepted.output().includes("lends 1 slot"), { seen: excepted.output });
    assert.equal(asked.length, seen);
    await leave(excepted);
  });

  test("a worker by WebSocket is told of a proxy that shuts it out, and of a server it does not know", async () => {
    const proxy = await httpProxy();
    const stranger = join1(line("127.0.0.1"), "shut-out", { HTTPS_PROXY: proxy.url.replace("ann", "bob") }, [
      "--wait",
      "0",
    ]);
    assert.equal((await stranger.exited()).code, exitCode.unreachable, stranger.output());
    assert.match(
      stranger.output(),
      /the proxy 127\.0\.0\.1 answered 407: it lets no connection to 127\.0\.0\.1:\d+ through/,
    );
    const wrong = join1(line("127.0.0.1").replace(/#.*/, `#sha256=${"A".repeat(43)}`), "misled", {});
    assert.equal((await wrong.exited()).code, exitCode.usage, wrong.output());
    assert.match(wrong.output(), /it shows the fingerprint .* nothing was sent to it/);
    const unknown = join1(line("127.0.0.1").replace(/#.*/, ""), "misled", {});
    assert.equal((await unknown.exited()).code, exitCode.usage, unknown.output());
    assert.match(unknown.output(), /a private authority signed its certificate/);
  });
});

test("the line for WebSockets is shown beside that of a listener for all machines", async () => {
  const both = new Swarm();
  const [listen, wss] = [await holdPort("0.0.0.0"), await holdPort("0.0.0.0")];
  const flags = ["--listen", `0.0.0.0:${listen}`, "--listen-wss", `0.0.0.0:${wss}`, "--show-line"];
  const coordinator = await both.coordinator(flags);
  await eventually("it prints both", () => coordinator.output().includes("holds until"), { seen: coordinator.output });
  assert.match(
    coordinator.output(),
    new RegExp(
      `run: nexus-worker "tls://\\S+"\\n {2}or, where no other port is open: nexus-worker "wss://[^/]+:${wss}/ws1#`,
    ),
  );
  const invited = await nexus(["invite"], both.folder);
  assert.equal(invited.code, exitCode.done, invited.stderr);
  assert.match(invited.stdout, /tls:.*\n.*wss:/);
  assert.match(invited.stderr, /Both lines lead here; the wss:\/\/ one uses WebSockets/);
  await both.end();
});

test("a viewer connects by WebSocket, and messages of any size pass", async () => {
  const [, fragment = ""] = line("127.0.0.1").split("#");
  const url = `wss://127.0.0.1:${port}#${fragment}`;
  const bus = await connectAs(url, readRoleSecret(swarm.paths, "coordinator"), "coordinator");
  const big = new Uint8Array(900_000).fill(7);
  const stop = bus.respond("test.echo", (_, data, reply) => reply(data));
  await bus.flush();
  assert.ok(Buffer.from(big).equals(await bus.request("test.echo", big, patienceMs)));
  stop();
  await bus.close();
  assert.ok(readFileSync(swarm.paths.serverConfiguration, "utf8").includes("websocket {"));
});
