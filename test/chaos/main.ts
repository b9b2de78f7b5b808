import type { RunTable } from "../../shared/domain/fold/run-table.ts";
import { pause } from "../../shared/time/deadline.ts";
import { ChaosFaults } from "./faults.ts";
import { type ChaosOptions, commandOf, help, parseChaos } from "./options.ts";
import { Rig, until } from "./rig.ts";
import { Search } from "./search.ts";

const startLimitMs = 240_000;
const endLimitMs = 240_000;

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
// The broker's client keeps sockets open for a moment; they must not hold up the exit.
setTimeout(() => process.exit(), 500).unref();

/** Runs a swarm and a search, causes faults, mends them and checks the outcome. Returns the exit code. */
async function chaos(options: ChaosOptions): Promise<number> {
  const { seed, workers: count, everyMs, leaseSeconds } = options;
  const rig = new Rig(leaseSeconds);
  const startedAt = performance.now();
  const search = new Search(rig.paths, rig.folder, options);
  const time = (): string => `${((performance.now() - startedAt) / 1000).toFixed(1).padStart(6)} s  `;
  try {
    await rig.lead();
    const job = await search.submit();
    for (let i = 1; i <= count; i += 1) await rig.addWorker(`w${i}`, 2);
    const begun = async (): Promise<boolean> => ((await search.table(job))?.ended ?? 0) >= count;
    await until("the first runs have ended", startLimitMs + 1000 * options.runSeconds, begun);
    say(`${time()}${count} workers run ${job}; things break for ${untilWhen(options)}, seed ${seed}`);
    const enough = new AbortController();
    const faults = new ChaosFaults(rig, seed, everyMs, 1000 * leaseSeconds, (what) => {
      say(`${time()}${what}`);
      if (faults.total >= options.faults) enough.abort();
    });
    faults.start();
    await pause(options.minutes * 60_000, AbortSignal.any([asked.signal, enough.signal]));
    await faults.end();
    const total = await search.endSoon(job);
    say(`${time()}everything is mended; the search ends with ${total} runs`);
    const table = await until("the search has ended", endLimitMs + 20_000 * options.runSeconds, async () => {
      const found = await search.table(job);
      return found?.isOver ? found : undefined;
    });
    return await verdict({ rig, search, table, total, faults, repeat: commandOf(options) });
  } finally {
    await rig.end();
  }
}

function untilWhen({ minutes, faults }: ChaosOptions): string {
  return Number.isFinite(faults) ? `${faults} faults` : `${minutes} minutes`;
}

interface Outcome {
  readonly rig: Rig;
  readonly search: Search;
  readonly table: RunTable;
  readonly total: number;
  readonly faults: ChaosFaults;
  readonly repeat: string;
}

async function verdict({ rig, search, table, total, faults, repeat }: Outcome): Promise<number> {
  const { damage, broken, gaps, records, evidence } = await search.verify();
  const violations = [...damage, ...broken, ...gaps];
  const { iterations, again } = search.work(table);
  const lost = violations.filter((each) => /was ignored|lacks|missing|of its \d+ runs/.test(each)).length;
  const twice = violations.filter((each) => /ended already|counted before/.test(each)).length;
  const benched = (await search.benched()).map((worker) => `${worker} is benched: nexus admit ${worker}`);
  const steps = [...rig.fell(), ...benched];
  say("");
  for (const [what, times] of [...faults.counts].sort(([a], [b]) => (a < b ? -1 : 1)))
    say(`  ${what.padEnd(24)}${String(times).padStart(6)}`);
  say(`  ${"faults".padEnd(24)}${String(faults.total).padStart(6)}`);
  say("");
  const { completed } = table.outcomes;
  const rows: readonly (readonly [string, string])[] = [
    ["runs completed", `${completed} of ${total}`],
    ["completions lost", `${lost}`],
    ["counted twice", `${twice}`],
    ["stays lost", `${table.lost}, and ${table.reclaimed} handed back, ${table.late} late results`],
    ["iterations in vain", `${again} of ${iterations}, ${((100 * again) / Math.max(1, iterations)).toFixed(1)}%`],
    ["manual steps", `${steps.length}`],
    ["stored", `${records} records of the journal, ${evidence} messages of evidence`],
  ];
  for (const [name, value] of rows) say(`  ${name.padEnd(24)}${value}`);
  say("");
  for (const step of steps) say(`a person was needed: ${step}`);
  for (const each of violations) say(`broken: ${each}`);
  if (violations.length === 0 && steps.length === 0 && completed === total && table.ended === total) {
    say("every promise was kept");
    return 0;
  }
  say(`to repeat: ${repeat}`);
  return 1;
}
