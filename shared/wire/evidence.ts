import type { CurvePoint } from "../domain/curve.ts";
import type { CheckpointPlace } from "../domain/fold/events.ts";
import { artifactList, isBlobName } from "./artifacts.ts";
import * as check from "./check.ts";
import { stateSum } from "./checkpoints.ts";
import { attempt, id, open, seal } from "./envelope.ts";
import { evidenceLimits, mostMeasured, mostMetrics, mostReports } from "./limits.ts";
import type { EvidenceKind } from "./subjects.ts";

/** Evidence: workers' messages about their attempts at trials, what they measured and how they ended. */

export type ReportRow = CurvePoint;

const ordinal = check.whole(1);
const count = check.whole();
/** Checked in place: copying twenty thousand reports would take longer than decoding them. */
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
/** Most characters of `lines` in one message. */
const mostLines = 64 * 1024;
/** Most characters that name a run's GPUs. */
export const mostGpuText = 1000;

const testified = {
  attempt,
  /** The claim that got this attempt: tells runs apart when a restored workspace gives the same numbers out again. */
  claim: check.optional(id, ""),
};
/** The loss of a run's checkpoint. */
const stateLoss = check.shape({
  /** unsaved: the checkpoint did not reach the broker. unread: it cannot be read, so the run starts afresh. */
  what: check.oneOf("unsaved", "unread"),
  /** The place in the run at which it was taken. */
  stage: check.whole(1),
  iters: check.whole(),
  reason: check.text(1000),
  /** Name of the blob in which it was stored; "" if nothing was. */
  blob: check.matching<string>((text) => text === "" || isBlobName(text), "a blob's name"),
  /** unread: the checkpoint that the run was given. Earlier workers do not say, and earlier coordinators ignore it. */
  given: check.optional<GivenState | undefined>(
    check.shape({ attempt, blob: check.matching<string>(isBlobName, "a blob's name") }),
    undefined,
  ),
});
type GivenState = Pick<CheckpointPlace, "attempt" | "blob">;
export type StateLoss = check.Checked<typeof stateLoss>;

const reported = {
  ...testified,
  reports: check.list(reportRow, mostReports),
  /** Console output since the previous message, for people who watch. */
  lines: check.optional(check.text(mostLines), ""),
};
const ended = {
  ...reported,
  /** The run's console output, or the end of it. */
  console: consoleText,
  /** The GPUs that the run was given, for people; left out if none. */
  gpus: check.optional<string | undefined>(check.text(mostGpuText), undefined),
  /** The environment of the run's programs: its Python and the digest of its setup; left out if none was made. */
  environment: check.optional<string | undefined>(check.text(200), undefined),
  /** The files that the run left in its folder; null: none were uploaded. */
  files: check.optional(check.nullable(artifactList), null),
};

/** What a runner tells its worker about a run. */
export const fromRun = {
  reports: reported.reports,
  lines: check.text(mostLines),
  console: consoleText,
  /** Longer than in evidence: the worker cuts it. */
  reason: check.text(1024 ** 2),
  hpmax: check.number,
  iters: check.whole(),
  metrics,
  titles: check.record(check.text(200), mostMetrics),
};

const shapes = {
  report: check.shape({
    ...reported,
    /** Earlier coordinators ignore this. */
    lost: check.optional<StateLoss | undefined>(stateLoss, undefined),
  }),
  checkpoint: check.shape({ ...reported, state: stateSum }),
  result: check.shape({
    ...ended,
    hpmax: check.number,
    iters: check.whole(),
    metrics,
    /** Titles of the metrics for people, by the same names: s1-rew is "reward per step". */
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

/** A message of the evidence; its kind is the last word of its subject. */
export type Evidence = { [Kind in EvidenceKind]: { readonly kind: Kind } & Body<Kind> }[EvidenceKind];

export const encodeEvidence = (body: Body<EvidenceKind>): Uint8Array => seal(body);

/**
 * The content of the message with that address: the one decoder of evidence.
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
