import type { JournalEvent } from "../../../shared/domain/fold/events.ts";
import { jobName } from "../../../shared/domain/names.ts";
import type { Spec } from "../../../shared/domain/runspec/spec.ts";
import { carriedDefaults, readSpec, renderProblems } from "../../../shared/domain/runspec/spec-read.ts";
import type { Order, OrderAnswer } from "../../../shared/wire/messages.ts";
import type { Reign } from "../reign/reign.ts";
import { control } from "./control.ts";
import { edit } from "./edit-job.ts";
import { accepted, isAnswer, refused, sizeProblem, tableOr, workerOr } from "./order-answers.ts";

type RunOrder = Extract<Order, { kind: "run" }>;

/** Carries out what an operator asks; the same request id gets the same answer, from whoever leads. */
export async function carryOut(
  reign: Reign,
  user: string,
  order: Order,
  drawSeed: () => number,
): Promise<OrderAnswer | undefined> {
  const done = reign.state.orders.get(order.op);
  if (done !== undefined) {
    await reign.ports.flushed();
    return accepted(reign, done);
  }
  switch (order.kind) {
    case "run":
      return submit(reign, user, order, drawSeed);
    case "release":
      return release(reign, user, order);
    case "admit":
    case "bench":
      return judgeWorker(reign, user, order);
    case "control":
      return control(reign, user, order);
    case "edit":
      return edit(reign, user, order);
    default: {
      const never: never = order;
      throw new RangeError(`unknown order ${JSON.stringify(never)}`);
    }
  }
}

async function release(
  reign: Reign,
  user: string,
  { job, op }: Extract<Order, { kind: "release" }>,
): Promise<OrderAnswer> {
  const table = tableOr(reign, job);
  if (isAnswer(table)) return table;
  if (table.state !== "held") return refused(reign, `${job} is not held: it is ${table.state}`);
  const reason = `released by ${user}`;
  const at = reign.ports.clock.wall();
  await reign.record({ type: "job-state", job, state: "completed", reason, by: user, op, at });
  return accepted(reign, job);
}

async function judgeWorker(
  reign: Reign,
  user: string,
  { kind, worker, op }: Extract<Order, { kind: "admit" | "bench" }>,
): Promise<OrderAnswer> {
  const record = workerOr(reign, worker);
  if (isAnswer(record)) return record;
  if (record.state === "revoked") return refused(reign, `${worker} was revoked: ${record.reason}`);
  const at = reign.ports.clock.wall();
  if (kind === "admit") {
    await reign.record({ type: "worker-state", worker, state: "admitted", reason: "", by: user, op, at });
    const resume = record.duty === "working" ? "" : `, once resumed: nexus resume ${worker} (${record.dutyReason})`;
    return accepted(reign, worker, `it gets runs again${resume}`);
  }
  if (record.state === "benched") return accepted(reign, worker, `it is benched already: ${record.reason}`);
  const held = reign.leases.heldBy(worker).length;
  await reign.record({
    type: "worker-state",
    worker,
    state: "benched",
    reason: `benched by ${user}`,
    by: user,
    op,
    at,
  });
  await reign.ports.flushed();
  return accepted(reign, worker, `it gets no runs until it is admitted; ${held} of its runs go elsewhere`);
}

async function submit(reign: Reign, user: string, order: RunOrder, drawSeed: () => number): Promise<OrderAnswer> {
  const { file, text, sources, commandLine, op, imported = [], code = null } = order;
  const read = readSpec({ file, text, commandLine, defaults: carriedDefaults(sources) });
  if (!read.ok) return refused(reign, renderProblems(read.problems, read.texts, "nothing was submitted"));
  const { hyperparameters, settings }: Spec = read.spec;
  if (!settings.enabled)
    return refused(reign, `${file}: job_launcher is not enabled; nexus run runs such a spec on your machine`);
  if (settings.deadline !== null && settings.deadline <= reign.ports.clock.wall()) {
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
    op,
    by: user,
    at: reign.ports.clock.wall(),
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
  if (problem !== undefined) return refused(reign, `${file}: ${problem}`);
  await reign.record(event);
  return accepted(reign, event.job);
}
