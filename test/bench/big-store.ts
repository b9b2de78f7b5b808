import { ensureStreams } from "../../shared/broker/store/streams.ts";
import type { JournalEvent } from "../../shared/domain/fold/events.ts";
import type { Configuration } from "../../shared/domain/hyperparameter.ts";
import { type JobName, jobName, type RunName, type WorkerId } from "../../shared/domain/names.ts";
import { type Rng, rngFrom } from "../../shared/domain/rng.ts";
import { defaultSettings } from "../../shared/domain/runspec/job-settings.ts";
import type { WorkspacePaths } from "../../shared/machine/workspace.ts";
import type { Bus } from "../../shared/ports.ts";
import { encodeEvents } from "../../shared/wire/messages.ts";
import { journalBatch, journalJob, journalTrial } from "../../shared/wire/subjects.ts";
import { tutorialHyperparameters } from "../support/stories/search.ts";

export const job: JobName = jobName(1);
const inFlight = 1000;

/** Writes a search's journal as a coordinator would. @param together  records in one journal message */
export async function tellSearch(
  paths: WorkspacePaths,
  bus: Parameters<typeof ensureStreams>[0],
  runs: number,
  together: number,
  choose: Choose = anywhere,
): Promise<void> {
  await ensureStreams(bus, paths.store, 1);
  let waiting: Promise<unknown>[] = [];
  let count = 0;
  const store = async (subject: string, events: readonly JournalEvent[]): Promise<void> => {
    count += 1;
    waiting.push(append(bus, subject, events, count));
    if (waiting.length < inFlight) return;
    await Promise.all(waiting);
    waiting = [];
  };
  await store(journalJob(job), [submitted]);
  let some: JournalEvent[] = [];
  const flush = async (): Promise<void> => {
    const [first] = some;
    if (!first) return;
    await store(some.length > 1 || !("n" in first) ? journalBatch : journalTrial(job, first.n), some);
    some = [];
  };
  for (const event of events(runs, choose)) {
    some.push(event);
    if (some.length === together) await flush();
  }
  await flush();
  await Promise.all(waiting);
}

const append = (bus: Bus, subject: string, events: readonly JournalEvent[], count: number): Promise<unknown> =>
  bus.store(subject, encodeEvents(events), { msgId: `1.bench.${count}`, timeoutMs: 120_000 });

/** Chooses a run's configuration; `share` is the part of the search that is over, 0 to 1. */
export type Choose = (rng: Rng, share: number) => Configuration;

const anywhere: Choose = (rng) => tutorialHyperparameters.map(({ values }) => rng.below(values.length));

/** As the search goes on, more and more runs are near one configuration. */
export const narrowing: Choose = (rng, share) => {
  const isNear = rng.uniform() < share;
  return tutorialHyperparameters.map(({ values }, dial) => {
    const middle = values.length >> 1;
    if (!isNear) return rng.below(values.length);
    return dial < 3 ? Math.min(values.length - 1, Math.max(0, middle - 1 + rng.below(3))) : middle;
  });
};

const submitted: JournalEvent = {
  type: "job",
  job,
  op: "op",
  by: "bench",
  at: 1_795_000_000_000,
  file: "bench.yaml",
  text: "",
  sources: {},
  commandLine: {},
  hyperparameters: tutorialHyperparameters,
  settings: { ...defaultSettings, enabled: true, hpTuning: "dgd", totalRuns: 1_000_000 },
  seed: 1,
  firstParent: 1,
  parents: 0,
};

function* events(runs: number, choose: Choose): Generator<JournalEvent> {
  const rng = rngFrom("list-runs");
  const why =
    "one step from the best set (mean 0.0492 of 16 runs) in lr: 0.00063 -> 0.001; 3 runs there; weight 14 of 31";
  for (let n = 1; n <= runs; n += 1) {
    const worker = `node-${n % 100}` as WorkerId;
    const name = `run${(n % 100) + 1}.${Math.ceil(n / 100)}` as RunName;
    const common = { job, n, attempt: 1, worker, at: 1_795_000_000_000 + 100 * n };
    const claim = { claimId: `claim-${n}`, bootId: `boot-${n % 100}`, seed: n };
    yield { type: "assigned", ...common, ...claim, run: name, configuration: choose(rng, n / runs), why };
    const metrics = { "s1-hrs": 0.1 + rng.uniform() / 10, "s1-rew": rng.uniform() / 10, "s1-win": rng.uniform() };
    yield { type: "completed", ...common, hpmax: rng.uniform() / 20, iters: 100_000, metrics, ev: 0 };
  }
}
