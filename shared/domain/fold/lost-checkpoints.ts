import type { CheckpointLost } from "./events.ts";
import { FoldError } from "./fold-error.ts";
import type { RunTable } from "./run-table.ts";
import { isOpen } from "./trial.ts";

/** A checkpoint was not carried, or cannot be read: then the run begins afresh, and checkpoints that are not as far count again. */
export function checkpointLost(table: RunTable, { n, attempt, what, reason }: CheckpointLost): void {
  const trial = table.trials.forFold(n);
  if (!trial || !isOpen(trial) || !trial.attempts.some((part) => part.attempt === attempt))
    throw new FoldError(`"checkpoint-lost" of attempt ${attempt} cannot follow for ${table.job} trial ${n}`);
  if (what === "unsaved") trial.unsaved = reason;
  else trial.checkpoint = null;
}
