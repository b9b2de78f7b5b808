import type { Trial } from "../../shared/domain/fold/trial.ts";
import type { Bus, Reading } from "../../shared/ports.ts";
import { within } from "../../shared/time/deadline.ts";
import { evidenceOfTrial, parseEvidence, streams } from "../../shared/wire/subjects.ts";
import type { ChosenRun } from "./evidence-reader.ts";

const readTimeoutMs = 30_000;

/** When the broker stored the last reports of runs, by its wall clock; runs without a report are left out. */
export async function lastReports(bus: Bus, runs: readonly ChosenRun[]): Promise<Map<Trial, number>> {
  const found = new Map<Trial, number>();
  await Promise.all(
    runs.map(async ({ table, trial }) => {
      let reading: Reading | undefined;
      try {
        reading = await bus.read(
          streams.evidence,
          1,
          ({ subject, storedAt }) => {
            if (storedAt !== undefined && parseEvidence(subject)?.kind === "report") found.set(trial, storedAt);
          },
          [evidenceOfTrial(table.job, trial.n)],
        );
        await within(reading.caughtUp, readTimeoutMs, "reading when the runs last reported");
      } finally {
        await reading?.stop();
      }
    }),
  );
  return found;
}
