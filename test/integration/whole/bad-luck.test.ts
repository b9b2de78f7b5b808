import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { livingEndpoint } from "../../../coordinator/endpoint/endpoint.ts";
import { newInviteCode } from "../../../shared/broker/access/invite-code.ts";
import { type BrokerInfo, runningBroker } from "../../../shared/broker/server/broker-info.ts";
import { exitCode } from "../../../shared/errors.ts";
import { isAlive } from "../../../shared/machine/process-identity.ts";
import { holdPort } from "../../support/broker/ports.ts";
import { atEnd } from "../../support/cleanup.ts";
import { pathsBelow } from "../../support/living-tree.ts";
import { eventually } from "../../support/patience.ts";
import { processesNaming } from "../../support/process-list.ts";
import { untilOpen } from "../../support/processes/gated-program.ts";
import { nexus } from "../../support/processes/nexus-command.ts";
import { writeProgramSpec } from "../../support/processes/probe-spec.ts";
import { type Program, Swarm } from "../../support/processes/swarm.ts";

/** Checks that the program ends by itself with this code and these words, without a stack trace. */
async function endsSaying(program: Program, code: number, ...parts: readonly (string | RegExp)[]): Promise<void> {
  await eventually("it ends", () => program.child.exitCode !== null, { seen: program.output });
  const output = program.output();
  assert.deepEqual(await program.exited(), { code, signal: null }, output);
  for (const part of parts) assert.ok(output.match(part), `${part} in: ${output}`);
  assert.doesNotMatch(output, /^ {4}at |this is a bug/m);
}

describe("with nothing there", () => {
  const swarm = new Swarm();

  test("an order where nothing runs says what to start, and leaves no workspace behind", async () => {
    const { code, stdout, stderr } = await nexus(["run", swarm.probeSpec("early", { total_runs: 2 })], swarm.folder);
    assert.equal(code, exitCode.unreachable);
    assert.equal(stderr, "no coordinator answers in workspace ws1; start one: nexus-coord\n");
    assert.equal(stdout, "");
    assert.ok(!existsSync(join(swarm.folder, "launched_job_spec.yaml")), "nothing was launched");
    assert.ok(!existsSync(swarm.paths.dir));
  });

  test("a view where nothing runs says what to start", async () => {
    const view = swarm.run("coordinator/main.js", ["watch"]);
    await endsSaying(
      view,
      exitCode.unreachable,
      "no coordinator and no store on this machine",
      "start one: nexus-coord",
    );
    const stop = swarm.run("coordinator/main.js", ["stop"]);
    await endsSaying(stop, exitCode.done, "no coordinator of ws1 runs on this machine");
  });

  test("a worker without a join line says where to get one", async () => {
    await endsSaying(
      swarm.run("worker/main.js", ["--wait", "0"]),
      exitCode.unreachable,
      "no join line was given",
      "nexus-coord prints it",
    );
  });

  test("commands, coordinators and workers say that no broker is where --nats or the join line points", async () => {
    const nats = ["--nats", `nats://127.0.0.1:${await holdPort()}`];
    const list = await nexus(["list", "jobs", ...nats], swarm.folder);
    assert.equal(list.code, exitCode.unreachable);
    assert.match(list.stderr, /^nats:\/\/127\.0\.0\.1:\d+: no NATS server answers there \(.*\)\n$/);
    const coordinator = swarm.run("coordinator/main.js", ["--headless", ...nats]);
    await endsSaying(coordinator, exitCode.unreachable, "no NATS server answers there");
    const code = newInviteCode(Date.now() + 60_000);
    const worker = swarm.run("worker/main.js", [
      `nats://${code}@127.0.0.1:${await holdPort()}/ws1`,
      "--name",
      "lab",
      "--wait",
      "0",
    ]);
    await endsSaying(worker, exitCode.unreachable, "no NATS server answers there", "is the coordinator running");
  });

  test("a coordinator without nats-server says so in one sentence, also in the background, and ends", async () => {
    const env = { NATS_SERVER: "/nonexistent" };
    const sentence =
      "NATS_SERVER=/nonexistent is not a nats-server that runs here; correct it, or unset it to search for one\n";
    for (const args of [["--headless"], []]) {
      const program = swarm.run("coordinator/main.js", args, env);
      await endsSaying(program, exitCode.unreachable);
      assert.equal(program.output(), sentence);
    }
    await eventually("nothing runs", () => processesNaming(swarm.folder).length === 0);
  });

  test("a coordinator names a port that is taken, and what to type, also in the background", async () => {
    const { port, close } = await occupiedPort();
    for (const args of [["--headless"], []]) {
      const program = swarm.run("coordinator/main.js", [...args, "--listen", `127.0.0.1:${port}`]);
      const sentence = `port ${port} on 127.0.0.1 is taken by another program; choose another, for example --listen 127.0.0.1:`;
      await endsSaying(program, exitCode.unreachable, sentence);
    }
    close();
    await eventually("nothing runs", () => processesNaming(swarm.folder).length === 0);
  });
});

