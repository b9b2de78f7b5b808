import type { PiecedBundle } from "../domain/code-bundle.ts";
import type { JobName } from "../domain/names.ts";
import { piecedBundle } from "./bundles/pieced-bundle.ts";
import * as check from "./check.ts";
import { checkpointPlace } from "./checkpoints.ts";
import { codeBundle } from "./code-bundle.ts";
import { attempt, carriedSpec, id, job, open, run, seal, setting, term, token } from "./envelope.ts";
import { lendingFields } from "./lending.ts";
import { answerLimits, askLimits, controlLimits, mostGpus, mostGraceMs, mostHeld, mostSlots } from "./limits.ts";
import { machineField } from "./machine.ts";
import { type Unfit, unfitJobs } from "./unfit.ts";

/** The questions of workers, the answers, and the hints that make workers ask. */

const n = check.whole(1);
const count = check.whole();
/** The worker's wall clock when it asked, in milliseconds since 1970; older workers leave it out. */
const sentAt = check.optional(check.nullable(check.number), null);

/** Which jobs a worker takes: the same in every message of one worker process. */
const takes = {
  version: id,
  slots: check.whole(1, mostSlots),
  /** Pools that this worker serves; empty: all. */
  targets: check.list(check.text(64), 100),
  opportunistic: check.flag,
  /** The worker takes no jobs with code of their own. Earlier workers leave this out and would run without the code. */
  noCode: (value: unknown, at: string): boolean => (value === undefined ? true : check.flag(value, at)),
  /** The worker fetches code and data in pieces (pieced-bundle.ts); earlier workers leave this out. */
  fetches: check.optional<boolean | undefined>(check.flag, undefined),
  /** Jobs that the worker cannot run, and why: their files do not arrive, or their setup fails. */
  unfit: check.optional<readonly Unfit[] | undefined>(unfitJobs, undefined),
  /** GPUs that the worker lends. Earlier workers leave this out and give no run a GPU of its own. */
  gpus: check.optional<number | undefined>(check.whole(0, mostGpus), undefined),
  /**
   * Most milliseconds that the worker takes to hand back its runs, bounded by `mostGraceMs`; earlier workers took 5 s.
   */
  graceMs: check.optional<number | undefined>(check.whole(0, mostGraceMs), undefined),
};
const claim = check.shape({
  kind: check.oneOf("claim"),
  /** New for every claim; the same if the claim is repeated. */
  claimId: token,
  /** New for every start of the worker's process. */
  bootId: token,
  sentAt,
  ...takes,
  /** The choice must use every result up to this sequence of EV. */
  lastResultSeq: check.whole(),
  /** Bytes of the largest state that the worker can resume from; earlier workers leave this out. */
  mostState: check.optional<number | undefined>(check.whole(1), undefined),
  /** The free part of each GPU that the worker lends, from 0 to 1. */
  gpusFree: check.optional<readonly number[] | undefined>(check.list(check.number, mostGpus), undefined),
  /** The slot's last trial while its end is on its way to EV: the choice must use that too. Null: none is. */
  after: check.nullable(check.shape({ job, n, attempt })),
  ...machineField,
});
/** A trial that the worker holds. Checked by hand, because a renewal names thousands. */
const holding = (value: unknown, at: string): Holding => {
  const held = check.mapping(value, at);
  return {
    job: job(held["job"], check.fieldOf(at, "job")),
    n: n(held["n"], check.fieldOf(at, "n")),
    attempt: attempt(held["attempt"], check.fieldOf(at, "attempt")),
    iters: count(held["iters"], check.fieldOf(at, "iters")),
  };
};
const renewal = check.shape({
  kind: check.oneOf("renew"),
  bootId: token,
  sentAt,
  held: check.list(holding, mostHeld),
  /** What the machine's owner allows now. */
  ...lendingFields,
  ...machineField,
  /** The worker holds nothing, ends in good order, and is silent until restarted. Earlier workers leave this out. */
  leaving: check.optional<boolean | undefined>(check.flag, undefined),
  /** What a claim would say. Earlier workers leave this out while they lend, as they claim then. */
  takes: check.optional<check.Fields<typeof takes> | undefined>(check.shape(takes), undefined),
});
const jobQuestion = check.shape({ kind: check.oneOf("job"), job });

export type Takes = check.Fields<typeof takes>;
/** A free slot asks for a trial. */
export type Claim = check.Checked<typeof claim>;
export interface Holding {
  readonly job: JobName;
  readonly n: number;
  readonly attempt: number;
  readonly iters: number;
}
/** The worker is alive and holds these trials. */
export type Renewal = check.Checked<typeof renewal>;
/** What does this job run? */
export type JobQuestion = check.Checked<typeof jobQuestion>;
export type Ask = Claim | Renewal | JobQuestion;

