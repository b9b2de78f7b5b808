import { fileURLToPath } from "node:url";
import { isMainThread, Worker } from "node:worker_threads";
import pino from "pino";
import { commandFor, help, parseOptions, type SimulationOptions } from "./options.ts";
import { type Progress, silentLog, simulate } from "./simulation.ts";

/**
 * A million trials and their journal are kept in memory. The young generation is large, so that few objects besides the
 * runs in hand are promoted to the old one (2026-11-25: an eighth less time than with 96 MB).
 */
const memory = { maxOldGenerationSizeMb: 12_000, maxYoungGenerationSizeMb: 1536 };

const progressMs = 10_000;

const options = readOptions();
if (!options) process.stdout.write(help);
else if (!isMainThread) process.exitCode = await run(options);
else {
  // Memory limits belong to a thread, so one worker thread does everything.
  const worker = new Worker(fileURLToPath(import.meta.url), { argv: process.argv.slice(2), resourceLimits: memory });
  worker.on("error", (error) => {
    process.stderr.write(`${error.stack ?? error.message}\nto repeat: ${commandFor(options)}\n`);
    process.exitCode = 1;
  });
  worker.on("exit", (code) => {
    process.exitCode ||= code;
  });
}

function readOptions(): SimulationOptions | undefined {
  try {
    return parseOptions(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(
      `${error instanceof Error ? error.message : String(error)}\nsee: npm run simulate -- --help\n`,
    );
    process.exit(2);
  }
}

async function run(chosen: SimulationOptions): Promise<number> {
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  let saidAt = startedAt;
  const say = ({ ended, seconds }: Progress): void => {
    const now = performance.now();
    if (now - saidAt < progressMs) return;
    saidAt = now;
    process.stderr.write(
      `after ${((now - startedAt) / 1000).toFixed(0)} s: ${seconds.toFixed(0)} s simulated, ${ended} ended\n`,
    );
  };
  const level = process.env["NEXUS_LOG"];
  const log = level === undefined ? silentLog : pino({ level }, pino.destination({ dest: 2, sync: true }));
  const result = await simulate(chosen, log, say);
  const { user, system } = process.cpuUsage(cpuBefore);
  const cpu = (user + system) / 1e6;
  const count = (what: string): number => result.records.get(what) ?? 0;
  const ended = count("completed") + count("failed") + count("timed out") + count("pruned");
  const table: readonly (readonly [string, string])[] = [
    ["workers", `${chosen.workers} with ${chosen.slots} slots each`],
    ["runs ended", `${ended} of ${chosen.trials}: ${count("completed")} completed, ${count("failed")} failed`],
    ["simulated time", `${result.seconds.toFixed(0)} s, ${(ended / result.seconds).toFixed(1)} runs a second`],
    ["utilisation", `${(100 * result.utilisation).toFixed(1)} % of the slots' time was training`],
    ["wasted work", `${(100 * result.wasted).toFixed(1)} % of the iterations did not count`],
    [
      "stays",
      `${result.starts}, of them ${count("lost")} lost, ${count("reclaimed")} reclaimed, ${count("late")} late results`,
    ],
    ["leaders", `${result.terms}`],
    ["messages stored", `${result.journalMessages} in the journal, ${result.evidenceMessages} of evidence`],
    ["journal", `sha256 ${result.digest}`],
    [
      "this machine",
      `${cpu.toFixed(1)} s of CPU, ${((performance.now() - startedAt) / 1000).toFixed(1)} s in all, ` +
        `${(result.happenings / cpu / 1000).toFixed(0)} thousand events a second of CPU, ` +
        `${(process.memoryUsage().rss / 2 ** 20).toFixed(0)} MB`,
    ],
  ];
  for (const [name, value] of table) process.stdout.write(`${name.padEnd(18)}${value}\n`);
  const faults = [...result.faults].sort(([a], [b]) => (a < b ? -1 : 1));
  process.stdout.write("faults\n");
  for (const [what, times] of faults) process.stdout.write(`  ${what.padEnd(24)}${String(times).padStart(8)}\n`);
  if (faults.length === 0) process.stdout.write("  none\n");
  if (result.violations.length === 0) {
    process.stdout.write(
      "invariants        all held: each trial ended once, never above total_runs, every end by a named\n",
    );
    process.stdout.write(
      "                  holder on evidence of its own, curves whole, the fold equal to the records\n",
    );
    return 0;
  }
  process.stdout.write(`invariants        ${result.violations.length} BROKEN\n`);
  for (const violation of result.violations) process.stdout.write(`  ${violation}\n`);
  process.stdout.write(`to repeat: ${commandFor(chosen)}\n`);
  return 1;
}
