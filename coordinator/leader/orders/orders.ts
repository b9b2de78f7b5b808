import type { JournalEvent } from "../../../shared/domain/fold/events.ts";
import { jobName } from "../../../shared/domain/names.ts";
import { carriedInput } from "../../../shared/domain/runspec/carried-spec.ts";
import type { Spec } from "../../../shared/domain/runspec/spec.ts";
import { readSpec, renderProblems } from "../../../shared/domain/runspec/spec-read.ts";
import type { Order, OrderAnswer } from "../../../shared/wire/messages.ts";
import type { Reign } from "../reign/reign.ts";
import { control } from "./control.ts";
import { edit } from "./edit-job.ts";
import { invite, rotate, withdraw } from "./invite-orders.ts";
import { judgeResults } from "./judge-results.ts";
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
import { forget, revoke } from "./throw-out.ts";

/**
 * An order is one record. Its consequences are records behind it, written at once; `enforce` completes them if a leader dies in
 * between.
 */

/** Carries out what an operator asks; the same request id gets the same answer from any leader. */
export async function carryOut(reign: Reign, by: string, order: Order, drawSeed: () => number): Promise<OrderAnswer> {
  const done = reign.state.orders.get(order.op);
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
      return judgeResults(reign, who, order);
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
  const reason = `released by ${who.by}`;
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
  const benched = { type: "worker-state", worker, state: "benched", reason: `benched by ${who.by}`, ...who } as const;
  const moved = held === 1 ? "its run goes" : `its ${held} runs go`;
  const said = `it gets no runs until it is admitted${held === 0 ? "" : `; ${moved} to other workers`}`;
  return carriedOut(reign, benched, worker, () => said);
}

async function submit(
  reign: Reign,
  who: Operator,
  order: OrderOf<"run">,
  drawSeed: () => number,
): Promise<OrderAnswer> {
  const { file, text, sources, commandLine, imported = [], code = null } = order;
  const read = readSpec(carriedInput(order));
  if (!read.ok) return refused(reign, renderProblems(read.problems, read.texts, "nothing was submitted"));
  const { hyperparameters, settings }: Spec = read.spec;
  if (!settings.enabled)
    return refused(reign, `${file}: job_launcher is not enabled; nexus run runs such a spec on your machine`);
  const at = reign.ports.clock.wall();
  if (settings.deadline !== null && settings.deadline <= at) {
    return refused(reign, `${file}: the deadline ${new Date(settings.deadline).toISOString()} has passed`);
  }
  const fits = (position: number | undefined, values: readonly unknown[]): boolean =>
    position !== undefined && position < values.length;
  for (const [name, , configuration] of imported) {
    const isKnown = hyperparameters.every(({ values }, i) => fits(configuration[i], values));
    if (!isKnown || configuration.length !== hyperparameters.length) {
      return refused(reign, `${file}: the imported run ${name} has settings that this spec does not have`);
    }
  }
  const event: JournalEvent = {
    type: "job",
    job: jobName(reign.state.nextJob),
    ...who,
    at,
    file,
    text,
    sources,
    commandLine,
    ...(code === null ? {} : { code }),
    hyperparameters,
    settings,
    seed: settings.seed ?? drawSeed(),
    firstParent: reign.state.nextRun,
    parents: settings.computeNodes ?? 0,
    ...(imported.length === 0 ? {} : { imported }),
  };
  const problem = sizeProblem(event);
  return problem === undefined ? carriedOut(reign, event, event.job) : refused(reign, `${file}: ${problem}`);
}
