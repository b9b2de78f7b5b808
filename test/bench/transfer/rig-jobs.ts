import { operatorName } from "../../../shared/broker/access/credentials.ts";
import { readJournal } from "../../../shared/broker/store/journal-reader.ts";
import { readSeals } from "../../../shared/broker/store/seal-file.ts";
import { linkWorkspace } from "../../../shared/broker/workspace-link.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import { type JobName, parseJobName } from "../../../shared/domain/names.ts";
import { decodeOrderAnswer, encodeOrder } from "../../../shared/wire/messages.ts";
import { operator } from "../../../shared/wire/subjects.ts";
import type { Rig } from "../../chaos/rig.ts";
import { runOrder } from "../../support/processes/probe-spec.ts";

/** Submits a spec to a rig's coordinator. @throws Error with the reason if it is refused */
export async function submitTo({ paths }: Rig, spec: string, limitMs: number): Promise<JobName> {
  const link = await linkWorkspace(paths, "operator");
  try {
    const question = encodeOrder(runOrder(spec, readSeals(paths)?.keys.at(-1)));
    const answer = decodeOrderAnswer(await link.bus.request(operator(operatorName()), question, limitMs));
    const job = parseJobName(answer.name)?.name;
    if (!answer.ok || !job) throw new Error(answer.reason);
    return job;
  } finally {
    await link.close();
  }
}

/** A job's current table, from a rig's journal. */
export async function tableOf({ paths }: Rig, job: JobName): Promise<RunTable | undefined> {
  const viewer = await linkWorkspace(paths, "viewer");
  try {
    return (await readJournal(viewer.bus)).jobs.get(job);
  } finally {
    await viewer.close();
  }
}
