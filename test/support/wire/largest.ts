import type { JobName, RunName, WorkerId } from "../../../shared/domain/names.ts";
import { packCode } from "../../../shared/wire/code-bundle.ts";
import * as messages from "../../../shared/wire/messages.ts";
import { chunkCount } from "../../../shared/wire/sealed-chunks.ts";
import { encodeSnapshotPlace } from "../../../shared/wire/snapshots.ts";

/** The largest message of each kind that our programs can send, or once could: every limit must admit them. */

const job = "job4294967295" as JobName;
const run = "run4294967295.1000000" as RunName;
const worker = "w".repeat(48) as WorkerId;
const id = "i".repeat(64);
const sha256 = "f".repeat(64);
const key = new Uint8Array(32).fill(255);
const many = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));

/** @param size  share of the maximum count of each repeated part, at most 1 */
export function largest(size = 1): Readonly<Record<string, { readonly form: string; readonly bytes: Uint8Array }>> {
  const some = (most: number): number => Math.max(1, Math.round(most * size));
  const rows = (count: number, metrics: number): messages.ReportRow[] =>
    many(some(count), (i) => [
      1,
      1000 * i,
      i / 3600 + 0.1,
      many(metrics, (j) => i * 0.37 + j + 0.01),
      many(metrics, () => 1),
    ]);
  const file = (i: number) => ({ path: `${i}-`.padEnd(200, "x"), size: 1000, sha256, chunks: chunkCount(1000) });
  const files = { blob: "files", key, files: many(some(1000), file), leftOut: "x".repeat(some(4000)) };
  const state = { stage: 9, iters: 2 ** 40, blob: "state-1", key, size: 1e8, sha256, chunks: chunkCount(1e8) };
  const told = { attempt: 1_000_000, claim: id, lines: "x".repeat(some(64 * 1024)) };
  const console = "é".repeat(some(64 * 1024));
  const metrics = Object.fromEntries(many(some(100), (i) => [`s1-${"m".repeat(55)}${i}`, i + 0.1]));
  const titles = Object.fromEntries(Object.keys(metrics).map((name) => [name, "t".repeat(200)]));
  const result = { ...told, hpmax: 0.1, iters: 2 ** 40, metrics, titles, console, files };
  const code = packCode(many(some(2000), (i) => ({ path: `src/${i}.js`, isExecutable: false, bytes: key })));
  const spec = {
    file: "x".repeat(1024),
    text: "x".repeat(some(200_000)),
    sources: Object.fromEntries(many(some(200), (i) => [`processors/P${i}`, "y".repeat(100)])),
    commandLine: Object.fromEntries(many(some(200), (i) => [`option-${i}`, "z".repeat(100)])),
  };
  const target = { kind: "runs", job, trials: many(some(100_000), (i) => i + 1) } as const;
  const status = {
    worker,
    silentMs: 1234.5,
    slots: 10_000,
    opportunistic: true,
    noCode: true,
    targets: ["gpu", "large"],
    version: "0.1.0",
    skewMs: -1234,
  };
  const limits = { maxRunSeconds: 3600, graceSeconds: 3600 };
  return {
    "a claim": {
      form: "ask",
      bytes: messages.encodeAsk({
        kind: "claim",
        claimId: id,
        bootId: id,
        version: id,
        sentAt: 1.7e12 + 0.5,
        slots: 4096,
        lastResultSeq: 2 ** 50,
        after: { job, n: 1_000_000, attempt: 1_000_000 },
        targets: many(100, (i) => `target-${i}`.padEnd(64, "x")),
        opportunistic: true,
        noCode: true,
      }),
    },
    "a renewal": {
      form: "ask",
      bytes: messages.encodeAsk({
        kind: "renew",
        bootId: id,
        sentAt: 1.7e12,
        held: many(some(10_000), (i) => ({ job, n: 990_000 + i, attempt: 100_000, iters: 2 ** 40 })),
      }),
    },
    "the answer to a renewal": {
      form: "answer",
      bytes: messages.encodeAnswer({
        kind: "renewed",
        term: 1,
        leaseMs: 30_000,
        verdicts: many(some(10_000), (i) => {
          const verdict = { job, n: i + 1, attempt: 1, verdict: "handback", newAttempt: 2, reason: "" } as const;
          return { ...verdict, limits, checkpointSeconds: 300.5 };
        }),
      }),
    },
    "an assignment": {
      form: "answer",
      bytes: messages.encodeAnswer({
        kind: "assigned",
        term: 2 ** 40,
        job,
        run,
        n: 1_000_000,
        attempt: 1000,
        seed: 2 ** 52,
        resume: { ...state, worker, attempt: 1 },
        settings: many(some(1000), (i) => `a setting of ${i}`),
        leaseMs: 30_000,
        limits,
        checkpointSeconds: 300,
      }),
    },
    "what a job runs": {
      form: "answer",
      bytes: messages.encodeAnswer({ kind: "job", term: 1, job, ...spec, code, over: false }),
    },
    "a hint": { form: "control", bytes: messages.encodeControl({ kind: "released", term: 2 ** 50, job }) },
    "an order to run": {
      form: "order",
      bytes: messages.encodeOrder({ kind: "run", op: id, ...spec, code }),
    },
    "an order that imports": {
      form: "order",
      bytes: messages.encodeOrder({
        kind: "run",
        op: id,
        ...spec,
        code: null,
        imported: many(some(15_000), (i) => [`earlier ${i}`, i / 7, many(20, () => 3)]),
      }),
    },
    "an order for runs": {
      form: "order",
      bytes: messages.encodeOrder({ kind: "control", op: id, verb: "cancel", target }),
    },
    "the answer to an order": {
      form: "order answer",
      bytes: messages.encodeOrderAnswer({
        ok: false,
        code: "refused",
        term: 2 ** 40,
        name: job,
        reason: "é".repeat(some(100_000)),
      }),
    },
    "an enrolment": {
      form: "enrolment",
      bytes: messages.encodeEnrolment({
        op: id,
        worker,
        publicKey: `U${"A".repeat(55)}`,
        host: "é".repeat(256),
        invite: "abcdefgh",
        inviteProof: new Uint8Array(64),
        ownProof: new Uint8Array(64),
      }),
    },
    "reports of an outage": {
      form: "report",
      bytes: messages.encodeEvidence({ ...told, reports: rows(20_000, 1) }),
    },
    "reports of many metrics": {
      form: "report",
      bytes: messages.encodeEvidence({ ...told, reports: rows(2000, 40) }),
    },
    "a checkpoint": { form: "checkpoint", bytes: messages.encodeEvidence({ ...told, reports: rows(2000, 40), state }) },
    "a result": { form: "result", bytes: messages.encodeEvidence({ ...result, reports: rows(2000, 10) }) },
    "a failure": {
      form: "failed",
      bytes: messages.encodeEvidence({
        ...told,
        reports: rows(2000, 10),
        console,
        files,
        outcome: "failed",
        reason: "x".repeat(4000),
      }),
    },
    "a hand-back": {
      form: "released",
      bytes: messages.encodeEvidence({
        attempt: 1,
        claim: id,
        fault: "runner",
        reason: "é".repeat(4000),
        console: console.slice(0, 64 * 1024),
      }),
    },
    "a status": {
      form: "status",
      bytes: messages.encodeStatus({
        term: 2 ** 40,
        leader: "x".repeat(256),
        leaseMs: 30_000,
        workers: many(some(10_000), (i) => ({ ...status, worker: `w${i}` as WorkerId })),
        leases: many(some(10_000), (i) => ({ job, n: i + 1, attempt: 1, leftMs: 1234.5, iters: 2 ** 40 })),
      }),
    },
    "who leads": {
      form: "leader",
      bytes: messages.encodeLeader({
        leader: id,
        term: 2 ** 40,
        host: "é".repeat(256),
        pid: 2 ** 22,
        started: "é".repeat(256),
        released: true,
      }),
    },
    "where the snapshot is": {
      form: "snapshot",
      bytes: encodeSnapshotPlace({ seq: 2 ** 50, name: id, key, size: 2 ** 40, sha256, chunks: 2 ** 22 }),
    },
  };
}
