import type { PiecedBundle } from "../domain/code-bundle.ts";
import type { ImportedRun, JobChanges } from "../domain/fold/events.ts";
import { type Range, rangeScales } from "../domain/hyperparameter.ts";
import type { Marks } from "../domain/ranges/finer-marks.ts";
import { stopNames } from "../domain/runspec/job-settings.ts";
import { piecedBundle } from "./bundles/pieced-bundle.ts";
import * as check from "./check.ts";
import { codeBundle } from "./code-bundle.ts";
import { carriedSpec, id, job, open, seal, setting, term, worker } from "./envelope.ts";
import { enrolmentLimits, orderAnswerLimits, orderLimits } from "./limits.ts";
import { answerCode } from "./old-words.ts";
import { reignIdBytes } from "./seals/order-proof.ts";

/** A request id. It is never empty: in the journal an empty one marks the coordinator's own decisions. */
const op: check.Check<string> = (value, at) =>
  check.matching<string>((text) => text !== "", "a request id")(id(value, at), at);

const noBytes = new Uint8Array(0);
const enrolmentShape = check.shape({
  op,
  worker,
  publicKey: check.text(100),
  host: check.text(256),
  /** Id of the invitation, and signatures by its key and the worker's own; machines of earlier versions have none. */
  invite: check.optional(check.text(64), ""),
  inviteProof: check.optional(check.bytes, noBytes),
  ownProof: check.optional(check.bytes, noBytes),
});
/** A machine's request to become a worker. */
export type Enrolment = Required<check.Checked<typeof enrolmentShape>>;
export const encodeEnrolment = (enrolment: Enrolment): Uint8Array => seal(enrolment);
export const decodeEnrolment = (bytes: Uint8Array): Enrolment =>
  open(bytes, enrolmentShape, enrolmentLimits) as Enrolment; // filled in

/** The text that both keys sign. It names worker and invitation: a copy under another subject is worthless. */
export const enrolmentText = (
  enrolment: Pick<Enrolment, "op" | "worker" | "publicKey" | "host" | "invite">,
): Uint8Array => {
  const { op, worker, publicKey, host, invite } = enrolment;
  return new TextEncoder().encode(JSON.stringify(["nexus-swarm enrolment", 1, invite, op, worker, publicKey, host]));
};

/** What a person may do to a job, a run or a worker; docs/control.md explains each verb for each target. */
const controlVerbs = ["pause", "resume", "drain", "stop", "cancel"] as const;
export type ControlVerb = (typeof controlVerbs)[number];

const ofJob = check.shape({ kind: check.oneOf("job"), job });
/** Runs of one job, by the numbers of their trials. */
const ofRuns = check.shape({ kind: check.oneOf("runs"), job, trials: check.list(check.whole(1)) });
const ofWorker = check.shape({ kind: check.oneOf("worker"), worker });
/** The target of a control order. Several targets need several orders, each with an id of its own. */
export type ControlTarget = check.Checked<typeof ofJob | typeof ofRuns | typeof ofWorker>;
const target = check.byKind<ControlTarget>({ job: ofJob, runs: ofRuns, worker: ofWorker });

/** Most results in one order; more need several orders. */
export const mostJudged = 100_000;
/** Most characters of the reason for rejecting results. */
export const mostReason = 500;

/** Most runs of earlier searches in one order; the order and its record must each fit in a message. */
export const mostImported = 15_000;
const position = check.list(check.whole(), 1000);
const importedRuns = check.list<ImportedRun>((value, at) => {
  if (!Array.isArray(value) || value.length !== 3)
    throw new check.BadMessage(`${at}: expected name, hpmax and settings`);
  const hpmax = check.number(value[1], `${at}[1]`);
  if (!Number.isFinite(hpmax)) throw new check.BadMessage(`${at}[1]: expected a finite number`);
  return [check.text(60)(value[0], `${at}[0]`), hpmax, position(value[2], `${at}[2]`)];
}, mostImported);

const range: check.Check<Range> = (value, at) => {
  const { zero, ...rest } = rangeShape(value, at);
  return { ...rest, ...(zero ? { zero } : {}) };
};
const rangeShape = check.shape({
  from: check.number,
  to: check.number,
  scale: check.oneOf(...rangeScales),
  zero: check.optional(check.flag, false),
});

/** Only the types are checked here; the coordinator tells people whether the values suit the job. */
const changes: check.Check<JobChanges> = check.partial({
  totalRuns: check.whole(1),
  computeNodes: check.nullable(check.whole(1)),
  runsPerNode: check.nullable(check.whole(1)),
  priority: check.number,
  retries: check.whole(),
  checkpointLimit: check.number,
  graceSeconds: check.nullable(check.number),
  maxRunSeconds: check.nullable(check.number),
  maxJobSeconds: check.nullable(check.number),
  deadline: check.nullable(check.number),
  stopWhen: check.nullable(
    check.shape({
      name: check.oneOf(...stopNames),
      op: check.oneOf(">=", ">", "<=", "<"),
      value: check.number,
    }),
  ),
  maxFailuresInARow: check.nullable(check.whole(1)),
  maxFailuresAtStart: check.nullable(check.whole(1)),
  addValues: check.record(check.list(setting, 1000), 1000),
  addRanges: check.record(range, 1000),
});

