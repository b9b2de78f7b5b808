import { cpus, loadavg } from "node:os";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Configuration } from "../../shared/domain/hyperparameter.ts";
import { SearchModel } from "../../shared/domain/model/search-model.ts";
import { standings } from "../../shared/domain/model/standings.ts";
import { childRunName } from "../../shared/domain/names.ts";
import { type Rng, rngFrom } from "../../shared/domain/rng.ts";
import { RunSetIndex } from "../../shared/domain/run-sets/run-set.ts";
import { dgdSearch } from "../../shared/domain/search/dgd.ts";
import { anyConfiguration } from "../../shared/domain/search/space.ts";
import { choiceRng } from "../../shared/domain/seeds.ts";
import { tutorialHyperparameters, viewOf } from "../support/stories/search.ts";

/** Numbers of finished runs after which choices are timed. */
const sizes = [1_000, 100_000, 1_000_000];
const choices = 20_000;
/** Runs in flight while choices are timed. */
const inFlight = 100;

/**
 * Times the coordinator's work for each trial, over the tutorial's eight hyperparameters, after histories of random
 * configurations (which make the most run sets), and measures the index's memory.
 */
export async function run(args: string[]): Promise<void> {
  if (args.length > 0) throw new RangeError(`bench search takes no arguments; found ${args.join(" ")}`);
  console.log(`${cpus()[0]?.model}, ${cpus().length} cores, load ${loadavg()[0]?.toFixed(2)}, node ${process.version}`);
  console.log(`microseconds over ${choices} choices with ${inFlight} runs in flight, median / p99 / max`);
  for (const size of sizes) {
    collectGarbage();
    const before = memoryInUse();
    const rng = rngFrom(`bench ${size}`);
    const index = new RunSetIndex();
    const began = performance.now();
    for (let n = 1; n <= size; n++) finishOne(index, anyConfiguration(tutorialHyperparameters, rng), rng, n);
    const built = performance.now() - began;
    collectGarbage();
    const bytes = memoryInUse() - before;
    const perSet = bytes / index.size;
    console.log(`\n${size} finished runs in ${index.size} run sets, taken in ${(built / 1000).toFixed(2)} s`);
    console.log(
      `  memory          ${(bytes / 1e6).toFixed(1)} MB, ${perSet.toFixed(0)} bytes a run set, names of best runs included`,
    );
    timeChoices(index, size, rng);
    timeStandings(index);
  }
}

function finishOne(index: RunSetIndex, configuration: Configuration, rng: Rng, n: number): void {
  index.started(configuration);
  index.completed(configuration, rng.uniform(), childRunName(660 + (n % 100), n));
}

function timeChoices(index: RunSetIndex, size: number, rng: Rng): void {
  const search = dgdSearch({ countInFlight: true });
  const view = viewOf(tutorialHyperparameters, index);
  const open: Configuration[] = [];
  const times = { rng: [] as number[], choose: [] as number[], started: [] as number[], completed: [] as number[] };
  for (let n = size + 1; n <= size + choices + inFlight; n++) {
    const t0 = performance.now();
    const own = choiceRng(12345, n);
    const t1 = performance.now();
    const choice = search.choose(view, n, own);
    const t2 = performance.now();
    if (choice === null) throw new Error("DGD chose nothing");
    open.push(choice.configuration);
    const t3 = performance.now();
    index.started(choice.configuration);
    const t4 = performance.now();
    if (n <= size + inFlight) continue;
    const finished = open.splice(rng.below(open.length), 1)[0] ?? [];
    const hpmax = rng.uniform();
    const name = childRunName(660, n);
    const t5 = performance.now();
    index.completed(finished, hpmax, name);
    const t6 = performance.now();
    times.rng.push(t1 - t0);
    times.choose.push(t2 - t1);
    times.started.push(t4 - t3);
    times.completed.push(t6 - t5);
  }
  print("choiceRng", times.rng);
  print("choose", times.choose);
  print("started", times.started);
  print("completed", times.completed);
}

function timeStandings(index: RunSetIndex): void {
  const rows: number[] = [];
  const all: number[] = [];
  const lead: number[] = [];
  const { beliefs } = new SearchModel(tutorialHyperparameters, index);
  const learned = { beliefs, results: index.totals.completed };
  for (let round = 0; round < 5; round++) {
    const model = new SearchModel(tutorialHyperparameters, index);
    const t0 = performance.now();
    standings(model, index, { top: 40 });
    const t1 = performance.now();
    standings(model, index);
    const t2 = performance.now();
    standings(new SearchModel(tutorialHyperparameters, index, learned), index, { top: 1 });
    rows.push(t1 - t0);
    all.push(t2 - t1);
    lead.push(performance.now() - t2);
  }
  print("standings, 40", rows);
  print("standings, all", all);
  print("standings, 1", lead);
}

function print(what: string, milliseconds: number[]): void {
  const sorted = milliseconds.map((time) => time * 1000).sort((a, b) => a - b);
  const at = (share: number) =>
    (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0).toFixed(1);
  console.log(`  ${what.padEnd(15)} ${at(0.5).padStart(9)} ${at(0.99).padStart(9)} ${at(1).padStart(9)}`);
}

function memoryInUse(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** Exposed here and not on the command line, so that the benchmark starts like any other. */
function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  if (typeof collect !== "function") throw new Error("this engine cannot be told to collect garbage");
  collect();
}
