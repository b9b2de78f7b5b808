import { writeFileSync } from "node:fs";
import { UsageError } from "../../../shared/errors.ts";
import { surfaceFor, surfaceNames } from "./catalogue.ts";
import type { Outcome } from "./measuring.ts";
import { type BenchOptions, readOptions, tasksOf } from "./options.ts";
import { preparePeers } from "./peers/environment.ts";
import { peers } from "./peers/peers.ts";
import { runTasks } from "./processes.ts";
import { Progress } from "./progress.ts";
import { ownSearches } from "./searcher.ts";
import { summarise } from "./summary.ts";
import { tablesOf } from "./table.ts";

const known = {
  surfaces: surfaceNames.map(([name]) => name),
  searches: Object.keys(ownSearches),
  peers: Object.keys(peers),
};

/**
 * Measures how good each search's recommended configuration is, on surfaces with a known truth: asynchronous workers
 * with lognormal run times (sd 0.25) on a simulated clock, and the coordinator's own search code.
 */
export async function run(args: string[]): Promise<void> {
  const prepared = prepare(args);
  if (prepared === null) return;
  const { python, options } = prepared;
  const tasks = tasksOf(options);
  console.log(`npm run bench -- search-quality ${args.join(" ")}`);
  console.log("regret x 10^-4 of the recommended configuration after so many runs, mean ± half of its 95 % interval;");
  console.log("honesty: the estimate less the truth, after the last; CPU ms a choice");
  if (options.peers) console.log("peers: the best of the rules p (posterior), s (best single run), m (mean), own");
  console.log();
  const outcomes: Outcome[] = [];
  const failures: string[] = [];
  const progress = new Progress(tasks.length);
  await runTasks(tasks, options.processes, { python }, (answer) => {
    if ("outcome" in answer) outcomes.push(answer.outcome);
    else failures.push(`${answer.task.search} on ${answer.task.surface}, seed ${answer.task.seed}: ${answer.error}`);
    progress.step();
  });
  progress.end();
  const order = new Map(tasks.map((task, i) => [JSON.stringify(task), i]));
  const at = ({ task }: Outcome): number => order.get(JSON.stringify(task)) ?? 0;
  outcomes.sort((a, b) => at(a) - at(b));
  console.log(tablesOf(summarise(outcomes, (search) => known.searches.includes(search))));
  if (options.json !== null) writeFileSync(options.json, `${JSON.stringify(outcomes)}\n`);
  if (failures.length === 0) return;
  console.log(`${failures.length} searches failed and are not in the table:\n  ${failures.join("\n  ")}`);
  process.exitCode = 1;
}

/** Installs missing peers, and drops searches whose peer cannot be installed. */
function withPeers(options: BenchOptions): { readonly python: string | null; readonly options: BenchOptions } {
  const wanted = options.searches.filter((search) => known.peers.includes(search));
  if (wanted.length === 0) return { python: null, options };
  const { python, ready } = preparePeers(wanted, (line) => process.stderr.write(`${line}\n`));
  const searches = options.searches.filter((search) => !wanted.includes(search) || ready.includes(search));
  return { python, options: { ...options, searches } };
}

/** Null if there is nothing to measure: help was requested, or an option was refused. */
function prepare(args: string[]): ReturnType<typeof withPeers> | null {
  try {
    const options = readOptions(args, known);
    if (!options.help) {
      // Refuse an unreadable table before anything is installed or measured.
      for (const surface of options.surfaces) surfaceFor(surface, 1);
      return withPeers(options);
    }
    console.log(help());
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`bench search-quality: ${error.message}\n`);
    process.exitCode = error.exit;
  }
  return null;
}

function help(): string {
  const listed = (entries: Iterable<readonly [name: string, about: string]>): string =>
    [...entries].map(([name, about]) => `    ${name.padEnd(20)}${about}`).join("\n");
  return `npm run bench -- search-quality [options]

  --surfaces a,b    what to search; also the path of a table of your own (.json). Default: four of them
${listed(surfaceNames)}
  --searches a,b    Default: random,dgd
${listed(Object.entries(ownSearches).map(([name, { about }]) => [name, about] as const))}
  --workers 1,10    asynchronous workers. Default: 10,100
  --seeds 40        seeds 1 to 40; or 41-80. Default: 12
  --budgets 50,100  completed runs after which the best is asked for. Default: by the number of workers
  --processes 2     processes that share the searches. Default: one for each core, at most 8
  --json FILE       writes every outcome
  --full            every surface and search, 1, 10 and 100 workers, 40 seeds, up to 5,000 runs: hours
  --peers           also runs, with 3 seeds unless said otherwise (a choice takes them 10 ms to seconds):
${listed(Object.entries(peers).map(([name, { about }]) => [name, about] as const))}
                    They are installed from PyPI in an environment of their own, below ~/.cache; PyTorch alone can be
                    gigabytes there. Needs Python 3.11 or newer`;
}
