import { ensureStreams } from "../../shared/broker/streams.ts";
import type { JournalEvent } from "../../shared/domain/events.ts";
import { type JobName, jobName, type RunName, type WorkerId } from "../../shared/domain/names.ts";
import { rngFrom } from "../../shared/domain/rng.ts";
import { defaultSettings } from "../../shared/domain/spec/settings.ts";
import type { Bus } from "../../shared/ports.ts";
import { encodeEvents } from "../../shared/wire/messages.ts";
import { journalBatch, journalJob, journalTrial } from "../../shared/wire/subjects.ts";
import type { WorkspacePaths } from "../../shared/workspace.ts";
import { tutorialHyperparameters } from "../support/search.ts";

export const job: JobName = jobName(1);
const inFlight = 1000;

/** Writes the journal of a search as a coordinator would, messages of several records each. */
export async function tellSearch(
  paths: WorkspacePaths,
  bus: Parameters<typeof ensureStreams>[0],
  runs: number,
  together: number,
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
  const [submitted, ...rest] = events(runs);
  if (submitted) await store(journalJob(job), [submitted]);
  for (let from = 0; from < rest.length; from += together) {
    const some = rest.slice(from, from + together);
    const [first] = some;
    await store(some.length > 1 || !first || !("n" in first) ? journalBatch : journalTrial(job, first.n), some);
  }
  await Promise.all(waiting);
}

const append = (bus: Bus, subject: string, events: readonly JournalEvent[], count: number): Promise<unknown> =>
  bus.store(subject, encodeEvents(events), { msgId: `1.bench.${count}`, timeoutMs: 120_000 });

function events(runs: number): JournalEvent[] {
  const rng = rngFrom("list-runs");
  const told: JournalEvent[] = [
    {
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
    },
  ];
  const why =
    "one step from the best set (mean 0.0492 of 16 runs) in lr: 0.00063 -> 0.001; 3 runs there; weight 14 of 31";
  for (let n = 1; n <= runs; n += 1) {
    const worker = `node-${n % 100}` as WorkerId;
    const name = `run${(n % 100) + 1}.${Math.ceil(n / 100)}` as RunName;
    const configuration = tutorialHyperparameters.map(({ values }) => rng.below(values.length));
    const common = { job, n, attempt: 1, worker, at: 1_795_000_000_000 + 100 * n };
    const claim = { claimId: `claim-${n}`, bootId: `boot-${n % 100}`, seed: n };
    told.push({ type: "assigned", ...common, ...claim, run: name, configuration, why });
    const metrics = { "s1-hrs": 0.1 + rng.uniform() / 10, "s1-rew": rng.uniform() / 10, "s1-win": rng.uniform() };
    told.push({ type: "completed", ...common, hpmax: rng.uniform() / 20, iters: 100_000, metrics, ev: 0 });
  }
  return told;
}
