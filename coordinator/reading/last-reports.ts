import { isNewestStay, type Trial, whyUnheard } from "../../shared/domain/fold/trial.ts";
import type { Bus, Reading, StoredMessage } from "../../shared/ports.ts";
import { within } from "../../shared/time/deadline.ts";
import { BadMessage } from "../../shared/wire/check.ts";
import { decodeEvidence } from "../../shared/wire/messages.ts";
import { evidenceOfTrial, parseEvidence, streams } from "../../shared/wire/subjects.ts";
import type { ChosenRun } from "./evidence-reader.ts";

const readTimeoutMs = 30_000;

/** When the broker stored the last reports of runs, by its wall clock; runs that their holder sent no report of are left out. */
export async function lastReports(bus: Bus, runs: readonly ChosenRun[]): Promise<Map<Trial, number>> {
  const found = new Map<Trial, number>();
  await Promise.all(
    runs.map(async ({ table, trial }) => {
      let reading: Reading | undefined;
      try {
        reading = await bus.read(
          streams.evidence,
          1,
          (message) => {
            if (message.storedAt !== undefined && isOwnReport(trial, message)) found.set(trial, message.storedAt);
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

/** Whether the worker that has the run reported: others may send what they like. */
function isOwnReport(trial: Trial, { subject, data }: StoredMessage): boolean {
  const address = parseEvidence(subject);
  if (address?.kind !== "report") return false;
  try {
    const told = decodeEvidence(address, data);
    return whyUnheard(trial, { ...told, worker: address.worker }) === undefined && isNewestStay(trial, told.attempt);
  } catch (error) {
    if (!(error instanceof BadMessage)) throw error;
    return false;
  }
}