const askShape = check.byKind<Ask>({ claim, renew: renewal, job: jobQuestion });
export const encodeAsk = (ask: Ask): Uint8Array => seal(ask);
export const decodeAsk = (bytes: Uint8Array): Ask => open(bytes, askShape, askLimits);

/** Settings that edits of the job have changed; null: as in the spec's text. Earlier leaders leave the grace out. */
const limits = check.nullable(
  check.shape({
    maxRunSeconds: check.nullable(check.number),
    graceSeconds: check.optional<number | null | undefined>(check.nullable(check.number), undefined),
  }),
);

const assigned = check.shape({
  kind: check.oneOf("assigned"),
  term,
  job,
  run,
  n,
  attempt,
  seed: check.whole(),
  /** The checkpoint that the run resumes from; null: it begins. */
  resume: check.nullable(checkpointPlace),
  /** One value for each hyperparameter, in spec order. */
  settings: check.list(setting, 1000),
  leaseMs: check.whole(1),
  limits,
  /** Seconds between two checkpoints of the run. */
  checkpointSeconds: check.number,
  /**
   * Most bytes of one checkpoint; a larger one is not carried. Earlier coordinators leave this out: 256 MiB at most.
   */
  checkpointLimit: check.optional<number | undefined>(check.whole(1), undefined),
  /** As in the answer to a renewal. */
  holdReports: check.optional<boolean | undefined>(check.flag, undefined),
});
const wait = check.shape({ kind: check.oneOf("wait"), term, reason: check.text(), retryMs: check.whole() });
const refused = check.shape({
  kind: check.oneOf("refused"),
  term,
  reason: check.text(),
  /** The worker was drained: it finishes its runs and ends. A coordinator that cannot drain leaves this out. */
  leave: (value, at): boolean => (value === undefined ? false : check.flag(value, at)),
});
const verdict = check.shape({
  job,
  n,
  attempt,
  /** continue: train. pause: freeze the run, keep the lease. handback: save the run and hand it back. stop: drop it. */
  verdict: check.oneOf("continue", "pause", "handback", "stop"),
  newAttempt: attempt,
  reason: check.text(),
  limits,
  /** As in the assignment; 0: as before. */
  checkpointSeconds: check.number,
});
const renewed = check.shape({
  kind: check.oneOf("renewed"),
  term,
  leaseMs: check.whole(1),
  verdicts: check.list(verdict, mostHeld),
  /** Hold reports and checkpoints back: the room left in EV is kept for results. Earlier workers ignore this. */
  holdReports: check.optional<boolean | undefined>(check.flag, undefined),
});
const jobAnswer = check.shape({
  kind: check.oneOf("job"),
  term,
  job,
  ...carriedSpec,
  code: check.nullable(codeBundle),
  /** Only for a worker that fetches pieces; others get no such job. */
  largeCode: check.optional<PiecedBundle | undefined>(piecedBundle, undefined),
  inputs: check.optional<PiecedBundle | undefined>(piecedBundle, undefined),
  /** No run of the job will run again, and its run folders may be deleted. */
  over: check.flag,
});

/** A trial, stored in the journal before this was sent. */
export type Assignment = check.Checked<typeof assigned>;
/** Nothing to do now; `reason` is for people. The worker asks again when woken, or after `retryMs`. */
export type Wait = check.Checked<typeof wait>;
/** This worker gets no work until someone acts. */
export type Refusal = check.Checked<typeof refused>;
/** The verdict on each trial named in a renewal: it goes on or is frozen, possibly as a new attempt, or ends here. */
export type Renewed = check.Checked<typeof renewed>;
export type JobAnswer = check.Checked<typeof jobAnswer>;
export type Answer = Assignment | Wait | Refusal | Renewed | JobAnswer;

const answerShape = check.byKind<Answer>({ assigned, wait, refused, renewed, job: jobAnswer });
export const encodeAnswer = (answer: Answer): Uint8Array => seal(answer);
export const decodeAnswer = (bytes: Uint8Array): Answer => open(bytes, answerShape, answerLimits);

const work = check.shape({ kind: check.oneOf("work"), term });
const renew = check.shape({ kind: check.oneOf("renew"), term });
const released = check.shape({ kind: check.oneOf("released"), term, job });

/**
 * Hints to ask, never orders, because another worker could forge one. work: claim again. renew: renew now, because
 * something changed for a trial that you hold. released: ask about the job, whose run folders may be deleted.
 */
export type Control = check.Checked<typeof work | typeof renew | typeof released>;

const controlShape = check.byKind<Control>({ work, renew, released });
export const encodeControl = (control: Control): Uint8Array => seal(control);
export const decodeControl = (bytes: Uint8Array): Control => open(bytes, controlShape, controlLimits);
