import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { livingEndpoint } from "../../../coordinator/endpoint/endpoint.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import type { WorkerId } from "../../../shared/domain/names.ts";
import { rngFrom } from "../../../shared/domain/rng.ts";
import { CutOffHost } from "../../support/broker/cut-off-host.ts";
import { holdPort } from "../../support/broker/ports.ts";
import { TcpProxy } from "../../support/broker/proxy.ts";
import { atEnd, mustEnd } from "../../support/cleanup.ts";
import { eventually } from "../../support/patience.ts";
import { writeProgramSpec } from "../../support/processes/probe-spec.ts";
import { goOn, standStill } from "../../support/processes/run-states.ts";
import { assertExactly, type Program, Swarm } from "../../support/processes/swarm.ts";
import { TypedTerminal } from "../../support/terminal/typed-terminal.ts";

const totalRuns = 20;
/** Keys that the host's owner presses at each visit; he then stays away until the host's runs go on. */
const visits = [1, 3];
/** Runs of the host `home`. They end only after the last visit. */
const homeRuns = { total: 2, reports: 100 };

/** Reports 100 times, for the last time when a file is there. Each report adds a character to a tally. */
const program = `
import { appendFileSync, existsSync } from "node:fs";
let at = 0;
const timer = setInterval(() => {
  if (at === ${homeRuns.reports - 1} && !existsSync(process.env.GO)) return;
  at += 1;
  appendFileSync(process.env.TALLY, "+");
  console.log(JSON.stringify({ iters: at, value: at }));
  if (at === ${homeRuns.reports}) clearInterval(timer);
}, 50);
`;

/** Gives a program its own terminals: somebody may type at this machine's others. */
const ownTerminals = [
  "sh",
  "-c",
  'mount -t devpts -o newinstance,ptmxmode=0666 devpts /dev/pts && mount --bind /dev/pts/ptmx /dev/ptmx && exec "$@"',
  "sh",
];

/** A machine with its own address, a cable that can be pulled, a connection that can be slow, and an owner. */
class Host {
  readonly name: string;
  readonly net: CutOffHost;
  readonly way: TcpProxy;
  readonly worker: Program;
  readonly #rules: string;

