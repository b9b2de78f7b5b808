import assert from "node:assert/strict";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { livingEndpoint } from "../../../coordinator/endpoint/endpoint.ts";
import { runningBroker } from "../../../shared/broker/server/broker-info.ts";
import { endProcess } from "../../../shared/broker/server/tied-process.ts";
import { ensureServerCertificate } from "../../../shared/broker/tls/authority.ts";
import { exitCode } from "../../../shared/errors.ts";
import { createWorkspace } from "../../../shared/machine/workspace.ts";
import { newWorkspace, serving } from "../../support/broker/brokers.ts";
import { CutOffHost } from "../../support/broker/cut-off-host.ts";
import { holdPort } from "../../support/broker/ports.ts";
import { type RogueServer, rogueServer } from "../../support/broker/rogue-server.ts";
import { eventually, patienceMs } from "../../support/patience.ts";
import { type Program, Swarm } from "../../support/processes/swarm.ts";

const host = new CutOffHost();
const swarm = new Swarm();
const port = await holdPort("0.0.0.0");
const coordinates = (): Promise<Program> => swarm.coordinator(["--lease", "5", "--listen", `0.0.0.0:${port}`]);
let coordinator: Program;
before(async () => {
  coordinator = await coordinates();
});
after(async () => {
  await swarm.end();
  host.end();
});

/** The running coordinator's join line, with the address of this machine that `host` reaches. */
function line(): string {
  const { joinLine = "" } = livingEndpoint(swarm.paths) ?? {};
  return joinLine.replace(/@[^/]+/, `@${host.address}:${port}`);
}

const join1 = (text: string, name: string, prefix: readonly string[] = host.prefix): Program =>
  swarm.run("worker/main.js", [text, "--name", name, "--slots", "1"], {}, prefix);

const identityOf = (name: string): string => {
  const folder = join(swarm.folder, "state", "nexus", "workers", "ws1");
  const [machine = ""] = readdirSync(folder);
  return join(folder, machine, name, "identity.json");
};

const lends = (worker: Program): Promise<true> =>
  eventually("the worker lends its slot", () => worker.output().includes("lends 1 slot"), { seen: worker.output });

async function leave(worker: Program): Promise<void> {
  worker.child.kill("SIGTERM");
  assert.equal((await worker.exited()).code, 0, worker.output());
}

/** Checks that the worker ends with a usage error that matches all parts and does not show the code. */
async function isRefused(worker: Program, ...parts: readonly RegExp[]): Promise<void> {
  assert.equal((await worker.exited()).code, exitCode.usage, worker.output());
  for (const part of parts) assert.match(worker.output(), part);
  assert.ok(!worker.output().includes(codeIn(line())), worker.output());
}

const codeIn = (text: string): string => /\/\/([^@]+)@/.exec(text)?.[1] ?? "";

/** Checks that the false server had visitors, and that none sent it anything. */
function heardNothing(rogue: RogueServer): void {
  assert.ok(rogue.visits > 0, "nobody came");
  assert.equal(rogue.heard(), "");
}

function certificatesOfAnother(): { readonly chain: string; readonly key: string } {
  const elsewhere = newWorkspace();
  createWorkspace(elsewhere);
  const { chain, key } = ensureServerCertificate(elsewhere, ["localhost", "127.0.0.1"]);
  return { chain: readFileSync(chain, "utf8"), key: readFileSync(key, "utf8") };
}

