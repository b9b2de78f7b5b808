import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { livingEndpoint } from "../../../coordinator/endpoint/endpoint.ts";
import { joiningOf } from "../../../coordinator/endpoint/join-lines.ts";
import { runningBroker } from "../../../shared/broker/server/broker-info.ts";
import { exitCode } from "../../../shared/errors.ts";
import { holdPort } from "../../support/broker/ports.ts";
import { TcpProxy } from "../../support/broker/proxy.ts";
import { rogueServer } from "../../support/broker/rogue-server.ts";
import { atEnd } from "../../support/cleanup.ts";
import { eventually } from "../../support/patience.ts";
import { nexus } from "../../support/processes/nexus-command.ts";
import { type Program, Swarm } from "../../support/processes/swarm.ts";

const says = (program: Program, words: string | RegExp): Promise<true> =>
  eventually(`it says ${words}`, () => program.output().match(words) !== null, { seen: program.output });

async function leave(worker: Program): Promise<void> {
  worker.child.kill("SIGTERM");
  assert.equal((await worker.exited()).code, 0, worker.output());
}

async function stop(coordinator: Program): Promise<void> {
  coordinator.child.kill("SIGTERM");
  assert.equal((await coordinator.exited()).code, 0, coordinator.output());
}

describe("a worker started before its coordinator", () => {
  test("a worker started first waits for the coordinator on its own machine, and says so once", async () => {
    const swarm = new Swarm();
    const worker = swarm.run("worker/main.js", ["--slots", "1"]);
    await says(worker, /no coordinator of workspace ws1 runs on this machine.*\n(.*\n)*.*waiting; Ctrl-C/);
    await swarm.coordinator();
    await says(worker, "lends 1 slot");
    assert.equal(worker.output().match(/waiting; Ctrl-C/g)?.length, 1, worker.output());
    await swarm.end();
  });

  test("a worker started first works although nobody reads any more what it prints", async () => {
    const swarm = new Swarm();
    const worker = swarm.run("worker/main.js", ["--slots", "1", "--name", "unread"]);
    await says(worker, "waiting; Ctrl-C");
    worker.child.stdout?.destroy();
    worker.child.stderr?.destroy();
    await swarm.coordinator();
    const listed = async (): Promise<boolean> =>
      (await nexus(["list", "workers"], swarm.folder)).stdout.includes("unread");
    await eventually("it has joined", listed, { seen: worker.output });
    await leave(worker);
    await swarm.end();
  });

  test("a worker started first waits with a line that is not used yet, and again once it is enrolled", async () => {
    const swarm = new Swarm();
    const port = await holdPort("127.0.0.1");
    const flags = ["--listen", `127.0.0.1:${port}`];
    const first = await swarm.coordinator(flags);
    const line = livingEndpoint(swarm.paths)?.joinLine ?? "";
    await stop(first);
    const early = swarm.run("worker/main.js", [line, "--name", "early", "--slots", "1"]);
    await says(early, "waiting; Ctrl-C ends that");
    const second = await swarm.coordinator(flags);
    await says(early, "early lends 1 slot");
    await leave(early);
    await stop(second);
    // It joins with its key, by a line without a code.
    const known = swarm.run("worker/main.js", [line.replace(/[^/@]+@/, ""), "--name", "early", "--slots", "1"]);
    await says(known, "waiting; Ctrl-C");
    const third = await swarm.coordinator(flags);
    await says(known, "early lends 1 slot");
    await leave(known);
    assert.doesNotMatch(known.output(), /enrolling/);

    // It has a key that the broker has forgotten meanwhile.
    for (const verb of ["revoke", "forget"])
      assert.equal((await nexus(["workers", verb, "early", "--yes"], swarm.folder)).code, exitCode.done);
    const anew = livingEndpoint(swarm.paths)?.joinLine ?? "";
    await stop(third);
    const forgotten = swarm.run("worker/main.js", [anew, "--name", "early", "--slots", "1"]);
    await says(forgotten, "waiting; Ctrl-C");
    const fourth = await swarm.coordinator(flags);
    await says(forgotten, /enrolling at .*\n(.*\n)*early lends 1 slot/);
    await leave(forgotten);
    await stop(fourth);

    const impatient = swarm.run("worker/main.js", [line, "--name", "other", "--wait", "0"]);
    assert.equal((await impatient.exited()).code, exitCode.unreachable, impatient.output());
    assert.doesNotMatch(impatient.output(), /waiting/);
    const brief = swarm.run("worker/main.js", [line, "--name", "other", "--wait", "0.5"]);
    assert.equal((await brief.exited()).code, exitCode.unreachable, brief.output());
    const vague = swarm.run("worker/main.js", [line, "--wait", "soon"]);
    assert.equal((await vague.exited()).code, exitCode.usage, vague.output());
    assert.match(vague.output(), /Expected a time such as 90, 30s, 10min, 2h or 7d/);
  });
});

