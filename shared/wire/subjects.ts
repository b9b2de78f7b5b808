import { isWorkerId, type JobName, parseJobName, type WorkerId } from "../domain/names.ts";

/** Every subject, built and parsed here and nowhere else. Streams take their names from the first token. */

export const streams = { journal: "JRN", evidence: "EV", blob: "BLOB" } as const;
export const bucket = "NEXUS";

export const journalSubjects = ["jrn.>"];
export const evidenceSubjects = ["ev.>"];
export const blobSubjects = ["blob.>", "ck.>"];

export const journalJob = (job: JobName): string => `jrn.${job}.job`;
export const journalTrial = (job: JobName, n: number): string => `jrn.${job}.trial.${n}`;
export const journalWorker = (worker: WorkerId): string => `jrn.ws.worker.${worker}`;
export const journalOperator = "jrn.ws.op";
/** Several records that were decided together. */
export const journalBatch = "jrn.ws.batch";

export type EvidenceKind = "report" | "result" | "failed" | "released";
const evidenceKinds: readonly string[] = ["report", "result", "failed", "released"];

export const evidence = (worker: WorkerId, job: JobName, n: number, kind: EvidenceKind): string =>
  `ev.${worker}.${job}.${n}.${kind}`;

export interface EvidenceAddress {
  readonly worker: WorkerId;
  readonly job: JobName;
  readonly n: number;
  readonly kind: EvidenceKind;
}

/** Undefined for a subject that no worker of ours would use. */
export function parseEvidence(subject: string): EvidenceAddress | undefined {
  const [prefix, worker = "", jobText = "", nText = "", kind = "", ...rest] = subject.split(".");
  const job = parseJobName(jobText);
  const known = evidenceKinds.includes(kind);
  if (prefix !== "ev" || !isWorkerId(worker) || !job || !/^[1-9]\d{0,9}$/.test(nText) || !known || rest.length > 0) {
    return undefined;
  }
  return { worker, job: job.name, n: Number(nText), kind: kind as EvidenceKind };
}

export const ask = (worker: WorkerId): string => `ask.${worker}`;
export const allAsks = "ask.*";

export function parseAsk(subject: string): WorkerId | undefined {
  const worker = subject.startsWith("ask.") ? subject.slice(4) : "";
  return isWorkerId(worker) ? worker : undefined;
}

export const enrol = "enrol";

export const operator = (user: string): string => `op.${user}`;
export const allOperators = "op.*";
export const parseOperator = (subject: string): string => subject.slice(3);

export const controlAll = "ctl.all";
export const control = (worker: WorkerId): string => `ctl.${worker}`;

export const leaderKey = "leader";
