import type { JournalEvent } from "../../shared/domain/fold/events.ts";
import { apply, emptyWorkspace } from "../../shared/domain/fold/workspace-state.ts";
import type { JobName, RunName, WorkerId } from "../../shared/domain/names.ts";
import { rngFrom } from "../../shared/domain/rng.ts";
import { defaultSettings } from "../../shared/domain/runspec/job-settings.ts";
import { decodeEvents, encodeEvents } from "../../shared/wire/messages.ts";

const job = "job1" as JobName;
const dials = [7, 4, 6, 10, 5, 6, 5, 6];

/** Times decoding and folding a journal of N assignments and N completions. */
export async function run(): Promise<void> {
  process.stdout.write("completions    decode and fold, s    CPU, s    records/s    heap, MB    resident, MB\n");
  for (const completions of [100_000, 1_000_000]) {
    globalThis.gc?.();
    const before = process.memoryUsage();
    const state = emptyWorkspace();
    let milliseconds = 0;
    let cpu = 0;
    for (const records of inChunks(journal(completions))) {
      const startedAt = performance.now();
      const cpuBefore = process.cpuUsage();
      for (const record of records) for (const event of decodeEvents(record)) apply(state, event);
      milliseconds += performance.now() - startedAt;
      const { user, system } = process.cpuUsage(cpuBefore);
      cpu += (user + system) / 1e6;
    }
    const seconds = milliseconds / 1000;
    globalThis.gc?.();
    const { heapUsed, arrayBuffers, rss } = process.memoryUsage();
    if (state.jobs.get(job)?.ended !== completions) throw new Error("the fold has lost runs");
    const megabytes = (heapUsed + arrayBuffers - before.heapUsed - before.arrayBuffers) / 2 ** 20;
    process.stdout.write(
      `${String(completions).padStart(11)}${seconds.toFixed(2).padStart(22)}${cpu.toFixed(2).padStart(10)}${Math.round(
        (2 * completions) / seconds,
      )
        .toString()
        .padStart(13)}` + `${megabytes.toFixed(0).padStart(12)}${(rss / 2 ** 20).toFixed(0).padStart(16)}\n`,
    );
  }
}

/** A search's records, 1000 at a time: a million at once would take more memory than the fold that is measured. */
function* inChunks(records: Generator<Uint8Array>): Generator<Uint8Array[]> {
  let chunk: Uint8Array[] = [];
  for (const record of records) {
    chunk.push(record);
    if (chunk.length === 1000) {
      yield chunk;
      chunk = [];
    }
  }
  yield chunk;
}

function* journal(completions: number): Generator<Uint8Array> {
  const rng = rngFrom("fold");
  const submitted: JournalEvent = {
    type: "job",
    job,
    op: "op",
    by: "bench",
    at: 0,
    file: "bench.yaml",
    text: "",
    sources: {},
    commandLine: {},
    hyperparameters: dials.map((count, i) => ({
      name: `hp${i}`,
      ordered: true,
      values: Array.from({ length: count }, (_, value) => value),
      tuned: 0,
    })),
    settings: { ...defaultSettings, totalRuns: 1_000_000 },
    seed: 1,
    firstParent: 1,
    parents: 0,
  };
  yield encodeEvents([submitted]);
  for (let n = 1; n <= completions; n += 1) {
    const worker = `node-${n % 100}` as WorkerId;
    const run = `run${(n % 100) + 1}.${Math.floor(n / 100) + 1}` as RunName;
    const configuration = dials.map((count) => rng.below(count));
    const common = { job, n, attempt: 1, worker, at: 1_795_000_000_000 + n };
    const why =
      "one step from the best set (mean 0.0492 of 16 runs) in lr: 0.00063 -> 0.001; 3 runs there; weight 14 of 31";
    yield encodeEvents([
      {
        type: "assigned",
        ...common,
        claimId: `claim-${n}`,
        bootId: `boot-${n % 100}`,
        run,
        configuration,
        seed: n,
        why,
      },
    ]);
    const metrics = { "s1-hrs": 0.11, "s1-rew": 0.07, "s1-win": 1 };
    yield encodeEvents([{ type: "completed", ...common, hpmax: rng.uniform(), iters: 100_000, metrics, ev: n }]);
  }
}
