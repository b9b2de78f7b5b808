import type { CurvePoint } from "../domain/curve.ts";
import { artifactList, isBlobName } from "./artifacts.ts";
import * as check from "./check.ts";
import { stateSum } from "./checkpoints.ts";
import { attempt, id, open, seal } from "./envelope.ts";
import { evidenceLimits, mostMeasured, mostMetrics, mostReports } from "./limits.ts";
import type { EvidenceKind } from "./subjects.ts";

/** What workers say about their attempts at trials: what was measured, and how an attempt ended. */

export type ReportRow = CurvePoint;

const ordinal = check.whole(1);
const count = check.whole();
/** Looked through where it lies: a copy of twenty thousand reports would take longer than decoding them. */
const numbers: check.Check<readonly number[]> = (value, at) => {
  if (!Array.isArray(value) || value.length > mostMeasured)
    throw new check.BadMessage(`${at}: expected a list of at most ${mostMeasured}`);
  for (let i = 0; i < value.length; i++) if (typeof value[i] !== "number") check.number(value[i], check.itemOf(at, i));
  return value as number[]; // just looked through
};
const reportRow: check.Check<ReportRow> = (value, at) => {
  if (!Array.isArray(value) || value.length !== 5) throw new check.BadMessage(`${at}: expected a report of 5 fields`);
  ordinal(value[0], check.itemOf(at, 0));
  count(value[1], check.itemOf(at, 1));
  check.number(value[2], check.itemOf(at, 2));
  numbers(value[3], check.itemOf(at, 3));
  numbers(value[4], check.itemOf(at, 4));
  return value as unknown as ReportRow; // each of the 5 was just looked at
};

const metricName = /^s\d{1,4}-[\w.-]{1,60}$/;
const metrics: check.Check<Readonly<Record<string, number>>> = (value, at) => {
  const found = check.record(check.number, mostMetrics)(value, at);
  for (const name of Object.keys(found)) {
    if (!metricName.test(name)) throw new check.BadMessage(`${at}: a key that is not the name of a metric`);
  }
  return found;
};
const consoleText = check.text(64 * 1024);
/** Characters of `lines` in one message. */
const mostLines = 64 * 1024;
/** Characters that name a run's GPUs. */
export const mostGpuText = 1000;

const testified = {
  attempt,
  /** The claim that got this attempt: tells runs apart when a restored workspace gives the same numbers out again. */
  claim: check.optional(id, ""),
};
/** A run's checkpoint is of no use. */
const stateLoss = check.shape({
  /** unsaved: it was not carried to the broker. unread: it cannot be read, so the run begins afresh. */
  what: check.oneOf("unsaved", "unread"),
  /** The place in the run that it was to keep. */
  stage: check.whole(1),
  iters: check.whole(),
  reason: check.text(1000),
  /** What was stored of it; "" if nothing was. */
  blob: check.matching<string>((text) => text === "" || isBlobName(text), "a blob's name"),
});
export type StateLoss = check.Checked<typeof stateLoss>;

const reported = {
  ...testified,
  reports: check.list(reportRow, mostReports),
  /** Console output since the message before, for people who watch. */
  lines: check.optional(check.text(mostLines), ""),
};
const ended = {
  ...reported,
  /** The run's console, or its end. */
  console: consoleText,
  /** The GPUs that it was given, for people; left out if none. */
  gpus: check.optional<string | undefined>(check.text(mostGpuText), undefined),
  /** The environment that its programs were executed in, by its Python and the digest of its setup; left out if none was made. */
  environment: check.optional<string | undefined>(check.text(200), undefined),
  /** The files that it left in its folder; null: none were uploaded. */
  files: check.optional(check.nullable(artifactList), null),
};

/** What a run says of itself, as a worker hears it from its runner. */
export const fromRun = {
  reports: reported.reports,
  lines: check.text(mostLines),
  console: consoleText,
  /** A worker cuts it. */
  reason: check.text(1024 ** 2),
  hpmax: check.number,
  iters: check.whole(),
  metrics,
  titles: check.record(check.text(200), mostMetrics),
};

const shapes = {
  report: check.shape({
    ...reported,
    /** Earlier coordinators take no notice. */
    lost: check.optional<StateLoss | undefined>(stateLoss, undefined),
  }),
  checkpoint: check.shape({ ...reported, state: stateSum }),
  result: check.shape({
    ...ended,
    hpmax: check.number,
    iters: check.whole(),
    metrics,
    /** What people call the metrics, by the same names: s1-rew is "reward per step". */
    titles: check.optional(check.record(check.text(200), mostMetrics), {}),
  }),
  failed: check.shape({ ...ended, outcome: check.oneOf("failed", "timed out"), reason: check.text(4000) }),
  released: check.shape({
    ...testified,
    fault: check.oneOf("owner", "runner"),
    reason: check.text(4000),
    /** If the runner died: the last output of its console. */
    console: check.optional(consoleText, ""),
  }),
} satisfies Record<EvidenceKind, unknown>;

type Body<Kind extends EvidenceKind> = check.Checked<(typeof shapes)[Kind]>;
export type Reports = Body<"report">;
/** The result, with the reports not yet sent. */
export type Result = Body<"result">;
export type Failure = Body<"failed">;

/** A message of the evidence, by the last word of its subject. */
export type Evidence = { [Kind in EvidenceKind]: { readonly kind: Kind } & Body<Kind> }[EvidenceKind];

export const encodeEvidence = (body: Body<EvidenceKind>): Uint8Array => seal(body);

/**
 * Content of the message under that address: the one decoder of the evidence.
 *
 * @throws BadMessage if it cannot be read
 */
export function decodeEvidence<Kind extends EvidenceKind>(
  { kind }: { readonly kind: Kind },
  bytes: Uint8Array,
): Extract<Evidence, { kind: Kind }> {
  const body = open<object>(bytes, shapes[kind], evidenceLimits[kind]);
  return { kind, ...body } as Extract<Evidence, { kind: Kind }>; // checked by the shape of that kind
}
