import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { livingEndpoint } from "../../coordinator/endpoint.ts";
import { runningBroker } from "../../shared/broker/broker-info.ts";
import { pause } from "../../shared/deadline.ts";
import type { JobName } from "../../shared/domain/names.ts";
import type { RunTable } from "../../shared/domain/run-table.ts";
import { workspacePaths } from "../../shared/workspace.ts";
import { TcpProxy } from "../support/proxy.ts";
import { ChaosFaults } from "./faults.ts";
import { type ChaosOptions, help, parseChaos } from "./options.ts";
import { Search } from "./search.ts";
import { processesNaming, signalTo, Victim } from "./victims.ts";

const startLimitMs = 30_000;
const endLimitMs = 120_000;

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const asked = new AbortController();
process.once("SIGINT", () => asked.abort());
process.once("SIGTERM", () => asked.abort());

try {
  const options = parseChaos(process.argv.slice(2));
  if (!options) process.stdout.write(help);
  else process.exitCode = await chaos(options);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = 1;
}
// Sockets that the broker's client keeps for a moment must not keep a run that has ended.
setTimeout(() => process.exit(), 500).unref();

/** The whole of it: a swarm, a search, faults, the mending, the verdict. Returns the exit code. */
async function chaos(options: ChaosOptions): Promise<number> {
  const { minutes, seed, workers: count, everyMs, leaseSeconds } = options;
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "nexus-chaos-")));
  const env = {
    ...process.env,
    HOME: folder,
    XDG_DATA_HOME: join(folder, "data"),
    XDG_STATE_HOME: join(folder, "state"),
    XDG_CONFIG_HOME: join(folder, "config"),
  };
  const paths = workspacePaths("ws1", env);
  const coordinatorArgs = ["--headless", "--linger", "20", "--lease", String(leaseSeconds)];
  const coordinators = ["north", "south"].map(
    (name) => new Victim(name, "coordinator/main.js", () => coordinatorArgs, folder, env),
  );
  const proxies: TcpProxy[] = [];
  const workers: { victim: Victim; proxy: TcpProxy }[] = [];
  const startedAt = performance.now();
  const search = new Search(paths, folder);
  const time = (): string => `${((performance.now() - startedAt) / 1000).toFixed(1).padStart(6)} s  `;
  try {
    for (const each of coordinators) each.start();
    const line = await until("a coordinator leads", startLimitMs, async () => livingEndpoint(paths)?.joinLine);
    const job = await search.submit();
    for (let i = 1; i <= count; i += 1) {
      const proxy = await TcpProxy.start(() => runningBroker(paths)?.port ?? 1);
      proxies.push(proxy);
      const own = line.replace(/:\d+\//, `:${proxy.port}/`);
      const args = (): string[] => [own, "--name", `w${i}`, "--slots", "2"];
      const victim = new Victim(`w${i}`, "worker/main.js", args, folder, env);
      workers.push({ victim, proxy });
      victim.start();
    }
    await until(
      "the first runs have ended",
      startLimitMs,
      async () => ((await search.table(job))?.ended ?? 0) >= count,
    );
    say(`${time()}${count} workers run ${job}; things break for ${minutes} minutes, seed ${seed}`);
    const faults = new ChaosFaults({ paths, coordinators, workers }, seed, everyMs, 1000 * leaseSeconds, (what) =>
      say(`${time()}${what}`),
    );
    faults.start();
    await pause(minutes * 60_000, asked.signal);
    faults.end();
    say(`${time()}everything is mended; the search ends`);
    await search.stop(job);
    const table = await until("the search has ended", endLimitMs, async () => overTable(search, job));
    return await verdict(search, table, faults, `npm run chaos -- --minutes ${minutes} --seed ${seed}`);
  } finally {
    await Promise.all(workers.map(({ victim }) => victim.end(10_000)));
    await Promise.all(coordinators.map((each) => each.end(10_000)));
    for (const proxy of proxies) await proxy.close();
    await endRest(folder);
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function overTable(search: Search, job: JobName): Promise<RunTable | undefined> {
  const table = await search.table(job);
  return table?.isOver ? table : undefined;
}

async function verdict(search: Search, table: RunTable, faults: ChaosFaults, repeat: string): Promise<number> {
  const { damage, broken, records, evidence } = await search.verify();
  const violations = [...damage, ...broken];
  const { iterations, again } = await search.work();
  const lost = violations.filter((each) => /passed over/.test(each)).length;
  const twice = violations.filter((each) => /ended already|counted before/.test(each)).length;
  const total = [...faults.counts.values()].reduce((sum, times) => sum + times, 0);
  say("");
  for (const [what, times] of [...faults.counts].sort(([a], [b]) => (a < b ? -1 : 1)))
    say(`  ${what.padEnd(24)}${String(times).padStart(6)}`);
  say(`  ${"faults".padEnd(24)}${String(total).padStart(6)}`);
  say("");
  const rows: readonly (readonly [string, string])[] = [
    ["runs completed", `${table.outcomes.completed} of ${table.trials.length} begun`],
    ["completions lost", `${lost}`],
    ["counted twice", `${twice}`],
    ["stays lost", `${table.lost}, and ${table.reclaimed} handed back, ${table.late} late results`],
    ["iterations done again", `${again} of ${iterations}, ${((100 * again) / Math.max(1, iterations)).toFixed(1)} %`],
    ["manual steps", "0"],
    ["stored", `${records} records of the journal, ${evidence} messages of evidence`],
  ];
  for (const [name, value] of rows) say(`  ${name.padEnd(24)}${value}`);
  say("");
  if (violations.length === 0 && table.outcomes.completed > 0) {
    say("every promise was kept");
    return 0;
  }
  say(`${violations.length} promises were broken:`);
  for (const each of violations) say(`  ${each}`);
  say(`to repeat: ${repeat}`);
  return 1;
}

/** The condition's value, once it has one; a broker that is away for a moment is no answer. */
async function until<T>(what: string, limitMs: number, condition: () => Promise<T | undefined | false>): Promise<T> {
  const limit = performance.now() + limitMs;
  let trouble = "";
  while (performance.now() < limit) {
    try {
      const value = await condition();
      if (value !== undefined && value !== false) return value;
    } catch (error) {
      trouble = error instanceof Error ? error.message : String(error);
    }
    await pause(200);
  }
  throw new Error(`not within ${limitMs / 1000} s: ${what}${trouble === "" ? "" : ` (${trouble})`}`);
}

/** What a killed coordinator or worker left (a guard, its server, a runner) names our folder; nothing else does. */
async function endRest(folder: string): Promise<void> {
  const limit = performance.now() + 5000;
  while (processesNaming(folder).length > 0 && performance.now() < limit) await pause(50);
  for (const each of processesNaming(folder)) signalTo(each, "SIGKILL");
}