const run = check.shape({
  kind: check.oneOf("run"),
  op,
  ...carriedSpec,
  code: check.optional(check.nullable(codeBundle), null),
  /** The pieces of `largeCode` and `inputs` are stored before the order is sent. */
  largeCode: check.optional<PiecedBundle | undefined>(piecedBundle, undefined),
  inputs: check.optional<PiecedBundle | undefined>(piecedBundle, undefined),
  /** Runs of earlier searches that this search counts. */
  imported: check.optional(importedRuns, []),
  /** By hyperparameter: additional marks of its range, whose positions follow those of the first marks. */
  marks: check.optional<Marks | undefined>(check.record(check.list(check.number, 1000), 1000), undefined),
  /** With a user's own search: proof that a machine that may lead sent the order (broker/access/search-proof.ts). */
  searchProof: check.optional<Uint8Array | undefined>(check.bytes, undefined),
});
const release = check.shape({ kind: check.oneOf("release"), op, job });
const admit = check.shape({ kind: check.oneOf("admit"), op, worker });
const bench = check.shape({ kind: check.oneOf("bench"), op, worker });
const reason = check.text(1000);
const revoke = check.shape({ kind: check.oneOf("revoke"), op, worker, reason: check.optional(reason, "") });
const forget = check.shape({ kind: check.oneOf("forget"), op, worker });
/** Deletes what a worker that was sent away has stored. */
const purge = check.shape({ kind: check.oneOf("purge"), op, worker, all: check.flag });
/** Makes an invitation. Its code stays with the person who made it; the leader gets the public half of its key. */
const invite = check.shape({
  kind: check.oneOf("invite"),
  op,
  publicKey: check.text(100),
  /** Milliseconds since 1970. */
  expiresAt: check.whole(1),
  /** Number of machines that may use it; null: any number. */
  uses: check.nullable(check.whole(1)),
  targets: check.list(check.text(64), 100),
  /** The machine whose coordinator shows the invitation as its join line; "" if a person asked for it. */
  line: check.optional(check.text(256), ""),
});
/** New passwords and keys for the workspace's own machines. */
const rotate = check.shape({ kind: check.oneOf("rotate"), op });
const withdraw = check.shape({ kind: check.oneOf("withdraw"), op, invite: check.text(64) });
const control = check.shape({ kind: check.oneOf("control"), op, verb: check.oneOf(...controlVerbs), target });
/** Rejects results or accepts them again: those of some runs, or all that a worker sent for the job. */
const judged = {
  op,
  job,
  /** Numbers of the trials; empty if `worker` is given. */
  trials: check.list(check.whole(1), mostJudged),
  worker: check.nullable(worker),
  reason: check.text(mostReason),
};
const reject = check.shape({ kind: check.oneOf("reject"), ...judged });
const accept = check.shape({ kind: check.oneOf("accept"), ...judged });
/** Deletes a job that is over, with everything that its runs have stored. */
const deletion = check.shape({ kind: check.oneOf("delete"), op, job });
const edit = check.shape({ kind: check.oneOf("edit"), op, job, changes });
export type Order = check.Checked<
  | typeof run
  | typeof release
  | typeof admit
  | typeof bench
  | typeof revoke
  | typeof forget
  | typeof purge
  | typeof invite
  | typeof withdraw
  | typeof rotate
  | typeof control
  | typeof reject
  | typeof accept
  | typeof deletion
  | typeof edit
>;

const orderShape = check.byKind<Order>({
  run,
  release,
  admit,
  bench,
  revoke,
  forget,
  purge,
  invite,
  withdraw,
  rotate,
  control,
  reject,
  accept,
  delete: deletion,
  edit,
});
export const encodeOrder = (order: Order): Uint8Array => seal(order);
export const decodeOrder = (bytes: Uint8Array): Order => open(bytes, orderShape, orderLimits);

/**
 * done: carried out, or nothing was left to do. not found: the order's target does not exist. refused: the order cannot
 * be carried out. later: try it again in a moment.
 */
const answerCodes = ["done", "not found", "refused", "later"] as const;
export type AnswerCode = (typeof answerCodes)[number];

/**
 * The outcome of an order or an enrolment: the job or worker concerned, or why it was refused. `reason` may also
 * comment on an order that was carried out: "job1 is paused already".
 */
export interface OrderAnswer {
  readonly ok: boolean;
  /** Leaders of an earlier version leave it out. */
  readonly code: AnswerCode;
  readonly term: number;
  readonly name: string;
  readonly reason: string;
  /** Given if the order must be signed again: the reign to sign for (order-proof.ts). */
  readonly reign?: Uint8Array;
  /** The request id of the enrolment that it answers; left out for orders. */
  readonly op?: string;
}

const reign: check.Check<Uint8Array> = (value, at) => {
  const id = check.bytes(value, at);
  if (id.length !== reignIdBytes) throw new check.BadMessage(`${at}: expected ${reignIdBytes} bytes`);
  return id;
};
const orderAnswerShape = check.shape({
  ok: check.flag,
  code: check.nullable(check.text(64)),
  term,
  name: check.text(),
  reason: check.text(100_000),
  reign: check.nullable(reign),
  op: check.nullable(id),
});
/** @param program  version of the answering side, which a sender of another version is told to install */
export const encodeOrderAnswer = (answer: OrderAnswer, program?: string): Uint8Array =>
  seal(program === undefined ? answer : { ...answer, program });
export function decodeOrderAnswer(bytes: Uint8Array): OrderAnswer {
  const { reign: wanted, op: answered, ...answer } = open(bytes, orderAnswerShape, orderAnswerLimits);
  // An unknown code, of a later version, is replaced according to `ok`.
  const code = answerCodes.find((known) => known === answer.code && (known === "done") === answer.ok);
  const more = { ...(wanted === null ? {} : { reign: wanted }), ...(answered === null ? {} : { op: answered }) };
  return {
    ...answer,
    ...more,
    code: code ?? (answer.code === null ? answerCode(answer) : answer.ok ? "done" : "refused"),
  };
}
