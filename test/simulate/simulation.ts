import { type WorkerId, workerIdFrom } from "../../shared/domain/names.ts";
import { rngFrom } from "../../shared/domain/rng.ts";
import type { Log } from "../../shared/log.ts";
import { Faults } from "./faults.ts";
import { checkFold, checkSnapshot } from "./final-checks.ts";
import type { SimulationOptions } from "./options.ts";
import { SimBroker } from "./sim-broker.ts";
import { SimBus } from "./sim-bus.ts";
import { SimCoordinator } from "./sim-coordinator.ts";
import { fairWeather } from "./sim-link.ts";
import { SimOperator } from "./sim-operator.ts";
import { SimProcess } from "./sim-process.ts";
import { Ledger } from "./sim-runners.ts";
import { SimWorker } from "./sim-worker.ts";
import { submission } from "./simulated-spec.ts";
import { Timeline } from "./timeline.ts";
import { Watcher } from "./watcher.ts";

/** The outcome of a simulation. */
export interface SimulationResult {
  /** Broken promises, in words; empty if all held. */
  readonly violations: readonly string[];
  /** SHA-256 of the journal. */
  readonly digest: string;
  /** Simulated seconds from the submission to the end of the job. */
  readonly seconds: number;
  readonly happenings: number;
  readonly faults: ReadonlyMap<string, number>;
  /** Records of the journal by kind. */
  readonly records: ReadonlyMap<string, number>;
  readonly journalMessages: number;
  readonly evidenceMessages: number;
  readonly utilisation: number;
  /** Share of trained iterations that did not count. */
  readonly wasted: number;
  readonly starts: number;
  readonly terms: number;
}

/** Progress of a simulation. */
export interface Progress {
  readonly ended: number;
  /** Simulated seconds. */
  readonly seconds: number;
}

/** A search in which no run has ended for this many simulated milliseconds has stalled. */
const patienceMs = 1_800_000;
/** Simulated milliseconds after the job's end in which late results may still arrive. */
const quietMs = 60_000;
/** Happenings between two progress reports. */
const progressEvery = 100_000;
/** Messages of judged evidence that are kept: all of them would take gigabytes in a long simulation. */
const evidenceKept = 20_000;
/** The least number of records between snapshots: small, so that leaders of small simulations start from one too. */
const leastSnapshotEvery = 40;

export const silentLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
} as Log;

/** Simulates a whole search, from the submission to the quiet after its end, and checks every promise. */
export async function simulate(
  options: SimulationOptions,
  log: Log = silentLog,
  onProgress: (progress: Progress) => void = () => undefined,
): Promise<SimulationResult> {
  const { timeline, broker, watcher, ledger, crashes, ...rest } = await live(options, log, onProgress);
  await checkSnapshot(timeline, broker, watcher.check, crashes);
  checkFold(broker, watcher.check, crashes);
  const counted =
    watcher.count("completed") * options.reports + watcher.count("failed") * Math.ceil(options.reports / 2);
  return {
    ...rest,
    violations: [...crashes, ...watcher.check.violations(), ...watcher.check.gaps()],
    digest: watcher.digest(),
    happenings: timeline.count,
    records: watcher.counts,
    journalMessages: watcher.journalMessages,
    evidenceMessages: watcher.evidenceMessages,
    wasted: Math.max(0, 1 - counted / ledger.iterations),
    starts: ledger.started,
  };
}

/** The remains of a simulated search, to be checked. */
interface Legacy extends Pick<SimulationResult, "faults" | "seconds" | "utilisation" | "terms"> {
  readonly timeline: Timeline;
  readonly broker: SimBroker;
  readonly watcher: Watcher;
  readonly ledger: Ledger;
  /** Events that must never happen and did. */
  readonly crashes: string[];
}

