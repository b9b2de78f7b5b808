import type { RunTable } from "../../shared/domain/fold/run-table.ts";
import type { WorkerRecord } from "../../shared/domain/fold/workspace-state.ts";
import type { JobName, WorkerId } from "../../shared/domain/names.ts";
import type { OrderAnswer } from "../../shared/wire/messages.ts";
import type { Reign } from "./reign.ts";

/** What is said to an operator. A refusal that begins with "there is no" makes `nexus` exit with 3 (results/simple-order.ts). */

export const accepted = (reign: Reign, name: string, reason = ""): OrderAnswer => ({
  ok: true,
  term: reign.term,
  name,
  reason,
});

export const refused = (reign: Reign, reason: string): OrderAnswer => ({
  ok: false,
  term: reign.term,
  name: "",
  reason,
});

export function tableOr(reign: Reign, job: JobName): RunTable | OrderAnswer {
  return reign.state.jobs.get(job) ?? refused(reign, `there is no ${job}; to see what there is: nexus list jobs`);
}

export function workerOr(reign: Reign, worker: WorkerId): WorkerRecord | OrderAnswer {
  return (
    reign.state.workers.get(worker) ??
    refused(reign, `there is no worker ${worker}; to see what there is: nexus list workers`)
  );
}

export const isAnswer = (found: object): found is OrderAnswer => "ok" in found;
