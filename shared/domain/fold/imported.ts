import type { RunName } from "../names.ts";
import type { JobSubmitted } from "./events.ts";
import { newTrial, type Trial } from "./trial.ts";

/** The number of every imported run; trials of a job count from 1. */
const importedNumber = 0;

export const isImported = ({ n }: Trial): boolean => n === importedNumber;

/** The runs of earlier searches that a job counts: `imported:run662.7` and so on, as if they had ended at its submission. */
export function importedRuns({ imported = [], at }: JobSubmitted): Trial[] {
  return imported.map(([name, hpmax, configuration]) =>
    Object.assign(newTrial(importedNumber, `imported:${name}` as RunName, configuration, 0, []), {
      status: "completed",
      hpmax,
      endedAt: at,
    }),
  );
}