describe("what a worker is told wrong", () => {
  const swarm = new Swarm();
  let url = "";
  after(() => swarm.end());
  before(async () => {
    await swarm.coordinator();
    url = livingEndpoint(swarm.paths)?.url ?? "";
  });
  const joinBy = (line: string): Program => swarm.run("worker/main.js", [line, "--name", "lab"]);
  const withCode = (code: string): string => `${url.replace("//", `//${code}@`)}/ws1`;

  test("a worker shows what a join line looks like if it was given something else", async () => {
    const example = "expected tls://CODE@192.0.2.7:4222/ws1#sha256=...";
    await endsSaying(joinBy("lab3"), exitCode.usage, '"lab3" is not a join line', example);
    await endsSaying(joinBy("http://code@lab3:4222/ws1"), exitCode.usage, "begins with http://", example);
    await endsSaying(joinBy("nats://code@lab3:4222/No%20Name"), exitCode.usage, "names the workspace", example);
  });

  test("a worker whose join line has a wrong code or none says where to get the right line", async () => {
    const askAnew = "ask the person who runs the coordinator for a new line: nexus invite";
    await endsSaying(
      joinBy(withCode("wrong")),
      exitCode.usage,
      "mistyped: the code before the @ is not valid;",
      askAnew,
    );
    const old = joinBy(withCode("RZw71GnLNhStrB3g-wirk7CB"));
    await endsSaying(old, exitCode.usage, "this join line is of an earlier version", askAnew);
    const others = joinBy(withCode(newInviteCode(Date.now() + 60_000)));
    await endsSaying(others, exitCode.usage, "knows no such invitation: it was used up or withdrawn", askAnew);
    const expired = joinBy(withCode(newInviteCode(Date.now() - 60_000)));
    await endsSaying(expired, exitCode.usage, "this join line expired at 20", "by this machine's clock", askAnew);
    await endsSaying(joinBy(`${url}/ws1`), exitCode.usage, "the join line has no code", "as nexus-coord prints it");
    assert.deepEqual([...(await swarm.state()).workers.keys()], [], "nobody joined");
  });

  test("a worker with a name that cannot be one is told the nearest that can", async () => {
    const worker = swarm.run("worker/main.js", [withCode("any"), "--name", "Lab PC"]);
    await endsSaying(worker, exitCode.usage, "--name Lab PC", "for example lab-pc");
  });

  test("the name of a running worker is refused, and a worker without a name finds a free one", async () => {
    const first = swarm.worker("lab");
    await eventually("the first has joined", () => first.output().includes("lab lends"));
    await endsSaying(
      swarm.worker("lab"),
      exitCode.usage,
      "a worker called lab is already running",
      `process ${first.pid}`,
    );
    const line = livingEndpoint(swarm.paths)?.joinLine ?? "";
    const [one, two] = [swarm.run("worker/main.js", [line]), swarm.run("worker/main.js", [line])];
    const nameOf = (program: Program): Promise<string> =>
      eventually("it has joined", () => /^(\S+) lends /m.exec(program.output())?.[1]);
    const [a, b] = (await Promise.all([nameOf(one), nameOf(two)])).sort();
    assert.equal(b, `${a}-2`);
    assert.equal(first.child.exitCode, null, "the first was not disturbed");
  });
});