describe("a join line with several addresses", () => {
  const swarm = new Swarm();
  let listen = 0;
  before(async () => {
    listen = await holdPort("0.0.0.0");
    await swarm.coordinator(["--lease", "6", "--listen", `0.0.0.0:${listen}`]);
  });
  after(async () => {
    await swarm.end();
  });
  const lineFor = (...addresses: string[]): string =>
    (livingEndpoint(swarm.paths)?.joinLine ?? "").replace(/@[^/]+/, `@${addresses.join(",")}`);
  const proxied = async (): Promise<TcpProxy> => {
    const proxy = await TcpProxy.start(() => listen);
    atEnd(() => proxy.close());
    return proxy;
  };

  test("a join line leads past addresses that say nothing, refuse, or are somebody else's", async () => {
    // Accepts connections and sends nothing.
    const mute = createServer((socket) => socket.on("error", () => undefined));
    mute.listen(0, "127.0.0.1");
    await once(mute, "listening");
    atEnd(() => void mute.close());
    const muteAddress = mute.address();
    const mutePort = typeof muteAddress === "object" ? muteAddress?.port : 0;
    const rogue = await rogueServer();
    const line = lineFor(
      "192.0.2.77:4222",
      `127.0.0.1:${mutePort}`,
      `127.0.0.1:${rogue.port}`,
      `127.0.0.1:${await holdPort("127.0.0.1")}`,
      `127.0.0.1:${listen}`,
    );
    const worker = swarm.run("worker/main.js", [line, "--name", "seeker", "--slots", "1"]);
    await says(worker, "seeker lends 1 slot");
    assert.ok(!rogue.heard().includes("CONNECT"), "somebody else's server heard no word");
    const job = await swarm.submit(swarm.probeSpec("found", { total_runs: 2 }));
    await swarm.when("it works", job, ({ state }) => state === "completed");
    await leave(worker);
  });

  test("a join line's next address leads on when one falls silent in sleep; only lost runs are let go", async () => {
    const [first, second] = [await proxied(), await proxied()];
    const line = lineFor(`127.0.0.1:${first.port}`, `127.0.0.1:${second.port}`);
    const sleeper = swarm.run("worker/main.js", [line, "--name", "sleeper", "--slots", "2"]);
    await says(sleeper, "sleeper lends 2 slots");
    const job = await swarm.submit(swarm.probeSpec("asleep", { total_runs: 2 }, { seconds: 600, reports: 6000 }));
    const both = await swarm.when("both runs are its", job, ({ running }) => running === 2);
    assert.equal(both.trials.length, 2);
    process.kill(sleeper.pid, "SIGSTOP");
    const stoodAt = performance.now();
    first.cut();
    // It has one slot, so the second run waits for whoever asks first.
    const waker = swarm.worker("waker", ["--slots", "1"]);
    const moved = await swarm.when("one run has moved", job, ({ trials }) =>
      [...trials].some((trial) => trial.attempts.at(-1)?.worker === "waker"),
    );
    const movedTrial = [...moved.trials].find((trial) => trial.attempts.at(-1)?.worker === "waker");
    // A worker notices that it stood still if it did for eight seconds or more.
    await delay(stoodAt + 8500 - performance.now());
    process.kill(sleeper.pid, "SIGCONT");
    await says(sleeper, /the machine slept, or this program stood still, for \d+ s: it asks what it still holds/);
    const after = await swarm.when("the other goes on where it was", job, ({ trials }) =>
      [...trials].some((trial) => trial.n !== movedTrial?.n && (trial.attempts.at(-1)?.attempt ?? 0) > 1),
    );
    const kept = [...after.trials].find((trial) => trial.n !== movedTrial?.n);
    assert.equal(kept?.attempts.at(-1)?.worker, "sleeper");
    await eventually("it let go of the run that moved", () => sleeper.output().match(/stopped|holds/) !== null, {
      seen: sleeper.output,
    });
    assert.equal((await nexus(["cancel", job, "--yes"], swarm.folder)).code, exitCode.done);
    await leave(sleeper);
    await leave(waker);
  });

  test("a join line with one name leads on when that name gets another address", async () => {
    const before = await TcpProxy.start(() => listen);
    const hosts = join(swarm.folder, "hosts");
    const name = (address: string): void => writeFileSync(hosts, `127.0.0.1 localhost\n${address} lab.test\n`);
    name("127.0.0.1");
    const wrapped = ["unshare", "--mount", "sh", "-c", `mount --bind ${hosts} /etc/hosts && exec "$@"`, "sh"];
    const { port } = before;
    const worker = swarm.run(
      "worker/main.js",
      [lineFor(`lab.test:${port}`), "--name", "named", "--slots", "1"],
      {},
      wrapped,
    );
    await says(worker, "named lends 1 slot");
    // The same port on another loopback address.
    const moved = await TcpProxy.start(() => listen, { host: "127.0.0.2", port });
    atEnd(() => moved.close());
    name("127.0.0.2");
    await before.close();
    const job = await swarm.submit(swarm.probeSpec("renamed", { total_runs: 2 }));
    await swarm.when("it works at the new address", job, ({ state }) => state === "completed");
    await leave(worker);
  });
});

test("the line for a tunnel is shown beside the one for this machine on loopback, and works", async () => {
  const swarm = new Swarm();
  await swarm.coordinator(["--show-line"]);
  const joining = joiningOf(swarm.paths);
  const port = runningBroker(swarm.paths)?.port;
  const { ssh = "", command = "" } = joining?.tunnel ?? {};
  assert.match(ssh, new RegExp(`^ssh -N -L ${port}:127\\.0\\.0\\.1:${port} \\S+@\\S+$`));
  const tunnel = await TcpProxy.start(() => port ?? 0);
  atEnd(() => tunnel.close());
  const line = command.replace("nexus-worker ", "").replace(`:${port}/`, `:${tunnel.port}/`);
  const worker = swarm.run("worker/main.js", [line, "--name", "far", "--slots", "1"]);
  await says(worker, "far lends 1 slot");
  const invited = await nexus(["invite", "--json"], swarm.folder);
  assert.equal((JSON.parse(invited.stdout) as { tunnel: string }).tunnel, ssh);
  await swarm.end();
});
