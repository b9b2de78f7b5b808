import type { JournalEvent } from "../shared/domain/events.ts";
import { jobName } from "../shared/domain/names.ts";
import type { Spec } from "../shared/domain/spec.ts";
import { carriedDefaults, readSpec, renderProblems } from "../shared/domain/spec-read.ts";
import type { JobAnswer, JobQuestion, Order, OrderAnswer } from "../shared/wire/messages.ts";
import type { Reign } from "./reign.ts";

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
    case "release": {
      const table = reign.state.jobs.get(order.job);
      if (!table) return refused(reign, `there is no ${order.job}; to see what there is: nexus list jobs`);
      if (table.state !== "held") return refused(reign, `${order.job} is not held: it is ${table.state}`);
      const { job } = table;
      const reason = `released by ${user}`;
      const at = reign.ports.clock.wall();
      await reign.record({ type: "job-state", job, state: "completed", reason, by: user, op: order.op, at });
      reign.ports.tell(null, { kind: "released", term: reign.term, job });
      return accepted(reign, job);
    }
    case "admit": {
      const { worker, op } = order;
      if (!reign.state.workers.has(worker)) return refused(reign, `there is no worker ${worker}`);
      const at = reign.ports.clock.wall();
      await reign.record({ type: "worker-state", worker, state: "admitted", reason: "", by: user, op, at });
      reign.wake();
      return accepted(reign, worker);
    }
    default: {
      const never: never = order;
      throw new RangeError(`unknown order ${JSON.stringify(never)}`);
    }
  }
}

async function submit(reign: Reign, user: string, order: RunOrder, drawSeed: () => number): Promise<OrderAnswer> {
  const { file, text, sources, commandLine, op } = order;
  const read = readSpec({ file, text, commandLine, defaults: carriedDefaults(sources) });
  if (!read.ok) return refused(reign, renderProblems(read.problems, read.texts, "nothing was submitted"));
  const { hyperparameters, settings }: Spec = read.spec;
  if (!settings.enabled)
    return refused(reign, `${file}: job_launcher is not enabled; nexus run runs such a spec on your machine`);
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
    hyperparameters,
    settings,
    seed: settings.seed ?? drawSeed(),
    firstParent: reign.state.nextRun,
    parents: settings.computeNodes ?? 0,
  };
  await reign.record(event);
  reign.wake();
  return accepted(reign, event.job);
}

/** What a job runs: asked once by each worker that gets a trial of it. */
export function describeJob(reign: Reign, question: JobQuestion): JobAnswer | undefined {
  const table = reign.state.jobs.get(question.job);
  if (!table) return undefined;
  const { job, file, text, sources, commandLine } = table.submitted;
  const over = table.state === "completed" || table.state === "cancelled";
  return { kind: "job", term: reign.term, job, file, text, sources, commandLine, over };
}

const accepted = (reign: Reign, name: string): OrderAnswer => ({ ok: true, term: reign.term, name, reason: "" });
const refused = (reign: Reign, reason: string): OrderAnswer => ({ ok: false, term: reign.term, name: "", reason });
