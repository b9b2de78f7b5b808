import { isResultOf } from "../../../shared/domain/fold/rejection.ts";
import { distrustOf, isNewestStay, isOpen, resultBy } from "../../../shared/domain/fold/trial.ts";
import type { Bus, StoredMessage } from "../../../shared/ports.ts";
import { BadMessage } from "../../../shared/wire/check.ts";
import { decodeEvidence } from "../../../shared/wire/messages.ts";
import { evidenceOfJob, parseEvidence, streams } from "../../../shared/wire/subjects.ts";
import type { Reign } from "../reign/reign.ts";
import { prunerOf } from "./pruning.ts";

/** Messages of EV, of all jobs, that a new leader looks back: read in a fraction of a second. */
const lookBack = 20_000;
const patienceMs = 5000;

/**
 * Reads the latest curves again, which the previous leader knew: those of the runs in progress, and of completed ones to compare
 * them with. No run is pruned meanwhile. Without these curves pruning would have to start over.
 */
export async function recallCurves(reign: Reign, bus: Pick<Bus, "read">): Promise<void> {
  const tables = [...reign.state.jobs.values()].filter((table) => prunerOf(reign, table) && table.trials.length > 0);
  const judged = reign.evidence.judged;
  if (tables.length === 0 || judged === 0) return;
  const subjects = tables.map(({ job }) => evidenceOfJob(job));
  const reading = await bus.read(
    streams.evidence,
    Math.max(1, judged - lookBack),
    (message) => {
      if (message.seq <= judged) recall(reign, message);
    },
    subjects,
  );
  try {
    await Promise.race([reading.caughtUp, reign.ports.clock.pause(patienceMs)]);
  } finally {
    await reading.stop();
  }
  for (const table of tables) {
    const pruner = prunerOf(reign, table);
    pruner?.judged(table.rejected);
    pruner?.keep((n) => {
      const trial = table.trials.glance(n);
      return trial !== undefined && isOpen(trial) && (trial.status === "running" || trial.checkpoint !== null);
    });
  }
}

function recall(reign: Reign, { subject, data }: StoredMessage): void {
  const address = parseEvidence(subject);
  const table = address && reign.state.jobs.get(address.job);
  const trial = address && table?.trials.glance(address.n);
  const pruner = table && prunerOf(reign, table);
  if (!address || !trial || !pruner || !trial.attempts.some(({ worker }) => worker === address.worker)) return;
  try {
    const told = decodeEvidence(address, data);
    if (told.kind === "released") return;
    const isEnd = told.kind === "result" || told.kind === "failed";
    // A rejected one is known too: it may be accepted again. Others came late, or without a number.
    const isItsResult = told.kind === "result" && isResultOf(trial, address.worker, told.hpmax);
    const distrust = distrustOf(trial, told.attempt);
    if (isEnd && distrust === "sent away" && !isItsResult) return;
    // An open run that began afresh is judged by what its holder reports; from a checkpoint on, earlier reports are its own.
    if (isOpen(trial) && trial.checkpoint === null && !isNewestStay(trial, told.attempt)) return;
    // One that has ended is compared by what its own worker reported.
    const isOfOther = !isOpen(trial) && resultBy(trial) !== address.worker;
    if (isOfOther && (trial.resultBy !== null || distrust !== "")) return;
    pruner.report(trial.n, told.reports);
    // Its rungs are passed again, and remembered; a run in progress is judged again at its next report.
    pruner.judge(trial.n);
    if (isItsResult) pruner.completed(trial.n, told.hpmax);
  } catch (error) {
    // The message was set aside when it was judged.
    if (!(error instanceof BadMessage)) throw error;
  }
}
