import assert from "node:assert/strict";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { livingEndpoint } from "../../../coordinator/endpoint/endpoint.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import type { WorkerId } from "../../../shared/domain/names.ts";
import { rngFrom } from "../../../shared/domain/rng.ts";
import { CutOffHost } from "../../support/broker/cut-off-host.ts";
import { holdPort } from "../../support/broker/ports.ts";
import { TcpProxy } from "../../support/broker/proxy.ts";
import { atEnd } from "../../support/cleanup.ts";
import { eventually } from "../../support/patience.ts";
import { assertExactly, type Program, Swarm } from "../../support/processes/swarm.ts";

const totalRuns = 20;

/** A machine with an address of its own, a cable that can be pulled, a way that can be slow, and an owner. */
class Host {
  readonly name: string;
  readonly net: CutOffHost;
  readonly way: TcpProxy;
  readonly worker: Program;
  readonly #rules: string;

  private constructor(name: string, net: CutOffHost, way: TcpProxy, swarm: Swarm) {
    this.name = name;
    this.net = net;
    this.way = way;
    const config = join(swarm.folder, name);
    mkdirSync(join(config, "nexus"), { recursive: true });
    this.#rules = join(config, "nexus", "worker.yaml");
    const line = (livingEndpoint(swarm.paths)?.joinLine ?? "").replace(/@[^/]+/, `@${net.address}:${way.port}`);
    assert.match(line, /^tls:\/\/.*#sha256=/);
    const words = [line, "--name", name, "--slots", "2"];
    this.worker = swarm.run("worker/main.js", words, { XDG_CONFIG_HOME: config }, net.prefix);
  }

  static async start(number: number, port: number, swarm: Swarm): Promise<Host> {
    const net = new CutOffHost(number);
    const way = await TcpProxy.start(() => port, { host: net.address, port: 0 });
    atEnd(() => way.close());
    return new Host(`host${number}`, net, way, swarm);
  }

  /** Its owner wants it back: he lends it twelve hours from now. */
  ownerComes(): void {
    const hour = (new Date().getHours() + 12) % 24;
    writeFileSync(this.#rules, `hours: "${hour}:00-${hour}:01"\n`);
  }

  ownerGoes(): void {
    rmSync(this.#rules);
  }
}

test("five workers on five hosts, with cuts, delays, losses and owners: all runs complete, none twice", async () => {
  const swarm = new Swarm();
  const port = await holdPort("0.0.0.0");
  // The sixth host is this one.
  await swarm.coordinator(["--lease", "4", "--listen", `0.0.0.0:${port}`]);
  const hosts = await Promise.all([1, 2, 3, 4, 5].map((number) => Host.start(number, port, swarm)));
  const [cut, owned, slow, lossy, spared] = hosts;
  assert.ok(cut && owned && slow && lossy && spared);
  const says = (host: Host, words: RegExp): Promise<true> =>
    eventually(`${host.name} says ${words}`, () => words.test(host.worker.output()) || undefined, {
      seen: host.worker.output,
    });
  for (const host of hosts) await says(host, / lends 2 slots /);
  const job = await swarm.submit(
    swarm.probeSpec(
      "hosts",
      { total_runs: totalRuns, hp_tuning: "random", checkpoint_every: 0.3 },
      { seconds: 3, reports: 30 },
    ),
  );
  const when = (what: string, condition: (table: RunTable) => boolean): Promise<RunTable> =>
    swarm.when(what, job, condition);
  const holds = (host: Host): Promise<RunTable> =>
    when(`${host.name} holds a run`, ({ holding }) => (holding.get(host.name as WorkerId) ?? 0) > 0);
  slow.way.slow(150);
  await holds(cut);
  cut.net.pull();
  await holds(owned);
  owned.ownerComes();
  await says(owned, /handed back/);
  // Losses: connections that end with what is on their way, for hosts drawn by lot.
  const random = rngFrom("losses");
  for (let ended = 2; ended <= 10; ended += 2) {
    await when(`${ended} have ended`, (table) => table.ended >= ended || table.isOver);
    const [host = lossy] = [lossy, slow, spared].slice(random.below(3));
    host.way.drop();
  }
  lossy.way.cut();
  await when("the leases of the cut host have run out", ({ lost }) => lost >= 1);
  owned.ownerGoes();
  cut.net.plug();
  lossy.way.mend();
  const table = await when("the job is over", ({ isOver }) => isOver);

  assertExactly(table, totalRuns);
  assert.equal(table.outcomes.completed, totalRuns);
  assert.deepEqual([...(await swarm.state()).workers.keys()].sort(), hosts.map(({ name }) => name).sort());
  for (const host of hosts) assert.equal(host.worker.child.exitCode, null, host.worker.output());
  await swarm.verify();
  await swarm.end();
});
