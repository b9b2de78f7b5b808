import { isWorkerId, type JobName, parseJobName, type WorkerId } from "../domain/names.ts";

/** Every subject is built and parsed here. The first token says which stream it belongs to. */

export const streams = { journal: "JRN", evidence: "EV", blob: "BLOB" } as const;
export const bucket = "NEXUS";

export const journalSubjects = ["jrn.>"];
export const evidenceSubjects = ["ev.>"];
export const blobSubjects = ["blob.>", "ck.>"];

export const journalJob = (job: JobName): string => `jrn.${job}.job`;
export const journalTrial = (job: JobName, n: number): string => `jrn.${job}.trial.${n}`;
export const journalWorker = (worker: WorkerId): string => `jrn.ws.worker.${worker}`;
export const journalOperator = "jrn.ws.op";
/** Says what was deleted from EV on purpose; read by this subject wherever EV has gaps. */
export const journalPurge = "jrn.ws.purge";
/** Several records in one message. */
export const journalBatch = "jrn.ws.batch";

export type EvidenceKind = "report" | "checkpoint" | "result" | "failed" | "released";
const evidenceKinds: readonly string[] = ["report", "checkpoint", "result", "failed", "released"];

/**
 * A message without content in EV. It takes the place of a lost message, so that later ones keep the sequences that the
 * journal cites; it tests whether EV stores anything; or it follows messages that are deleted, so that EV keeps its
 * end.
 */
export const lostSubject = "ev.lost";

export const evidence = (worker: WorkerId, job: JobName, n: number, kind: EvidenceKind): string =>
  `ev.${worker}.${job}.${n}.${kind}`;

/** Everything that workers say about one trial, or about one job. */
export const evidenceOfTrial = (job: JobName, n: number): string => `ev.*.${job}.${n}.>`;
export const evidenceOfJob = (job: JobName): string => `ev.*.${job}.>`;

export interface EvidenceAddress {
  readonly worker: WorkerId;
  readonly job: JobName;
  readonly n: number;
  readonly kind: EvidenceKind;
}

/** The address in a subject of evidence; undefined for any other subject. */
export function parseEvidence(subject: string): EvidenceAddress | undefined {
  const [prefix, worker = "", jobText = "", nText = "", kind = "", ...rest] = subject.split(".");
  const job = parseJobName(jobText);
  const known = evidenceKinds.includes(kind);
  if (prefix !== "ev" || !isWorkerId(worker) || !job || !/^[1-9]\d{0,9}$/.test(nText) || !known || rest.length > 0) {
    return undefined;
  }
  return { worker, job: job.name, n: Number(nText), kind: kind as EvidenceKind };
}

/**
 * Piece `i` of a blob that a worker made in its attempt at a trial: a checkpoint, or the run's files.
 *
 * @param blob  one token that tells the attempt's blobs apart; a name is never used again for other bytes
 */
export const chunk = (worker: WorkerId, job: JobName, n: number, attempt: number, blob: string, i: number): string =>
  `ck.${worker}.${job}.${n}.${attempt}.${blob}.${i}`;
/** All pieces of that blob. */
export const chunks = (worker: WorkerId, job: JobName, n: number, attempt: number, blob: string): string =>
  `ck.${worker}.${job}.${n}.${attempt}.${blob}.*`;
/** All pieces of all blobs of a job's runs. */
export const chunksOfJob = (job: JobName): string => `ck.*.${job}.>`;

/** The names of blobs that hold a run's state begin with this. */
const statePrefix = "state-";
export const stateBlob = (count: number): string => `${statePrefix}${count}`;
/** Which of an attempt's states it is: it stores them one after the other. */
export const stateCount = (blob: string): number => Number(blob.slice(statePrefix.length));
export const allChunks = "ck.>";

export interface ChunkAddress {
  readonly worker: WorkerId;
  readonly job: JobName;
  readonly n: number;
  readonly attempt: number;
  readonly blob: string;
  /** Whether the blob is a run's state. */
  readonly isState: boolean;
}

/** The address of a piece of a worker's blob; undefined for any other subject. */
export function parseChunk(subject: string): ChunkAddress | undefined {
  const [prefix, worker = "", jobText = "", n = "", attempt = "", blob = "", ...rest] = subject.split(".");
  const job = parseJobName(jobText);
  const isPlace = /^[1-9]\d{0,9}$/.test(n) && /^[1-9]\d{0,9}$/.test(attempt) && rest.length === 1;
  if (prefix !== "ck" || !isWorkerId(worker) || !job || !isPlace) return undefined;
  return { worker, job: job.name, n: Number(n), attempt: Number(attempt), blob, isState: blob.startsWith(statePrefix) };
}

export const ask = (worker: WorkerId): string => `ask.${worker}`;
export const allAsks = "ask.*";

export function parseAsk(subject: string): WorkerId | undefined {
  const worker = subject.startsWith("ask.") ? subject.slice(4) : "";
  return isWorkerId(worker) ? worker : undefined;
}

/** The subject on which holders of an invitation's code ask to join. */
export const enrol = (invite: string): string => `enrol.${invite}`;
export const allEnrolments = "enrol.*";
export const parseEnrol = (subject: string): string => subject.slice("enrol.".length);

export const operator = (user: string): string => `op.${user}`;
export const allOperators = "op.*";
export const parseOperator = (subject: string): string => subject.slice(3);

export const controlAll = "ctl.all";
export const control = (worker: WorkerId): string => `ctl.${worker}`;

/** The leader's status. Operators and viewers may listen; only the leader may publish. */
export const status = "status";

/** A piece of the code or data that a job brings, by its name (pieced-bundle.ts). */
export const bundlePiece = (name: string): string => `blob.code.${name}`;
export const allBundlePieces = "blob.code.*";
/** The piece's name; undefined for any other subject. */
export const parseBundlePiece = (subject: string): string | undefined =>
  /^blob\.code\.([0-9a-f]{40})$/.exec(subject)?.[1];

export const leaderKey = "leader";
export const snapshotKey = "snap";
export const snapshotChunk = (name: string, i: number): string => `blob.${name}.${i}`;
export const snapshotChunks = (name: string): string => `blob.${name}.*`;
