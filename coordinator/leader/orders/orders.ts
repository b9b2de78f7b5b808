import { piecedBundles } from "../../../shared/domain/code-bundle.ts";
import { canonical } from "../../../shared/domain/conditions/activity.ts";
import { isAllowed } from "../../../shared/domain/conditions/constraints.ts";
import type { ImportedRun, JobSubmitted } from "../../../shared/domain/fold/events.ts";
import { withMarks } from "../../../shared/domain/fold/grown-dials.ts";
import type { Hyperparameter } from "../../../shared/domain/hyperparameter.ts";
import { jobName } from "../../../shared/domain/names.ts";
import { orderSentence } from "../../../shared/domain/order-sentence.ts";
import { type Marks, mostMarks } from "../../../shared/domain/ranges/finer-marks.ts";
import { contains } from "../../../shared/domain/ranges/range.ts";
import { carriedInput } from "../../../shared/domain/runspec/carried-spec.ts";
import type { Spec } from "../../../shared/domain/runspec/spec.ts";
import { readSpec, renderProblems } from "../../../shared/domain/runspec/spec-read.ts";
import type { OwnSearchSettings } from "../../../shared/domain/search/own-search.ts";
import type { Order, OrderAnswer } from "../../../shared/wire/messages.ts";
import type { Reign } from "../reign/reign.ts";
import { limitProblem } from "../rules/checkpoint-limit.ts";
import { control } from "./control.ts";
import { deleteJob, jobDeletionAnswer } from "./delete-job.ts";
import { edit } from "./edit-job.ts";
import { invite, rotate, withdraw } from "./invite-orders.ts";
import { recordJudgement } from "./judge-results.ts";
import {
  carriedOut,
  isAnswer,
  type Operator,
  refused,
  sizeProblem,
  tableOr,
  unchanged,
  workerOr,
} from "./order-answers.ts";
import { purge, workerPurgeAnswer } from "./purge-worker.ts";
import { forget, revoke } from "./throw-out.ts";

/**
 * An order is one record. Its consequences are records behind it, written at once; `enforce` completes them if a leader dies in
 * between.
 */

/** Carries out what an operator asks; the same request id gets the same answer from any leader. */
export async function carryOut(reign: Reign, by: string, order: Order, drawSeed: () => number): Promise<OrderAnswer> {
  const done = reign.state.orders.get(order.op);
  if (done !== undefined && order.kind === "purge") return workerPurgeAnswer(reign, order.worker);
  if (done !== undefined && order.kind === "delete") return jobDeletionAnswer(reign, order.job);
  if (done !== undefined) return unchanged(reign, done, "");
  const who = { by, op: order.op };
  switch (order.kind) {
    case "run":
      return submit(reign, who, order, drawSeed);
    case "release":
      return release(reign, who, order);
    case "admit":
    case "bench":
      return judgeWorker(reign, who, order);
    case "revoke":
      return revoke(reign, who, order);
    case "forget":
      return forget(reign, who, order);
    case "purge":
      return purge(reign, who, order);
    case "invite":
      return invite(reign, who, order);
    case "withdraw":
      return withdraw(reign, who, order);
    case "rotate":
      return rotate(reign, who);
    case "control":
      return control(reign, who, order);
    case "reject":
    case "accept":
      return recordJudgement(reign, who, order);
    case "delete":
      return deleteJob(reign, who, order);
    case "edit":
      return edit(reign, who, order);
    default: {
      const never: never = order;
      throw new RangeError(`unknown order ${JSON.stringify(never)}`);
    }
  }
}

type OrderOf<Kind extends Order["kind"]> = Extract<Order, { kind: Kind }>;

async function release(reign: Reign, who: Operator, { job }: OrderOf<"release">): Promise<OrderAnswer> {
  const table = tableOr(reign, job);
  if (isAnswer(table)) return table;
  if (table.state !== "held") return refused(reign, `${job} is not held: it is ${table.state}`);
  const reason = orderSentence("released", who.by);
  return carriedOut(reign, { type: "job-state", job, state: "completed", reason, ...who }, job);
}

async function judgeWorker(
  reign: Reign,
  who: Operator,
  { kind, worker }: OrderOf<"admit" | "bench">,
): Promise<OrderAnswer> {
  const record = workerOr(reign, worker);
  if (isAnswer(record)) return record;
  if (kind === "admit") {
    const resume = record.duty === "working" ? "" : `, once resumed: nexus resume ${worker} (${record.dutyReason})`;
    const admitted = { type: "worker-state", worker, state: "admitted", reason: "", ...who } as const;
    return carriedOut(reign, admitted, worker, () => `it gets runs again${resume}`);
  }
  if (record.state === "benched") return unchanged(reign, worker, `it is benched already: ${record.reason}`);
  const held = reign.leases.heldBy(worker).length;
  const reason = orderSentence("benched", who.by);
  const benched = { type: "worker-state", worker, state: "benched", reason, ...who } as const;
  const moved = held === 1 ? "its run goes" : `its ${held} runs go`;
  const said = `it gets no runs until it is admitted${held === 0 ? "" : `; ${moved} to other workers`}`;
  return carriedOut(reign, benched, worker, () => said);
}

