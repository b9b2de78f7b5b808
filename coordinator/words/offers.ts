import type { RunTable } from "../../shared/domain/fold/run-table.ts";

/** A command to type after a finished search. */
export interface Offer {
  readonly what: string;
  /** Ready to be typed. */
  readonly command: string;
}

/**
 * What to do with a search that is over; nothing before that, or without a result.
 *
 * @param flags  what a command must add to reach the workspace: "" or " --workspace ws2"
 */
export function offersOf({ job, isOver, runSets, submitted }: RunTable, flags: string): Offer[] {
  const { hpTuning } = submitted.settings;
  const isSearch = hpTuning !== false && submitted.hyperparameters.some(({ values }) => values.length > 1);
  if (!isOver || !isSearch || runSets.best() === null) return [];
  return [
    { what: "to measure the best again", command: `nexus confirm ${job}${flags}` },
    { what: "the spec with its values", command: `nexus spec ${job} --best${flags}` },
  ];
}
