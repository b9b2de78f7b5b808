import type { JournalEvent } from "../../../shared/domain/fold/events.ts";
import { deletedText } from "../../../shared/domain/fold/purges.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import type { WorkerRecord } from "../../../shared/domain/fold/workspace-state.ts";
import type { JobName, WorkerId } from "../../../shared/domain/names.ts";
import { sizeText } from "../../../shared/domain/size-text.ts";
import { encodeEvents, type OrderAnswer } from "../../../shared/wire/messages.ts";
import type { Decision, Reign } from "../reign/reign.ts";

/** Answers to an operator, or to a machine that asks to join. */

/** The giver of an order, and the request id by which a repeated order is recognised. */
export interface Operator {
  readonly by: string;
  readonly op: string;
}

export const accepted = ({ term }: Reign, name: string, reason = ""): OrderAnswer => ({
  ok: true,
  code: "done",
  term,
  name,
  reason,
});

export const refused = ({ term }: Reign, reason: string): OrderAnswer => ({
  ok: false,
  code: "refused",
  term,
  name: "",
  reason,
});

/** An earlier `nexus` exits with 3 because the sentence begins with "there is no"; this one goes by the code. */
export const notFound = (reign: Reign, what: string, list: string): OrderAnswer => ({
  ...refused(reign, `there is no ${what}; to see what there is: nexus list ${list}`),
  code: "not found",
});

export function tableOr(reign: Reign, job: JobName): RunTable | OrderAnswer {
  const deleted = reign.state.deleted.get(job);
  if (deleted) return { ...refused(reign, deletedText(deleted)), code: "not found" };
  return reign.state.jobs.get(job) ?? notFound(reign, job, "jobs");
}

export const workerOr = (reign: Reign, worker: WorkerId): WorkerRecord | OrderAnswer => {
  const record = reign.state.workers.get(worker) ?? notFound(reign, `worker ${worker}`, "workers");
  return !isAnswer(record) && record.state === "revoked"
    ? refused(reign, `${worker} was revoked: ${record.reason}`)
    : record;
};

export const isAnswer = (found: object): found is OrderAnswer => "ok" in found;

/** Nothing needs to be recorded; the answer waits until the records that it rests on are stored. */
export async function unchanged(reign: Reign, name: string, why: string): Promise<OrderAnswer> {
  await reign.ports.flushed();
  return accepted(reign, name, why);
}

/**
 * Records what an order decides, and answers once that and everything that follows from it is stored.
 *
 * @param said  called once all is stored, to say how things stand
 */
export async function carriedOut(
  reign: Reign,
  decision: Decision,
  name: string,
  said: () => string = () => "",
): Promise<OrderAnswer> {
  await reign.record(decision);
  await reign.ports.flushed();
  return accepted(reign, name, said());
}

/** Most bytes of one record: the default limit of a NATS server (1 MiB), less room for headers. */
const mostBytes = 1_000_000;

/** Why a record does not fit into the journal, as a person reads it; undefined: it fits. */
export function sizeProblem(event: JournalEvent): string | undefined {
  const bytes = encodeEvents([event]).length;
  if (bytes <= mostBytes) return undefined;
  const found = `it takes ${sizeText(bytes)} in the journal, where a record takes at most 1 MB`;
  return `${found}\n  import fewer runs, bring less code, or shorten the lists of values in the spec`;
}
