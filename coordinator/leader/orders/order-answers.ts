import type { JournalEvent } from "../../../shared/domain/fold/events.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import type { WorkerRecord } from "../../../shared/domain/fold/workspace-state.ts";
import type { JobName, WorkerId } from "../../../shared/domain/names.ts";
import { sizeText } from "../../../shared/domain/size-text.ts";
import { encodeEvents, type OrderAnswer } from "../../../shared/wire/messages.ts";
import type { Reign } from "../reign/reign.ts";

/** What is said to an operator, or to a machine that asks to join. */

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

/** An earlier `nexus` exits with 3 because the sentence begins with these words; this one because of the code. */
const notFound = (reign: Reign, what: string, list: string): OrderAnswer => ({
  ...refused(reign, `there is no ${what}; to see what there is: nexus list ${list}`),
  code: "not found",
});

export const tableOr = (reign: Reign, job: JobName): RunTable | OrderAnswer =>
  reign.state.jobs.get(job) ?? notFound(reign, job, "jobs");

export const workerOr = (reign: Reign, worker: WorkerId): WorkerRecord | OrderAnswer =>
  reign.state.workers.get(worker) ?? notFound(reign, `worker ${worker}`, "workers");

export const isAnswer = (found: object): found is OrderAnswer => "ok" in found;

/** Bytes of one record: what a NATS server takes as it comes (1 MiB), less room for headers. */
const mostBytes = 1_000_000;

/** What is wrong with a record that the journal could not hold, for whoever asked for it; undefined: nothing. */
export function sizeProblem(event: JournalEvent): string | undefined {
  const bytes = encodeEvents([event]).length;
  if (bytes <= mostBytes) return undefined;
  const found = `it takes ${sizeText(bytes)} in the journal, where a record takes at most 1 MB`;
  return `${found}\n  import fewer runs, bring less code, or shorten the lists of values in the spec`;
}
