import { type ArtifactList, artifactList } from "./artifacts.ts";
import * as check from "./check.ts";
import { type StateSum, stateSum } from "./checkpoints.ts";
import { attempt, id, open, seal } from "./envelope.ts";
import type { EvidenceKind } from "./subjects.ts";

/** One report line of a run: [stage, iters, hours, values, counts]. */
export type ReportRow = readonly [stage: number, iters: number, hours: number, values: number[], counts: number[]];

/** What every message of the evidence names. */
export interface Testified {
  readonly attempt: number;
  /**
   * The claim that this attempt answered. A workspace that was put back to an older state gives the same numbers out again; by
   * this a run of its other life is told from the one that has its number now. Left out by workers of an earlier version.
   */
  readonly claim?: string;
}

export interface Reports extends Testified {
  readonly reports: readonly ReportRow[];
  /** What the run's console said since the message before, for who watches; left out: nothing. */
  readonly lines?: string;
}

/** The result, with the reports not yet sent. */
export interface Result extends Reports {
  readonly hpmax: number;
  readonly iters: number;
  readonly metrics: Readonly<Record<string, number>>;
  /** What people call the metrics, by the same names: s1-rew is "reward per step". Left out: nothing is known. */
  readonly titles?: Readonly<Record<string, string>>;
  /** The run's console, its end at most. */
  readonly console: string;
  /** What it left in its folder; left out or null: nothing was uploaded. */
  readonly files?: ArtifactList | null;
}

export interface Failure extends Reports {
  readonly outcome: "failed" | "timed out";
  readonly reason: string;
  readonly console: string;
  readonly files?: ArtifactList | null;
}

/**
 * The run's whole state is in BLOB, and it can go on from there elsewhere. The reports up to there are in this message or in
 * earlier ones, so that a curve has no gap.
 */
export interface Checkpointed extends Reports {
  readonly state: StateSum;
}

/** The worker no longer carries the trial: its owner took the machine back, or the runner process died under it. */
export interface Handback extends Testified {
  readonly fault: "owner" | "runner";
  readonly reason: string;
  /** Where the runner died: the last that its console said; left out: nothing is known of it. */
  readonly console?: string;
}

/** A message of the evidence: what a worker says of its attempt at a trial, by the last word of its subject. */
export type Evidence =
  | ({ readonly kind: "report" } & Reports)
  | ({ readonly kind: "checkpoint" } & Checkpointed)
  | ({ readonly kind: "result" } & Result)
  | ({ readonly kind: "failed" } & Failure)
  | ({ readonly kind: "released" } & Handback);

const ordinal = check.whole(1);
const count = check.whole();
const numbers = check.list(check.number, 1000);
const reportRow: check.Check<ReportRow> = (value, at) => {
  if (!Array.isArray(value) || value.length !== 5) throw new check.BadMessage(`${at}: expected a report of 5 fields`);
  return [
    ordinal(value[0], check.itemOf(at, 0)),
    count(value[1], check.itemOf(at, 1)),
    check.number(value[2], check.itemOf(at, 2)),
    numbers(value[3], check.itemOf(at, 3)),
    numbers(value[4], check.itemOf(at, 4)),
  ];
};
const reports = check.list(reportRow);
const consoleText = check.text(64 * 1024);
/** Characters of `lines` in one message. */
export const mostLines = 64 * 1024;
// Workers of an earlier version say nothing of these two.
const lines: check.Check<string> = (value, at) => (value === undefined ? "" : check.text(mostLines)(value, at));
const files = check.nullable(artifactList);

const claim: check.Check<string> = (value, at) => (value === undefined ? "" : id(value, at));

const checkpointShape = check.shape({ attempt, claim, reports: check.list(reportRow), lines, state: stateSum });
const reportsShape = check.shape({ attempt, claim, reports, lines });
/** Columns of the run table: these go into the journal and stay there. */
const mostMetrics = 100;
const metricName = /^s\d{1,4}-[\w.-]{1,60}$/;
const metrics: check.Check<Record<string, number>> = (value, at) => {
  const found = check.record(check.number, mostMetrics)(value, at);
  for (const name of Object.keys(found)) {
    if (!metricName.test(name)) throw new check.BadMessage(`${at}: "${name.slice(0, 80)}" is no metric's name`);
  }
  return found;
};
// Workers of an earlier version do not say them; plots do without.
const titles: check.Check<Record<string, string>> = (value, at) =>
  value === undefined ? {} : check.record(check.text(200), mostMetrics)(value, at);
const resultShape = check.shape({
  attempt,
  claim,
  reports,
  lines,
  hpmax: check.number,
  iters: check.whole(),
  metrics,
  titles,
  console: consoleText,
  files,
});
const failureShape = check.shape({
  attempt,
  claim,
  reports,
  lines,
  outcome: check.oneOf("failed", "timed out"),
  reason: check.text(4000),
  console: consoleText,
  files,
});
const handbackShape = check.shape({
  attempt,
  claim,
  fault: check.oneOf("owner", "runner"),
  reason: check.text(4000),
  console: (value: unknown, at: string): string => (value === undefined ? "" : consoleText(value, at)),
});

const shapes = {
  report: reportsShape,
  checkpoint: checkpointShape,
  result: resultShape,
  failed: failureShape,
  released: handbackShape,
} satisfies Record<EvidenceKind, check.Check<Testified>>;

export const encodeEvidence = (body: Reports | Checkpointed | Result | Failure | Handback): Uint8Array => seal(body);

/**
 * What the message under that address says: the one decoder of the evidence.
 *
 * @throws BadMessage when it cannot be read
 */
export function decodeEvidence<Kind extends EvidenceKind>(
  { kind }: { readonly kind: Kind },
  bytes: Uint8Array,
): Extract<Evidence, { kind: Kind }> {
  const body = open<Testified>(bytes, shapes[kind]);
  return { kind, ...body } as unknown as Extract<Evidence, { kind: Kind }>; // by the shape of that very kind
}
