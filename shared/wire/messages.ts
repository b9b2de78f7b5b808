import type { JournalEvent } from "../domain/events.ts";
import type { Setting } from "../domain/hyperparameter.ts";
import { isWorkerId, type JobName, parseJobName, parseRunName, type RunName, type WorkerId } from "../domain/names.ts";
import * as check from "./check.ts";
import { decode, encode } from "./codec.ts";

/** Every message type, its version and its check on arrival. A change to any of these raises `wireVersion`. */
export const wireVersion = 1;

const job = check.matching<JobName>((text) => parseJobName(text) !== undefined, "a job's name");
const run = check.matching<RunName>((text) => parseRunName(text) !== undefined, "a run's name");
const worker = check.matching<WorkerId>(isWorkerId, "a worker's id");
const id = check.text(64);
const attempt = check.whole(1);
const setting: check.Check<Setting> = (value, at) => {
  if (value === null || typeof value === "number" || typeof value === "string" || typeof value === "boolean")
    return value;
  throw new check.BadMessage(`${at}: expected a number, text, true, false or null`);
};

/** Decodes one message and checks its version; BadMessage says what is wrong with it. */
function open<T>(bytes: Uint8Array, of: check.Check<T>): T {
  let value: unknown;
  try {
    value = decode(bytes);
  } catch (cause) {
    throw new check.BadMessage(`not a msgpack message: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
  // By hand: this is done for each of millions of records.
  const v = typeof value === "object" && value !== null ? (value as { v?: unknown }).v : undefined;
  if (v !== wireVersion) {
    throw new check.BadMessage(
      `message version ${String(v)}; this program speaks version ${wireVersion}: update the older side`,
    );
  }
  return of(value, "message");
}

const seal = (value: object): Uint8Array => encode({ v: wireVersion, ...value });

// ---- what workers ask ------------------------------------------------------------------------------------------------

/** A free slot asks for a trial. */
export interface Claim {
  readonly kind: "claim";
  /** New for every question, the same when it is asked again. */
  readonly claimId: string;
  /** New for every start of the worker's process. */
  readonly bootId: string;
  readonly version: string;
  readonly slots: number;
  /** The choice uses every result up to this sequence of EV. */
  readonly lastResultSeq: number;
  /** Pools that this worker serves; empty: all. */
  readonly targets: readonly string[];
  readonly opportunistic: boolean;
}

export interface HeldTrial {
  readonly job: JobName;
  readonly n: number;
  readonly attempt: number;
  readonly iters: number;
}

/** The worker is alive and holds these. */
export interface Renewal {
  readonly kind: "renew";
  readonly bootId: string;
  readonly held: readonly HeldTrial[];
}

/** What does this job run? */
export interface JobQuestion {
  readonly kind: "job";
  readonly job: JobName;
}

export type Ask = Claim | Renewal | JobQuestion;

const claimShape = check.shape({
  kind: check.oneOf("claim"),
  claimId: id,
  bootId: id,
  version: id,
  slots: check.whole(1),
  lastResultSeq: check.whole(),
  targets: check.list(check.text(64), 100),
  opportunistic: check.flag,
});
const renewalShape = check.shape({
  kind: check.oneOf("renew"),
  bootId: id,
  held: check.list(check.shape({ job, n: check.whole(1), attempt, iters: check.whole() }), 10_000),
});
const jobQuestionShape = check.shape({ kind: check.oneOf("job"), job });
const kindOf = check.shape({ kind: check.text(20) });

export const encodeAsk = (ask: Ask): Uint8Array => seal(ask);
export function decodeAsk(bytes: Uint8Array): Ask {
  return open<Ask>(bytes, (value, at) => {
    switch (kindOf(value, at).kind) {
      case "claim":
        return claimShape(value, at);
      case "renew":
        return renewalShape(value, at);
      case "job":
        return jobQuestionShape(value, at);
      default:
        throw new check.BadMessage(`${at}.kind: expected claim, renew or job`);
    }
  });
}

// ---- what the coordinator answers ------------------------------------------------------------------------------------

/** A trial, stored in the journal before this was sent. */
export interface Assignment {
  readonly kind: "assigned";
  readonly term: number;
  readonly job: JobName;
  readonly run: RunName;
  readonly n: number;
  readonly attempt: number;
  readonly seed: number;
  /** One value for each hyperparameter, in spec order. */
  readonly settings: readonly Setting[];
  readonly leaseMs: number;
}

/** Nothing to do now; `reason` is for people. The worker asks again when woken, or after `retryMs`. */
export interface Wait {
  readonly kind: "wait";
  readonly term: number;
  readonly reason: string;
  readonly retryMs: number;
}

/** This worker gets no work until someone acts. */
export interface Refusal {
  readonly kind: "refused";
  readonly term: number;
  readonly reason: string;
}

export type Verdict = "continue" | "stop";

/** For each trial named in a renewal: go on, possibly under a new attempt number, or stop. */
export interface Renewed {
  readonly kind: "renewed";
  readonly term: number;
  readonly leaseMs: number;
  readonly verdicts: readonly {
    readonly job: JobName;
    readonly n: number;
    readonly attempt: number;
    readonly verdict: Verdict;
    readonly newAttempt: number;
    readonly reason: string;
  }[];
}

/** What a job runs. */
export interface JobAnswer {
  readonly kind: "job";
  readonly term: number;
  readonly job: JobName;
  readonly file: string;
  readonly text: string;
  readonly sources: Readonly<Record<string, string>>;
  readonly commandLine: Readonly<Record<string, string>>;
  /** Nothing of it will run again, and its run folders may go. */
  readonly over: boolean;
}

export type Answer = Assignment | Wait | Refusal | Renewed | JobAnswer;

const term = check.whole();
const answerShapes: Record<Answer["kind"], check.Check<Answer>> = {
  assigned: check.shape({
    kind: check.oneOf("assigned"),
    term,
    job,
    run,
    n: check.whole(1),
    attempt,
    seed: check.whole(),
    settings: check.list(setting, 1000),
    leaseMs: check.whole(1),
  }),
  wait: check.shape({ kind: check.oneOf("wait"), term, reason: check.text(), retryMs: check.whole() }),
  refused: check.shape({ kind: check.oneOf("refused"), term, reason: check.text() }),
  renewed: check.shape({
    kind: check.oneOf("renewed"),
    term,
    leaseMs: check.whole(1),
    verdicts: check.list(
      check.shape({
        job,
        n: check.whole(1),
        attempt,
        verdict: check.oneOf("continue", "stop"),
        newAttempt: attempt,
        reason: check.text(),
      }),
    ),
  }),
  job: check.shape({
    kind: check.oneOf("job"),
    term,
    job,
    file: check.text(),
    text: check.text(1_000_000),
    sources: check.record(check.text(1_000_000)),
    commandLine: check.record(check.text(100_000)),
    over: check.flag,
  }),
};

export const encodeAnswer = (answer: Answer): Uint8Array => seal(answer);
export function decodeAnswer(bytes: Uint8Array): Answer {
  return open<Answer>(bytes, (value, at) => {
    const { kind } = kindOf(value, at);
    const known = Object.hasOwn(answerShapes, kind) ? answerShapes[kind as Answer["kind"]] : undefined;
    if (!known) throw new check.BadMessage(`${at}.kind: expected one of ${Object.keys(answerShapes).join(", ")}`);
    return known(value, at);
  });
}

// ---- evidence: what workers publish ----------------------------------------------------------------------------------

/** One report line of a run: [stage, iters, hours, values, counts]. */
export type ReportRow = readonly [stage: number, iters: number, hours: number, values: number[], counts: number[]];

export interface Reports {
  readonly attempt: number;
  readonly reports: readonly ReportRow[];
}

/** The result, with the reports not yet sent. */
export interface Result extends Reports {
  readonly hpmax: number;
  readonly iters: number;
  readonly metrics: Readonly<Record<string, number>>;
  /** The run's console, its end at most. */
  readonly console: string;
}

export interface Failure extends Reports {
  readonly outcome: "failed" | "timed out";
  readonly reason: string;
  readonly console: string;
}

/** The worker no longer carries the trial: its owner took the machine back, or the runner process died under it. */
export interface Handback {
  readonly attempt: number;
  readonly fault: "owner" | "runner";
  readonly reason: string;
}

const reportRow: check.Check<ReportRow> = (value, at) => {
  if (!Array.isArray(value) || value.length !== 5) throw new check.BadMessage(`${at}: expected a report of 5 fields`);
  const numbers = check.list(check.number, 1000);
  return [
    check.whole(1)(value[0], `${at}[0]`),
    check.whole()(value[1], `${at}[1]`),
    check.number(value[2], `${at}[2]`),
    numbers(value[3], `${at}[3]`),
    numbers(value[4], `${at}[4]`),
  ];
};
const reports = check.list(reportRow);
const consoleText = check.text(64 * 1024);

const reportsShape = check.shape({ attempt, reports });
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
const resultShape = check.shape({
  attempt,
  reports,
  hpmax: check.number,
  iters: check.whole(),
  metrics,
  console: consoleText,
});
const failureShape = check.shape({
  attempt,
  reports,
  outcome: check.oneOf("failed", "timed out"),
  reason: check.text(4000),
  console: consoleText,
});
const handbackShape = check.shape({ attempt, fault: check.oneOf("owner", "runner"), reason: check.text(4000) });

export const encodeEvidence = (body: Reports | Result | Failure | Handback): Uint8Array => seal(body);
export const decodeReports = (bytes: Uint8Array): Reports => open(bytes, reportsShape);
export const decodeResult = (bytes: Uint8Array): Result => open(bytes, resultShape);
export const decodeFailure = (bytes: Uint8Array): Failure => open(bytes, failureShape);
export const decodeHandback = (bytes: Uint8Array): Handback => open(bytes, handbackShape);

// ---- control: what the coordinator tells workers unasked --------------------------------------------------------------

/**
 * Hints to ask, never orders: another worker could have one delivered. work: claim again; renew: renew now, something changed
 * for a trial you hold; released: ask about the job, its run folders may go.
 */
export type Control =
  | { readonly kind: "work"; readonly term: number }
  | { readonly kind: "renew"; readonly term: number }
  | { readonly kind: "released"; readonly term: number; readonly job: JobName };

const controlShapes: Record<Control["kind"], check.Check<Control>> = {
  work: check.shape({ kind: check.oneOf("work"), term }),
  renew: check.shape({ kind: check.oneOf("renew"), term }),
  released: check.shape({ kind: check.oneOf("released"), term, job }),
};

export const encodeControl = (control: Control): Uint8Array => seal(control);
export function decodeControl(bytes: Uint8Array): Control {
  return open<Control>(bytes, (value, at) => {
    const { kind } = kindOf(value, at);
    const known = Object.hasOwn(controlShapes, kind) ? controlShapes[kind as Control["kind"]] : undefined;
    if (!known) throw new check.BadMessage(`${at}.kind: expected one of ${Object.keys(controlShapes).join(", ")}`);
    return known(value, at);
  });
}

// ---- enrolment and operators' orders ---------------------------------------------------------------------------------

export interface Enrolment {
  readonly op: string;
  readonly worker: WorkerId;
  readonly publicKey: string;
  readonly host: string;
}

const enrolmentShape = check.shape({ op: id, worker, publicKey: check.text(100), host: check.text(256) });
export const encodeEnrolment = (enrolment: Enrolment): Uint8Array => seal(enrolment);
export const decodeEnrolment = (bytes: Uint8Array): Enrolment => open(bytes, enrolmentShape);

export type Order =
  | {
      readonly kind: "run";
      readonly op: string;
      readonly file: string;
      readonly text: string;
      readonly sources: Readonly<Record<string, string>>;
      readonly commandLine: Readonly<Record<string, string>>;
    }
  | { readonly kind: "release"; readonly op: string; readonly job: JobName }
  | { readonly kind: "admit"; readonly op: string; readonly worker: WorkerId };

const orderShapes: Record<Order["kind"], check.Check<Order>> = {
  run: check.shape({
    kind: check.oneOf("run"),
    op: id,
    file: check.text(),
    text: check.text(1_000_000),
    sources: check.record(check.text(1_000_000)),
    commandLine: check.record(check.text(100_000)),
  }),
  release: check.shape({ kind: check.oneOf("release"), op: id, job }),
  admit: check.shape({ kind: check.oneOf("admit"), op: id, worker }),
};

export const encodeOrder = (order: Order): Uint8Array => seal(order);
export function decodeOrder(bytes: Uint8Array): Order {
  return open<Order>(bytes, (value, at) => {
    const { kind } = kindOf(value, at);
    const known = Object.hasOwn(orderShapes, kind) ? orderShapes[kind as Order["kind"]] : undefined;
    if (!known) throw new check.BadMessage(`${at}.kind: expected one of ${Object.keys(orderShapes).join(", ")}`);
    return known(value, at);
  });
}

/** What an order or an enrolment came to: the job or worker that it concerns, or why it was refused. */
export interface OrderAnswer {
  readonly ok: boolean;
  readonly term: number;
  readonly name: string;
  readonly reason: string;
}

const orderAnswerShape = check.shape({ ok: check.flag, term, name: check.text(), reason: check.text(100_000) });
export const encodeOrderAnswer = (answer: OrderAnswer): Uint8Array => seal(answer);
export const decodeOrderAnswer = (bytes: Uint8Array): OrderAnswer => open(bytes, orderAnswerShape);

// ---- the journal and the leader's entry ------------------------------------------------------------------------------

/** One message of the journal: a record, or several that were decided while an earlier message was on its way. */
export function encodeEvents(events: readonly JournalEvent[]): Uint8Array {
  const [only, ...more] = events;
  return only && more.length === 0 ? seal(only) : seal({ type: "batch", events });
}

/** The journal has one writer, which is ours: version and type are checked here, whether it can follow is the fold's business. */
export function decodeEvents(bytes: Uint8Array): JournalEvent[] {
  return open(bytes, (value, at) => {
    const { type } = value as { type?: unknown };
    if (type === "batch") return batchShape(value, at).events;
    // Only a job's record is kept as it is; its envelope is not part of it.
    if (type === "job") delete (value as { v?: number }).v;
    return [recordOf(value, at)];
  });
}
const recordOf: check.Check<JournalEvent> = (value, at) => {
  const type = typeof value === "object" && value !== null ? (value as { type?: unknown }).type : undefined;
  if (typeof type !== "string") throw new check.BadMessage(`${at}: expected a record with a type`);
  return value as JournalEvent;
};
const batchShape = check.shape({ events: check.list(recordOf) });

/**
 * Whether a message of the journal's stream was appended by a coordinator: each of its records has a msgID
 * `<term>.<nonce>.<count>`. Whoever may read the streams can have the server store an answer under any subject by naming it
 * as the reply (seen with 2.10.27); such a message has no msgID, and is not part of the journal.
 */
export const isJournalRecord = (msgId: string): boolean => /^\d+\.[\w-]+\.\d+$/.test(msgId);

/** Who leads. `host`, `pid` and `started` let a restart on the same machine see at once that the old leader is dead. */
export interface LeaderEntry {
  readonly leader: string;
  readonly term: number;
  readonly host: string;
  readonly pid: number;
  readonly started: string;
  /** The leader stepped down by itself: no need to wait. */
  readonly released: boolean;
}

const leaderShape = check.shape({
  leader: id,
  term,
  host: check.text(256),
  pid: check.whole(),
  started: check.text(256),
  released: check.flag,
});
export const encodeLeader = (entry: LeaderEntry): Uint8Array => seal(entry);
export const decodeLeader = (bytes: Uint8Array): LeaderEntry => open(bytes, leaderShape);
