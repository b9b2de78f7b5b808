import assert from "node:assert/strict";
import { requeue } from "../../coordinator/leader/rules/requeue.ts";
import { judgeEvidence } from "../../coordinator/leader/workers/evidence.ts";
import { answerClaim } from "../../coordinator/leader/workers/search-loop.ts";
import type { JobName, WorkerId } from "../../shared/domain/names.ts";
import { type Assignment, encodeEvidence } from "../../shared/wire/messages.ts";
import { newKey, sha256Of } from "../../shared/wire/sealed-chunks.ts";
import { chunk, evidence } from "../../shared/wire/subjects.ts";
import { claim, type TestReign } from "./stories/reign.ts";

/** What workers and the leader do with the checkpoints of a job's first run. */

let seq = 0;

/** The sequence of the next message in EV. */
export const nextSeq = (): number => ++seq;

/** A worker says that a state of its attempt is stored. */
export function announces(
  test_: TestReign,
  worker: WorkerId,
  job: JobName,
  attempt: number,
  stage: number,
  iters: number,
  blob: string,
): string {
  nextSeq();
  const state = { stage, iters, blob, key: newKey(), size: 1000, sha256: sha256Of(new Uint8Array(1)), chunks: 1 };
  judgeEvidence(test_.reign, {
    seq,
    subject: evidence(worker, job, 1, "checkpoint"),
    data: encodeEvidence({ attempt, reports: [], state }),
    msgId: `${seq}`,
  });
  return blob;
}

/** A worker stores a state of its attempt, and says so. */
export function says(
  test_: TestReign,
  worker: WorkerId,
  job: JobName,
  attempt: number,
  stage: number,
  iters: number,
  blob = `state-${seq + 1}`,
): string {
  test_.stateSubjects.push(chunk(worker, job, 1, attempt, blob, 0));
  return announces(test_, worker, job, attempt, stage, iters, blob);
}

export async function assigned(test_: TestReign, worker: WorkerId): Promise<Assignment> {
  const answer = await answerClaim(test_.reign, worker, claim(`${worker}-${nextSeq()}`, `boot-${worker}`));
  assert.equal(answer?.kind, "assigned");
  return answer as Assignment;
}

export function lose(test_: TestReign, job: JobName): void {
  const table = test_.reign.state.jobs.get(job);
  const trial = table?.trial(1);
  assert.ok(table && trial);
  requeue(test_.reign, table, trial, { cause: "silent", charged: true, reason: "silence", ev: 0 });
}

/** Lets the promises that wait for a record to be stored go on. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
