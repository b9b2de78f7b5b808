import { basename } from "node:path";
import { bytesOfJob } from "../../../shared/broker/store/stored-sizes.ts";
import { counted } from "../../../shared/domain/counted.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import type { WorkspaceState } from "../../../shared/domain/fold/workspace-state.ts";
import { sizeText } from "../../../shared/domain/size-text.ts";
import { UsageError } from "../../../shared/errors.ts";
import { consentOf } from "../../operator/consent.ts";
import { newOrderId } from "../../operator/give-order.ts";
import type { Scope } from "../../operator/scope.ts";
import { ordering, type Reader, type Session } from "../../operator/session.ts";
import { namesJobs, selectRuns } from "../../runs/run-list.ts";
import { type ControlOptions, giveAll, type NamedOrder } from "./control.ts";
import { checkWords } from "./control-targets.ts";

/** `nexus delete job1`: deletes jobs that are over, with all that their runs have stored. */
export async function deleteJobs(session: Session, words: readonly string[], options: ControlOptions): Promise<void> {
  checkWords(words, (each, state) => namedJobs(each, state, session.scope));
  await ordering(session, async (reader) => {
    const jobs = namedJobs(words, reader.state, session.scope);
    // Ask only about jobs that are over; for the others, the leader's answer says what to do first.
    const over = jobs.filter(({ isOver, state }) => isOver && state !== "held");
    if (over.length > 0 && !options.yes) {
      const effects: string[] = [];
      for (const table of over) effects.push(await effectOf(reader, table));
      if (!(await consentOf(options.yes, session)(effects.join("\n")))) return;
    }
    const orders = jobs.map(({ job }): NamedOrder => ({ name: job, order: { kind: "delete", op: newOrderId(), job } }));
    await giveAll(reader, orders, options);
  });
}

function namedJobs(words: readonly string[], state: WorkspaceState, { paths, flags }: Scope): readonly RunTable[] {
  const run = words.flatMap((word) => word.split(",")).find((word) => word !== "" && !namesJobs(word));
  if (run !== undefined)
    throw new UsageError(
      `"${run}" is not a job, and only whole jobs can be deleted\n  expected: job1, job1-job3, job*`,
    );
  return selectRuns(words, state, paths.name, flags).tables;
}

async function effectOf({ bus }: Reader, { job, trials, submitted }: RunTable): Promise<string> {
  const { bytes, isMore } = await bytesOfJob(bus, job);
  const stored = `${isMore ? "more than " : ""}${sizeText(bytes)}`;
  return `deletes ${job} (${basename(submitted.file)}) for good: ${counted(trials.length, "run")} with results, curves, consoles, checkpoints and files, ${stored} in the store`;
}