describe("wrong credentials for a broker that exists already", () => {
  const swarm = new Swarm();
  const wrong = join(swarm.folder, "wrong.json");
  let url = "";
  after(() => swarm.end());
  before(async () => {
    await swarm.coordinator();
    url = livingEndpoint(swarm.paths)?.url ?? "";
    writeFileSync(wrong, JSON.stringify({ user: "viewer", password: "wrong" }));
  });
  const refused = "the broker refused the credentials; check --creds";

  test("commands with wrong credentials are refused by an existing broker, and say so in one line", async () => {
    const spec = swarm.probeSpec("spec", { total_runs: 2 });
    for (const words of [
      ["list", "jobs"],
      ["list", "runs"],
      ["run", spec],
    ]) {
      for (const credentials of [[], ["--creds", wrong]]) {
        const { code, stdout, stderr } = await nexus(["--nats", url, ...credentials, ...words], swarm.folder);
        assert.equal(code, exitCode.unreachable, stderr);
        assert.ok(stderr.startsWith(`${url}: ${refused}`), stderr);
        assert.match(stderr, /^[^\n]+\n$/);
        assert.equal(stdout, "");
      }
    }
    assert.equal((await swarm.state()).jobs.size, 0, "nothing was submitted");
  });

  test("a command says what it expected of a file that holds no credentials, or is not there", async () => {
    writeFileSync(join(swarm.folder, "notes.txt"), "no credentials");
    const none = await nexus(["list", "jobs", "--nats", url, "--creds", "notes.txt"], swarm.folder);
    assert.equal(none.code, exitCode.usage);
    assert.match(
      none.stderr,
      /^--creds notes\.txt: expected \{"user": \.\.\., "password": \.\.\.\} as JSON, or a \.creds file/,
    );
    const missing = await nexus(["list", "jobs", "--nats", url, "--creds", "nothing.json"], swarm.folder);
    assert.equal(missing.code, exitCode.usage);
    assert.match(missing.stderr, /^--creds nothing\.json: cannot be read/);
  });

  test("a coordinator with wrong credentials is refused, in the foreground and in the background", async () => {
    for (const args of [["--headless"], []]) {
      const all = [...args, "--workspace", "other", "--nats", url, "--creds", wrong];
      await endsSaying(swarm.run("coordinator/main.js", all), exitCode.unreachable, refused);
    }
  });

  test("a worker with wrong credentials is refused by an existing broker", async () => {
    const worker = swarm.run("worker/main.js", [`${url}/ws1`, "--creds", wrong, "--name", "lab"]);
    await endsSaying(worker, exitCode.unreachable, "refused the credentials");
  });
});