async function live(options: SimulationOptions, log: Log, onProgress: (progress: Progress) => void): Promise<Legacy> {
  const { seed, faults: kinds, workers: count, slots, leaseMs } = options;
  const timeline = new Timeline();
  const weather = kinds.has("lossy")
    ? { latencyMs: 0.5, jitterMs: 3, loss: 0.002, duplicates: 0.002, reorders: true }
    : fairWeather;
  const broker = new SimBroker(timeline, weather, `${seed}`);
  broker.journal.isFenced = options.isUnfenced !== true;
  const liars = new Set<WorkerId>();
  const watcher = new Watcher((worker) => liars.has(worker));
  if (options.onRecord) watcher.onRecord = options.onRecord;
  const crashes: string[] = [];
  const onCrash = (why: string): void => void crashes.push(why);
  broker.onStored = (stream, message) => {
    if (stream === broker.journal) watcher.journal(message, timeline.now);
    else if (stream === broker.evidence) {
      watcher.evidence(message);
      if (message.seq % 10_000 === 0) stream.purge(watcher.citedUpTo - evidenceKept);
    }
  };
  let terms = 0;
  const coordinators = ["north", "south"].map(
    (name) =>
      new SimCoordinator(name, {
        timeline,
        broker,
        log,
        seed: `${seed}`,
        leaseMs,
        snapshotEvery: Math.max(leastSnapshotEvery, options.trials),
        onCrash,
        onLeading: () => {
          terms += 1;
        },
      }),
  );
  const ledger = new Ledger();
  const training = {
    meanMs: options.trainingMs,
    reports: options.reports,
    fails: options.fails ?? 0.01,
    dies: 0.005,
    diverges: 0.002,
  };
  const nature = rngFrom(`${seed} nature`);
  const workers = Array.from({ length: count }, (_, i) => {
    const id = workerIdFrom(`w${i + 1}`);
    const worker = new SimWorker(id, slots, { timeline, broker, log, training, ledger, seed: `${seed}`, onCrash });
    if (kinds.has("slow") && nature.uniform() < 0.1) worker.slowness = 6;
    if (kinds.has("lying") && nature.uniform() < 0.05) {
      worker.isLiar = true;
      liars.add(id);
    }
    return worker;
  });
  const faults = new Faults(options, { timeline, broker, coordinators, workers });

  for (const each of coordinators) each.start();
  for (const each of workers) timeline.plan(null, timeline.now + 5000 * nature.uniform(), () => each.start());
  const operators = new SimProcess(timeline, "operator", `${seed} operator`);
  let submittedAt = 0;
  const person = new SimOperator(new SimBus(broker, operators), operators, {
    workers: count,
    trials: options.trials,
    seed,
    everyMs: options.orderMs,
    onOrder: (kind) => faults.count(`order ${kind}`),
  });
  watcher.onPaused = () => {
    person.resume().catch((error: unknown) => onCrash(`the job could not be resumed: ${String(error)}`));
  };
  const { trials, search, pruning = "none" } = options;
  const spec = submission({ total_runs: trials, hp_tuning: search, pruning, seed, retries: 20, upload_files: 0 });
  person
    .submit(spec)
    .then(() => {
      submittedAt = timeline.now;
      watcher.lastEndAt = timeline.now;
      faults.start();
      return kinds.has("orders") ? person.orderAbout() : undefined;
    })
    .catch((error: unknown) => onCrash(`the operator's orders failed: ${String(error)}`));

  const isOver = (): boolean => {
    if (timeline.count % progressEvery === 0)
      onProgress({ ended: endedBy(watcher), seconds: timeline.now / 1000 - 1000 });
    return watcher.count("over") > 0;
  };
  const stands = (): boolean => submittedAt > 0 && timeline.now - watcher.lastEndAt > patienceMs;
  await timeline.run(() => isOver() || stands() || crashes.length > 0);
  const endedAt = timeline.now;
  const offeredMs = workers.reduce((sum, each) => sum + each.offeredMs, ledger.offeredMs);
  const utilisation = ledger.spentMs / offeredMs;
  if (!isOver()) crashes.push(`the search stands still: nothing has ended for ${patienceMs / 1000} s`);
  else {
    faults.end();
    await timeline.run(() => timeline.now - endedAt > quietMs + 2 * leaseMs || crashes.length > 0);
    const spooled = workers.filter((each) => each.spooled > 0);
    for (const each of spooled) crashes.push(`${each.id} has ${each.spooled} results that it could not deliver`);
  }
  for (const each of workers) each.kill();
  for (const each of coordinators) each.kill();
  operators.kill();
  // All processes are dead; their memory is freed before a million records are checked.
  broker.onStored = () => undefined;
  timeline.clear();
  return {
    timeline,
    broker,
    watcher,
    ledger,
    crashes,
    faults: faults.counts,
    seconds: (endedAt - submittedAt) / 1000,
    utilisation,
    terms,
  };
}

const endedBy = (watcher: Watcher): number =>
  watcher.count("completed") + watcher.count("failed") + watcher.count("pruned");
