import type { CodeBundle } from "../domain/code-bundle.ts";
import type { ImportedRun, JobChanges } from "../domain/fold/events.ts";
import type { JobName, WorkerId } from "../domain/names.ts";
import * as check from "./check.ts";
import { codeBundle } from "./code-bundle.ts";
import { id, job, kindOf, open, seal, setting, term, worker } from "./envelope.ts";
import { answerCode } from "./old-words.ts";

export interface Enrolment {
  readonly op: string;
  readonly worker: WorkerId;
  readonly publicKey: string;
  readonly host: string;
}

/** Names a request. Never empty: in the journal an empty one means that the coordinator decided itself. */
const op: check.Check<string> = (value, at) =>
  check.matching<string>((text) => text !== "", "a request id")(id(value, at), at);

const enrolmentShape = check.shape({ op, worker, publicKey: check.text(100), host: check.text(256) });
export const encodeEnrolment = (enrolment: Enrolment): Uint8Array => seal(enrolment);
export const decodeEnrolment = (bytes: Uint8Array): Enrolment => open(bytes, enrolmentShape);

/** What a person may ask of something that lives; docs/control.md says what each means for a job, a run and a worker. */
export const controlVerbs = ["pause", "resume", "drain", "stop", "cancel"] as const;
export type ControlVerb = (typeof controlVerbs)[number];

/** What a control order is about. Several targets are several orders, each with an id of its own. */
export type ControlTarget =
  | { readonly kind: "job"; readonly job: JobName }
  /** Runs of one job, by the numbers of their trials. */
  | { readonly kind: "runs"; readonly job: JobName; readonly trials: readonly number[] }
  | { readonly kind: "worker"; readonly worker: WorkerId };

export type Order =
  | {
      readonly kind: "run";
      readonly op: string;
      readonly file: string;
      readonly text: string;
      readonly sources: Readonly<Record<string, string>>;
      readonly commandLine: Readonly<Record<string, string>>;
      /** Runs of earlier searches that this one is to count. */
      readonly imported?: readonly ImportedRun[];
      readonly code?: CodeBundle | null;
    }
  | { readonly kind: "release"; readonly op: string; readonly job: JobName }
  | { readonly kind: "admit" | "bench"; readonly op: string; readonly worker: WorkerId }
  | { readonly kind: "control"; readonly op: string; readonly verb: ControlVerb; readonly target: ControlTarget }
  | { readonly kind: "edit"; readonly op: string; readonly job: JobName; readonly changes: JobChanges };

/** Runs of earlier searches in one order, and in the one record that follows from it; either must fit a message. */
export const mostImported = 15_000;
const position = check.list(check.whole(), 1000);
const importedRuns = check.list<ImportedRun>((value, at) => {
  if (!Array.isArray(value) || value.length !== 3)
    throw new check.BadMessage(`${at}: expected name, hpmax and settings`);
  const hpmax = check.number(value[1], `${at}[1]`);
  if (!Number.isFinite(hpmax)) throw new check.BadMessage(`${at}[1]: expected a finite number`);
  return [check.text(60)(value[0], `${at}[0]`), hpmax, position(value[2], `${at}[2]`)];
}, mostImported);

const targetShapes: Record<ControlTarget["kind"], check.Check<ControlTarget>> = {
  job: check.shape({ kind: check.oneOf("job"), job }),
  runs: check.shape({ kind: check.oneOf("runs"), job, trials: check.list(check.whole(1)) }),
  worker: check.shape({ kind: check.oneOf("worker"), worker }),
};
const target: check.Check<ControlTarget> = (value, at) => {
  const { kind } = kindOf(value, at);
  const known = Object.hasOwn(targetShapes, kind) ? targetShapes[kind as ControlTarget["kind"]] : undefined;
  if (!known) throw new check.BadMessage(`${at}.kind: expected one of ${Object.keys(targetShapes).join(", ")}`);
  return known(value, at);
};

/** Whether the numbers make sense for the job is said by the coordinator, in words; here they are only numbers. */
const changes: check.Check<JobChanges> = check.partial({
  totalRuns: check.whole(1),
  computeNodes: check.nullable(check.whole(1)),
  runsPerNode: check.nullable(check.whole(1)),
  priority: check.number,
  retries: check.whole(),
  maxRunSeconds: check.nullable(check.number),
  maxJobSeconds: check.nullable(check.number),
  deadline: check.nullable(check.number),
  stopWhen: check.nullable(
    check.shape({
      name: check.oneOf("hpmax", "best_for", "runs", "hours"),
      op: check.oneOf(">=", ">", "<=", "<"),
      value: check.number,
    }),
  ),
  addValues: check.record(check.list(setting, 1000), 1000),
});

const orderShapes: Record<Order["kind"], check.Check<Order>> = {
  run: check.shape({
    kind: check.oneOf("run"),
    op,
    file: check.text(),
    text: check.text(1_000_000),
    sources: check.record(check.text(1_000_000)),
    code: check.nullable(codeBundle),
    commandLine: check.record(check.text(100_000)),
    imported: (value, at) => (value === undefined ? [] : importedRuns(value, at)),
  }),
  release: check.shape({ kind: check.oneOf("release"), op, job }),
  admit: check.shape({ kind: check.oneOf("admit"), op, worker }),
  bench: check.shape({ kind: check.oneOf("bench"), op, worker }),
  control: check.shape({ kind: check.oneOf("control"), op, verb: check.oneOf(...controlVerbs), target }),
  edit: check.shape({ kind: check.oneOf("edit"), op, job, changes }),
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

/** done: carried out, or nothing was left to do. not found: what it names is not there. refused: it cannot be done. */
const answerCodes = ["done", "not found", "refused"] as const;
export type AnswerCode = (typeof answerCodes)[number];

/**
 * What an order or an enrolment came to: the job or worker that it concerns, or why it was refused. Of an order carried out
 * `reason` may say more: "it was paused already".
 */
export interface OrderAnswer {
  readonly ok: boolean;
  /** Left out by leaders of an earlier version. */
  readonly code: AnswerCode;
  readonly term: number;
  readonly name: string;
  readonly reason: string;
}

const orderAnswerShape = check.shape({
  ok: check.flag,
  code: check.nullable(check.text(64)),
  term,
  name: check.text(),
  reason: check.text(100_000),
});
export const encodeOrderAnswer = (answer: OrderAnswer): Uint8Array => seal(answer);
export function decodeOrderAnswer(bytes: Uint8Array): OrderAnswer {
  const answer = open(bytes, orderAnswerShape);
  // A code of a later version is taken for what `ok` says.
  const code = answerCodes.find((known) => known === answer.code && (known === "done") === answer.ok);
  return { ...answer, code: code ?? (answer.code === null ? answerCode(answer) : answer.ok ? "done" : "refused") };
}