describe("a worker and a server that it has never seen", () => {
  test("a worker and a server new to it speak TLS, under any address, and again after each has ended", async () => {
    assert.match(line(), /^tls:\/\/.*#sha256=[\w-]{43}$/);
    const worker = join1(line(), "far");
    const job = await swarm.submit(swarm.probeSpec("tls", { total_runs: 4000 }, { seconds: 0.3, reports: 2 }));
    await swarm.when("a run is done", job, ({ ended }) => ended > 0);

    // The server dies, and the guard starts it again with the same certificate.
    const broker = runningBroker(swarm.paths);
    assert.ok(broker?.server);
    const before = (await swarm.table(job)).ended;
    await endProcess(broker.server, "SIGKILL", patienceMs);
    await serving(swarm.paths);
    await swarm.when("the worker has found the server again", job, ({ ended }) => ended > before + 1);
    await leave(worker);

    const kept = JSON.parse(readFileSync(identityOf("far"), "utf8")) as { pin: string };
    assert.equal(`#${kept.pin}`, line().slice(line().indexOf("#")));
    // The worker remembers the first line's fingerprint if the next line has none. No certificate names this address,
    // as none names the address of a router that leads there.
    const again = join1(`tls://127.0.0.9:${port}/ws1`, "far", []);
    await lends(again);
    await swarm.when("it works on", job, ({ ended }) => ended > before + 3);
    await leave(again);
    const elsewhere = await rogueServer(certificatesOfAnother());
    await isRefused(
      join1(`tls://127.0.0.1:${elsewhere.port}/ws1`, "far", []),
      /it shows the fingerprint/,
      /so the fingerprint counts that this worker has known since it joined/,
    );
    heardNothing(elsewhere);
    // A line in plain text does not make it forget what it knows.
    const plain = line().replace("tls:", "nats:").replace(/#.*/, "");
    await isRefused(
      join1(plain, "far"),
      /the worker far joined ws1 over TLS and knows its server by a fingerprint, but this line begins with nats:\/\//,
      /nothing was sent\n {2}type the line that nexus-coord prints now/,
      /only if the coordinator really was started with --insecure: add --same-workspace/,
    );
    assert.equal((JSON.parse(readFileSync(identityOf("far"), "utf8")) as { pin: string }).pin, kept.pin);
  });

  test("a worker tells a server with another fingerprint nothing, not even its code", async () => {
    const wrong = line().replace(/#.*/, `#sha256=${"A".repeat(43)}`);
    await isRefused(
      join1(wrong, "misled"),
      /it shows the fingerprint [\w-]{12}\.\.\., not AAAAAAAAAAAA\.\.\.: another server answers there/,
      /nothing was sent to it/,
      /nexus-coord prints the line to use/,
    );
    const short = line().slice(0, -3);
    await isRefused(join1(short, "misled"), /after # it has no whole fingerprint/);
    const unknown = line().replace(/#.*/, "");
    await isRefused(
      join1(unknown, "misled"),
      /a private authority signed its certificate, which this machine does not/,
      /this line has no #sha256=\.\.\. at its end; some shells drop what follows #\n.*copy it whole, in its quotes/,
    );
  });

  test("another's server hears no word of a worker, even if it shows the right authority's certificate", async () => {
    const { chain, key } = certificatesOfAnother();
    const rogue = await rogueServer({ chain, key });
    const there = line().replace(/@[^/]+/, `@127.0.0.1:${rogue.port}`);
    await isRefused(join1(there, "lured", []), /it shows the fingerprint/);
    heardNothing(rogue);

    // A false server may even show the right authority's certificate, without its key.
    const ours = readFileSync(join(swarm.paths.secrets, "ca.pem"), "utf8");
    const [own = ""] = chain.split(/(?<=-----END CERTIFICATE-----\n)/);
    const liar = await rogueServer({ chain: own + ours, key });
    await isRefused(join1(there.replace(`:${rogue.port}`, `:${liar.port}`), "lured", []), /is not trusted/);
    heardNothing(liar);
  });

  test("a server that speaks plain text where TLS was promised hears nothing of a worker", async () => {
    const rogue = await rogueServer();
    const there = line().replace(/@[^/]+/, `@127.0.0.1:${rogue.port}`);
    await isRefused(
      join1(there, "lured", []),
      /it speaks plain text; nothing was sent to it/,
      /this line begins with tls:\/\/, and the server there does not encrypt\n/,
      /copy it whole, in its quotes\n {2}if that line begins so too, somebody answers in the coordinator's place/,
    );
    heardNothing(rogue);
  });
});

test("a command that does not believe the server says why, and what to type", async () => {
  const rogue = await rogueServer();
  const here = `127.0.0.1:${port}`;
  const advice =
    /#sha256=\.\.\." in quotes; the fingerprint is\n {2}the end of the join line, which nexus-coord prints/;
  for (const [url, text] of [
    [`tls://${here}`, /this address has no #sha256=\.\.\. at its end: write it as "tls:/],
    [`tls://${here}`, advice],
    [`nats://${here}`, /begins with nats:\/\/, and the server there speaks TLS: write it as "tls:/],
    [`tls://${here}#sha256=${"A".repeat(43)}`, /compare what follows # with the end of the join line/],
    [`tls://127.0.0.1:${rogue.port}`, /does not encrypt\n {2}if its coordinator was started with --insecure/],
  ] as const) {
    const asked = swarm.run("coordinator/main.js", ["watch", "--plain", "--nats", url]);
    assert.equal((await asked.exited()).code, exitCode.unreachable, asked.output());
    assert.match(asked.output(), /is not trusted/);
    assert.match(asked.output(), text);
  }
});

describe("a worker that joined in plain text", () => {
  test("a worker that joined in plain text is told what to do, and keeps its identity with a new line", async () => {
    const worker = join1(line(), "old");
    await lends(worker);
    await leave(worker);
    // An earlier version's identity file has no pin.
    const { pin: _, ...before } = JSON.parse(readFileSync(identityOf("old"), "utf8")) as Record<string, unknown>;
    writeFileSync(identityOf("old"), JSON.stringify(before));
    const old = line().replace("tls:", "nats:").replace(/#.*/, "");
    await isRefused(
      join1(old, "old"),
      /begins with nats:\/\/, and the server there speaks TLS by now; identity and runs of this worker stay/,
      /nexus-coord prints the line to use; copy it whole, in its quotes/,
    );
    const again = join1(line(), "old");
    await lends(again);
    await leave(again);
    assert.doesNotMatch(again.output(), /enrolling/);
    const now = JSON.parse(readFileSync(identityOf("old"), "utf8")) as Record<string, unknown>;
    assert.deepEqual({ ...now, pin: undefined }, { ...before, pin: undefined });
    assert.match(String(now["pin"]), /^sha256=/);
  });
});

test("a new authority leaves workers their keys: by this machine's line, or where a person says so", async () => {
  const seedOf = (name: string): unknown => JSON.parse(readFileSync(identityOf(name), "utf8")).nkeySeed;
  const here = (): Program => swarm.run("worker/main.js", ["--name", "here", "--slots", "1"]);
  for (const worker of [here(), join1(line(), "away")]) {
    await lends(worker);
    await leave(worker);
  }
  const before = [seedOf("here"), seedOf("away")];
  const old = line();
  coordinator.child.kill("SIGTERM");
  assert.equal((await coordinator.exited()).code, 0, coordinator.output());
  for (const file of ["ca.pem", "ca.key.pem"]) rmSync(join(swarm.paths.secrets, file));
  coordinator = await coordinates();
  assert.notEqual(line().slice(line().indexOf("#")), old.slice(old.indexOf("#")));
  const sure = swarm.run(
    "worker/main.js",
    [line(), "--name", "away", "--slots", "1", "--same-workspace"],
    {},
    host.prefix,
  );
  for (const worker of [here(), sure]) {
    await lends(worker);
    await leave(worker);
    assert.doesNotMatch(worker.output(), /enrolling|another server/);
  }
  assert.deepEqual([seedOf("here"), seedOf("away")], before);
});
