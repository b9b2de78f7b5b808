import type { CodeBundle } from "../domain/code-bundle.ts";
import type { CheckpointPlace } from "../domain/fold/events.ts";
import type { Setting } from "../domain/hyperparameter.ts";
import type { JobName, RunName } from "../domain/names.ts";
import type { CarriedSpec } from "../domain/runspec/carried-spec.ts";
import * as check from "./check.ts";
import { checkpointPlace } from "./checkpoints.ts";
import { codeBundle } from "./code-bundle.ts";
import { attempt, id, job, kindOf, open, run, seal, setting, term } from "./envelope.ts";

/** A free slot asks for a trial. */
export interface Claim {
  readonly kind: "claim";
  /** New for every question, the same when it is asked again. */
  readonly claimId: string;
  /** New for every start of the worker's process. */
  readonly bootId: string;
  readonly version: string;
  /** The worker's wall clock when it asked, milliseconds since 1970; older workers leave it out. */
  readonly sentAt?: number | null;
  readonly slots: number;
  /** The choice uses every result up to this sequence of EV. */
  readonly lastResultSeq: number;
  /** The slot's last trial, whose end is on its way to EV: the choice uses that too. Null: nothing is on its way. */
  readonly after: { readonly job: JobName; readonly n: number; readonly attempt: number } | null;
  /** Pools that this worker serves; empty: all. */
  readonly targets: readonly string[];
  readonly opportunistic: boolean;
  /** It takes no jobs that bring code along. */
  readonly noCode: boolean;
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
  /** As in a claim. */
  readonly sentAt?: number | null;
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
  sentAt: check.nullable(check.number),
  slots: check.whole(1),
  lastResultSeq: check.whole(),
  after: check.nullable(check.shape({ job, n: check.whole(1), attempt })),
  targets: check.list(check.text(64), 100),
  opportunistic: check.flag,
  // Earlier workers do not say, and would run such a job without its code: no job of theirs brings any.
  noCode: (value, at) => (value === undefined ? true : check.flag(value, at)),
});
const renewalShape = check.shape({
  kind: check.oneOf("renew"),
  bootId: id,
  sentAt: check.nullable(check.number),
  held: check.list(check.shape({ job, n: check.whole(1), attempt, iters: check.whole() }), 10_000),
});
const jobQuestionShape = check.shape({ kind: check.oneOf("job"), job });

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

/** A trial, stored in the journal before this was sent. */
export interface Assignment {
  readonly kind: "assigned";
  readonly term: number;
  readonly job: JobName;
  readonly run: RunName;
  readonly n: number;
  readonly attempt: number;
  readonly seed: number;
  /** Where the run goes on; null: it begins. */
  readonly resume: CheckpointPlace | null;
  /** One value for each hyperparameter, in spec order. */
  readonly settings: readonly Setting[];
  readonly leaseMs: number;
  readonly limits: Limits | null;
  /** Time between two checkpoints of the run. */
  readonly checkpointSeconds: number;
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
  /** It was drained: it finishes what it holds and ends. */
  readonly leave: boolean;
}

/** What an edit of the living job has made of its settings; null: as the spec's text says. */
export interface Limits {
  readonly maxRunSeconds: number | null;
}

/** continue: train. pause: freeze the run, keep the lease. handback: save it, hand it back. stop: drop it. */
export type Verdict = "continue" | "pause" | "handback" | "stop";

/** For each trial named in a renewal: go on or be frozen, possibly under a new attempt number, or end here. */
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
    readonly limits: Limits | null;
    /** As in the assignment; 0: as before. */
    readonly checkpointSeconds: number;
  }[];
}

/** What a job runs. */
export interface JobAnswer extends CarriedSpec {
  readonly kind: "job";
  readonly term: number;
  readonly job: JobName;
  readonly code: CodeBundle | null;
  /** Nothing of it will run again, and its run folders may go. */
  readonly over: boolean;
}

export type Answer = Assignment | Wait | Refusal | Renewed | JobAnswer;

const limits = check.nullable(check.shape({ maxRunSeconds: check.nullable(check.number) }));
/** Left out by a coordinator that cannot drain. */
const leave: check.Check<boolean> = (value, at) => (value === undefined ? false : check.flag(value, at));

const answerShapes: Record<Answer["kind"], check.Check<Answer>> = {
  assigned: check.shape({
    kind: check.oneOf("assigned"),
    term,
    job,
    run,
    n: check.whole(1),
    attempt,
    seed: check.whole(),
    resume: check.nullable(checkpointPlace),
    settings: check.list(setting, 1000),
    leaseMs: check.whole(1),
    limits,
    checkpointSeconds: check.number,
  }),
  wait: check.shape({ kind: check.oneOf("wait"), term, reason: check.text(), retryMs: check.whole() }),
  refused: check.shape({ kind: check.oneOf("refused"), term, reason: check.text(), leave }),
  renewed: check.shape({
    kind: check.oneOf("renewed"),
    term,
    leaseMs: check.whole(1),
    verdicts: check.list(
      check.shape({
        job,
        n: check.whole(1),
        attempt,
        verdict: check.oneOf("continue", "pause", "handback", "stop"),
        newAttempt: attempt,
        reason: check.text(),
        limits,
        checkpointSeconds: check.number,
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
    code: check.nullable(codeBundle),
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
