import type { RunName } from "../names.ts";
import type { JobSubmitted } from "./events.ts";
import type { Trial } from "./trial.ts";

/** Runs of earlier searches look like completed trials, but for their number, which no trial of the job has. */
const importedNumber = 0;

export const isImported = ({ n }: Trial): boolean => n === importedNumber;

/** What a job was given of earlier searches: `imported:run662.7` and so on, as if they had ended when it was submitted. */
export function importedRuns({ imported = [], at }: JobSubmitted): Trial[] {
  return imported.map(([name, hpmax, configuration]) => ({
    n: importedNumber,
    run: `imported:${name}` as RunName,
    configuration,
    seed: 0,
    status: "completed",
    attempts: [],
    charged: 0,
    hpmax,
    iters: 0,
    metrics: [],
    reason: "",
    why: "",
    endedAt: at,
    late: 0,
    order: "",
    checkpoint: null,
    console: "",
  }));
}