/** Why an order's own search may not be started; undefined if it may. */
function searchProblem(
  { ports }: Reign,
  { op, code = null, searchProof = new Uint8Array(0) }: OrderOf<"run">,
  search: OwnSearchSettings,
): string | undefined {
  if (!ports.ownSearches) return "this coordinator starts no searches of users";
  return ports.ownSearches.refusalOf(op, search, code, searchProof) ?? undefined;
}

/** The hyperparameters with additional marks of ranges; undefined if a mark belongs to no range, or exists already. */
function withOwnMarks(hyperparameters: readonly Hyperparameter[], marks: Marks): readonly Hyperparameter[] | undefined {
  const own = hyperparameters.map((each) => withMarks(each, marks[each.name] ?? [], 0));
  const isSound = Object.entries(marks).every(([name, added]) => {
    const { range, values = [] } = own.find((each) => each.name === name) ?? {};
    const isNew = new Set(values).size === values.length && values.length <= mostMarks;
    return range !== undefined && isNew && added.every((mark) => contains(range, mark));
  });
  return isSound ? own : undefined;
}

async function submit(
  reign: Reign,
  who: Operator,
  order: OrderOf<"run">,
  drawSeed: () => number,
): Promise<OrderAnswer> {
  const {
    file,
    text,
    sources,
    commandLine,
    imported: earlier = [],
    marks = {},
    code = null,
    largeCode,
    inputs,
  } = order;
  const read = readSpec(carriedInput(order));
  if (!read.ok) return refused(reign, renderProblems(read.problems, read.texts, "nothing was submitted"));
  const { settings }: Spec = read.spec;
  const hyperparameters = withOwnMarks(read.spec.hyperparameters, marks);
  if (!hyperparameters) return refused(reign, `${file}: it adds values that do not belong to a range, or repeat one`);
  if (!settings.enabled)
    return refused(reign, `${file}: job_launcher is not enabled; nexus run runs such a spec on your machine`);
  const unwanted = settings.search && searchProblem(reign, order, settings.search);
  if (unwanted) return refused(reign, `${file}: ${unwanted}`);
  const tooMuch = limitProblem(reign, settings.checkpointLimit);
  if (tooMuch !== undefined) return refused(reign, `${file}: ${tooMuch}`);
  const at = reign.ports.clock.wall();
  if (settings.deadline !== null && settings.deadline <= at) {
    return refused(reign, `${file}: the deadline ${new Date(settings.deadline).toISOString()} has passed`);
  }
  const fits = (position: number | undefined, values: readonly unknown[]): boolean =>
    position !== undefined && position < values.length;
  for (const [name, , configuration] of earlier) {
    const isKnown = hyperparameters.every(({ values }, i) => fits(configuration[i], values));
    if (!isKnown || configuration.length !== hyperparameters.length) {
      return refused(reign, `${file}: the imported run ${name} has settings that this spec does not have`);
    }
    if (!isAllowed(hyperparameters, settings.where, configuration)) {
      return refused(reign, `${file}: the imported run ${name} has settings that the spec's \`where\` forbids`);
    }
  }
  const imported = earlier.map(([name, hpmax, any]): ImportedRun => [name, hpmax, canonical(hyperparameters, any)]);
  const bundles = piecedBundles(order);
  if (settings.search && largeCode)
    return refused(reign, `${file}: a job with a search of its own brings its code whole`);
  const event: JobSubmitted = {
    type: "job",
    job: jobName(reign.state.nextJob),
    ...who,
    at,
    file,
    text,
    sources,
    commandLine,
    ...(code === null ? {} : { code }),
    ...(largeCode ? { largeCode } : {}),
    ...(inputs ? { inputs } : {}),
    hyperparameters,
    settings,
    seed: settings.seed ?? drawSeed(),
    firstParent: reign.state.nextRun,
    parents: settings.computeNodes ?? 0,
    ...(imported.length === 0 ? {} : { imported }),
  };
  const problem = sizeProblem(event);
  if (problem !== undefined) return refused(reign, `${file}: ${problem}`);
  if (bundles.length === 0) return carriedOut(reign, event, event.job);
  return reign.bundles.whileThere(bundles, async (missing) => {
    // Meanwhile other jobs may have come, and the same order again.
    const done = reign.state.orders.get(order.op);
    if (done !== undefined) return unchanged(reign, done, "");
    const { nextJob, nextRun } = reign.state;
    const now = { ...event, job: jobName(nextJob), firstParent: nextRun };
    return missing === 0 ? carriedOut(reign, now, now.job) : notThere(reign, file, missing);
  });
}

/** The sender then sends the pieces, and gives the order again. */
const notThere = (reign: Reign, file: string, missing: number): OrderAnswer => ({
  ...refused(reign, `${file}: the broker lacks ${missing} pieces of what it brings along; nothing was submitted`),
  code: "later",
});