  private constructor(name: string, net: CutOffHost, way: TcpProxy, swarm: Swarm, flags: readonly string[]) {
    this.name = name;
    this.net = net;
    this.way = way;
    const config = join(swarm.folder, name);
    mkdirSync(join(config, "nexus"), { recursive: true });
    this.#rules = join(config, "nexus", "worker.yaml");
    const line = (livingEndpoint(swarm.paths)?.joinLine ?? "").replace(/@[^/]+/, `@${net.address}:${way.port}`);
    assert.match(line, /^tls:\/\/.*#sha256=/);
    const words = [line, "--name", name, "--slots", "2", ...flags];
    this.worker = swarm.run("worker/main.js", words, { XDG_CONFIG_HOME: config }, [...net.prefix, ...ownTerminals]);
  }

  static async start(number: number, port: number, swarm: Swarm, flags: readonly string[]): Promise<Host> {
    const net = new CutOffHost(number);
    const way = await TcpProxy.start(() => port, { host: net.address, port: 0 });
    atEnd(() => way.close());
    return new Host(`host${number}`, net, way, swarm, flags);
  }

  /** A terminal at which its owner may type. */
  async terminal(): Promise<TypedTerminal> {
    const terminal = await TypedTerminal.open(["nsenter", "--mount", "--target", String(this.worker.pid)]);
    mustEnd(terminal.pid);
    atEnd(() => terminal.close());
    return terminal;
  }

  /** Its owner wants it back: he lends it only twelve hours from now. */
  ownerComes(): void {
    const hour = (new Date().getHours() + 12) % 24;
    writeFileSync(this.#rules, `hours: "${hour}:00-${hour}:01"\n`);
  }

  ownerGoes(): void {
    rmSync(this.#rules);
  }
}

/** Runs a job on this host alone while its owner comes and goes: each time its runs stand still, then go on. */
async function visit(host: Host, swarm: Swarm): Promise<void> {
  const terminal = await host.terminal();
  const tally = join(swarm.folder, "home");
  const go = join(swarm.folder, "go");
  const { total, reports } = homeRuns;
  const settings = { total_runs: total, hp_tuning: false, compute_target: "home" };
  const job = await swarm.submit(writeProgramSpec(swarm.folder, "home", settings, program, { TALLY: tally, GO: go }));
  await swarm.when("its runs are there", job, ({ running }) => running === total);
  const { pid, output } = host.worker;
  // Assigned is not yet begun there.
  await eventually("its runs have begun", () => output().match(/ started$/gm)?.length === total, { seen: output });
  const told = (words: RegExp): number => output().match(words)?.length ?? 0;
  // Opening the terminal may have counted as a use of it.
  const lentBefore = told(/the machine is lent again/g);
  for (const keys of visits) {
    await eventually("its runs go on", () => goOn(pid), { seen: output });
    await terminal.press(keys);
    await eventually("they stand still", () => standStill(pid), { seen: output });
  }
  writeFileSync(go, "");
  const table = await swarm.when("they are over", job, ({ isOver }) => isOver);
  assertExactly(table, total);
  assert.deepEqual([table.outcomes.completed, table.lost, table.reclaimed], [total, 0, 0], output());
  assert.equal(readFileSync(tally, "utf8").length, total * reports, "iterations that were executed");
  assert.equal(told(/somebody types at pts\/0: 2 runs frozen; lends again after 10 s/g), visits.length, output());
  assert.equal(told(/the machine is lent again/g) - lentBefore, visits.length, output());
}

test("all runs complete, none twice, on five hosts with cuts, delays, losses and owners", async () => {
  const swarm = new Swarm();
  const port = await holdPort("0.0.0.0");
  // The sixth host is this one.
  await swarm.coordinator(["--lease", "20", "--listen", `0.0.0.0:${port}`]);
  const away = ["--target", "away"];
  const flags = [away, away, away, away, ["--target", "home", "--when-idle", "10s", "--signs", "terminals"]];
  const hosts = await Promise.all(flags.map((each, i) => Host.start(i + 1, port, swarm, each)));
  const [cut, owned, slow, lossy, home] = hosts;
  assert.ok(cut && owned && slow && lossy && home);
  const says = (host: Host, words: RegExp): Promise<true> =>
    eventually(`${host.name} says ${words}`, () => words.test(host.worker.output()) || undefined, {
      seen: host.worker.output,
    });
  for (const host of hosts) await says(host, / lends 2 slots /);
  const visited = visit(home, swarm);
  const job = await swarm.submit(
    swarm.probeSpec(
      "hosts",
      { total_runs: totalRuns, hp_tuning: "random", checkpoint_every: 0.3, compute_target: "away" },
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
  // Its run may have ended just before it looked.
  await says(owned, /handed back|no run in hand/);
  // Losses: connections of randomly drawn hosts end and lose messages on their way.
  const random = rngFrom("losses");
  for (let ended = 2; ended <= 10; ended += 2) {
    await when(`${ended} have ended`, (table) => table.ended >= ended || table.isOver);
    const [host = lossy] = [lossy, slow].slice(random.below(2));
    host.way.drop();
  }
  lossy.way.cut();
  await when("the leases of the cut host have run out", ({ lost }) => lost >= 1);
  owned.ownerGoes();
  cut.net.plug();
  lossy.way.mend();
  const table = await when("the job is over", ({ isOver }) => isOver);

  await visited;

  assertExactly(table, totalRuns);
  assert.equal(table.outcomes.completed, totalRuns);
  assert.deepEqual([...(await swarm.state()).workers.keys()].sort(), hosts.map(({ name }) => name).sort());
  for (const host of hosts) assert.equal(host.worker.child.exitCode, null, host.worker.output());
  await swarm.verify();
  await swarm.end();
});