describe("a second coordinator", () => {
  test("a second coordinator stands by on the same broker, and leads once the first is told to stop", async () => {
    const swarm = new Swarm();
    const first = await swarm.coordinator();
    const worker = swarm.worker("lab", ["--slots", "1"]);
    const second = swarm.standby();
    await eventually("the second stands by", () => swarm.log().includes("standing by: another coordinator leads"));
    const before = livingEndpoint(swarm.paths);
    assert.equal(before?.coordinator.pid, first.pid);
    const stop = swarm.run("coordinator/main.js", ["stop"]);
    await endsSaying(stop, exitCode.done, "the coordinator of ws1 has ended");
    const after = await eventually("the second leads", () => livingEndpoint(swarm.paths));
    assert.equal(after.coordinator.pid, second.pid);
    const said = (broker: RegExp, rest: readonly string[]): RegExp =>
      new RegExp(`^workspace ws1; its broker listens on ${broker.source}\nits log: .*\n${rest.join("\n")}\n$`);
    const join = "on this machine, run: nexus-worker";
    assert.match(first.output(), said(/127\.0\.0\.1:\d+/, [join]));
    await eventually("the second has said so", () => second.output().includes(join));
    const standing = `standing by: another coordinator leads \\(process ${first.pid}\\); if it ends, .*: Ctrl-C`;
    const since = [standing, "this coordinator leads now", join];
    assert.match(second.output(), said(/127\.0\.0\.1:\d+/, since));
    assert.equal(after.joinLine, before?.joinLine, "workers find it where the first was");
    const job = await swarm.submit(swarm.probeSpec("after", { total_runs: 3, hp_tuning: "random" }));
    const table = await swarm.when("the job is completed", job, ({ state }) => state === "completed");
    assert.equal(table.ended, 3);
    assert.equal(worker.child.exitCode, null);
    await swarm.end();
  });
});

describe("a result that could not be delivered", () => {
  for (const [how, signal] of [
    ["was killed", "SIGKILL"],
    ["was told to end", "SIGTERM"],
  ] as const) {
    test(`a result that could not be delivered outlives its worker that ${how}, and counts once`, async (t) => {
      const swarm = new Swarm();
      const coordinator = await swarm.coordinator();
      const gate = join(swarm.folder, "gate");
      const spec = writeProgramSpec(swarm.folder, "spooled", { total_runs: 2, hp_tuning: false }, untilOpen(gate));
      const job = await swarm.submit(spec);
      const worker = swarm.worker("lab", ["--slots", "1"]);
      t.after(() => worker.child.kill("SIGKILL"));
      // The journal says so earlier, when the worker may still lack the job's text.
      await eventually("it runs", () => worker.output().includes("started"));
      const broker = runningBroker(swarm.paths);
      coordinator.child.kill("SIGKILL");
      await killBroker(broker);
      writeFileSync(gate, "");
      const isSpooled = (): boolean => lettersIn(swarm.folder).some((file) => file.includes(".result."));
      await eventually("the result is spooled", isSpooled);
      worker.child.kill(signal);
      // The broker may never come back, so ending a worker must not wait for it.
      await eventually("the worker ends", () => worker.child.exitCode ?? worker.child.signalCode ?? false);
      assert.ok(isSpooled());

      await swarm.coordinator();
      assert.equal((await swarm.table(job)).ended, 0, "nobody has the result but the spool");
      swarm.worker("lab", ["--slots", "1"]);
      const table = await swarm.when("the job is completed", job, ({ state }) => state === "completed");
      const [first] = table.trials;
      assert.equal(first?.status, "completed");
      assert.deepEqual(
        first?.attempts.map(({ attempt, worker: by }) => [attempt, by]),
        [[1, "lab"]],
        "the run was not repeated",
      );
      assert.deepEqual([table.ended, table.trials.length, table.late, table.lost], [2, 2, 0, 0]);
      await eventually("the spool is empty", () => lettersIn(swarm.folder).length === 0);
      await swarm.end();
    });
  }
});

/** Kills the guard, which restarts the server, and then the server. */
async function killBroker(broker: BrokerInfo | undefined): Promise<void> {
  assert.ok(broker?.server);
  for (const identity of [broker.guard, broker.server]) {
    if (isAlive(identity)) process.kill(identity.pid, "SIGKILL");
    await eventually("it is dead", () => !isAlive(identity));
  }
}

const lettersIn = (folder: string): string[] => pathsBelow(folder).filter((file) => file.endsWith(".letter"));

async function occupiedPort(): Promise<{ port: number; close(): void }> {
  const server = createServer();
  server.listen({ host: "127.0.0.1", port: 0 });
  await once(server, "listening");
  atEnd(() => server.close());
  const address = server.address();
  assert.ok(typeof address === "object" && address);
  return { port: address.port, close: () => void server.close() };
}
