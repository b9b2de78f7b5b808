import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { packageRoot } from "../../../shared/components/component-defaults.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import type { WorkerRecord, WorkspaceState } from "../../../shared/domain/fold/workspace-state.ts";
import { settingsOf } from "../../../shared/domain/hyperparameter.ts";
import type { StoredMessage } from "../../../shared/ports.ts";
import { originallyRanked } from "./original-ranking.ts";

/** Messages that version 0.1 stored and sent before its journal had codes; see test/fixtures/v0.1-draft/README.md. */
export const oldForms = join(packageRoot(), "test/fixtures/v0.1-draft");

/** A text file from there, unzipped if need be. */
function oldText(name: string): string {
  const bytes = readFileSync(join(oldForms, name));
  return (name.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8");
}

/** A JSON file from there. The caller vouches for the type. */
export const oldJson = <Content>(name: string): Content => JSON.parse(oldText(name)) as Content;

/** The messages of a stream, in order; the file has one on each line. */
export function oldMessages(name: string): StoredMessage[] {
  const lines = oldText(name).trimEnd().split("\n");
  return lines.map((line) => {
    const { data, ...rest } = JSON.parse(line) as { seq: number; subject: string; msgId: string; data: string };
    return { ...rest, data: fromBase64(data) };
  });
}

export const fromBase64 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "base64"));

/** A value in JSON: bytes become `{$bytes}`, non-finite numbers `{$number}`, and undefined properties are left out. */
export function inJson(value: unknown): unknown {
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString("base64") };
  if (typeof value === "number" && !Number.isFinite(value)) return { $number: String(value) };
  if (Array.isArray(value)) return value.map(inJson);
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value).filter(([, item]) => item !== undefined);
  return Object.fromEntries(kept.map(([key, item]) => [key, inJson(item)]));
}

/** The parts of a folded state that people and the coordinator use. */
export const told = (state: WorkspaceState): unknown =>
  inJson({
    seq: state.seq,
    term: state.term,
    nextJob: state.nextJob,
    nextRun: state.nextRun,
    evidenceSeq: state.evidenceSeq,
    orders: [...state.orders].map(([, name]) => name),
    jobs: Object.fromEntries([...state.jobs].map(([job, table]) => [job, toldOfJob(table)])),
    workers: Object.fromEntries([...state.workers].map(([worker, record]) => [worker, toldOfWorker(record)])),
  });

function toldOfJob(table: RunTable): object {
  const { state, reason, stateBy, ended, open, running, outcomes, lost, reclaimed, late, reopened, submitted } = table;
  // That version ranked the best by the original's estimate.
  const [leader] = originallyRanked(table.runSets);
  return {
    state,
    reason,
    by: stateBy,
    isOver: table.isOver,
    totalRuns: submitted.settings.totalRuns,
    counts: { runs: table.trials.length, ended, open, running, ...outcomes, lost, reclaimed, late, reopened },
    imported: table.imported.map(({ run, hpmax, configuration }) => [run, hpmax, configuration]),
    code: submitted.code?.sha256 ?? null,
    values: Object.fromEntries(submitted.hyperparameters.map(({ name, values, dial }) => [name, dial ?? values])),
    edits: table.edits.map(({ changes, by }) => ({ changes, by })),
    columns: table.columns,
    completions: table.completions,
    waiting: [...table.waiting],
    paused: [...table.paused],
    holding: Object.fromEntries(table.holding),
    bestFor: table.runSets.bestFor(),
    leader:
      leader === undefined
        ? null
        : {
            settings: settingsOf(submitted.hyperparameters, leader.runSet.configuration),
            estimate: rounded(leader.posterior.mean),
            stDev: leader.posterior.stDev === null ? null : rounded(leader.posterior.stDev),
            completed: leader.runSet.completed,
            bestRun: leader.runSet.bestRun,
            bestHpmax: leader.runSet.bestHpmax,
          },
    trials: [...table.trials].map((trial) => ({
      n: trial.n,
      run: trial.run,
      configuration: [...trial.configuration],
      status: trial.status,
      charged: trial.charged,
      hpmax: trial.hpmax,
      iters: trial.iters,
      reason: trial.reason,
      order: trial.order,
      late: trial.late,
      console: trial.console,
      checkpoint: trial.checkpoint && [trial.checkpoint.worker, trial.checkpoint.attempt, trial.checkpoint.iters],
      attempts: trial.attempts.map(({ attempt, worker, end }) => [attempt, worker, end]),
    })),
  };
}

const toldOfWorker = (record: WorkerRecord): object => ({
  state: record.state,
  reason: record.reason,
  by: record.stateBy,
  duty: record.duty,
  dutyReason: record.dutyReason,
  host: record.host,
  completed: record.completed,
  failed: record.failed,
  failuresInRow: record.failuresInRow,
  failureRow: record.failureRow.map(({ job, n, attempt }) => [job, n, attempt]),
  processesBefore: record.retiredBoots.size,
  claims: [...record.claims].length,
});

/** Nine digits: a sum's last digit depends on the order of adding. */
const rounded = (value: number): number => Number(value.toPrecision(9));
