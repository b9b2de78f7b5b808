import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import { whyOnce } from "../../../shared/domain/fold/search-view.ts";
import { finerMarks, type Refining } from "../../../shared/domain/ranges/finer-marks.ts";
import type { HpTuning } from "../../../shared/domain/search/searches.ts";
import type { Reign } from "../reign/reign.ts";

/** Results between two looks at a job: five at first, later a tenth of those it has, so that looking stays cheap. */
const fewestBetween = 5;
const shareBetween = 0.1;

/** The number of completed runs of each job at which its ranges are looked at next. */
const dueAt = new WeakMap<RunTable, number>();

/** Results were rejected or accepted again, so another configuration may be the best: the next result is due for a look. */
export function lookAgain(table: RunTable): void {
  dueAt.delete(table);
}

/** Makes the ranges of a job denser where its search looks, now and then. */
export function refineRanges(reign: Reign, table: RunTable): void {
  if (table.state !== "searching" || !hasRanges(table)) return;
  const completed = table.completions.length;
  if (completed < (dueAt.get(table) ?? 0)) return;
  dueAt.set(table, completed + Math.max(fewestBetween, Math.ceil(shareBetween * completed)));
  refine(reign, table, false);
}

/**
 * Adds marks to the ranges of a search that has tried every configuration, none of which runs twice.
 *
 * @returns whether there was room for any
 */
export const makeRoom = (reign: Reign, table: RunTable): boolean => hasRanges(table) && refine(reign, table, true);

const hasRanges = ({ submitted }: RunTable): boolean => submitted.hyperparameters.some(({ range }) => range);

function refine(reign: Reign, table: RunTable, isExhausted: boolean): boolean {
  const { settings, hyperparameters } = table.submitted;
  const refining = refiningOf(settings.hpTuning);
  const model = refining === "around the best" ? table.model.now : null;
  const known = model && { best: model.best.runSet.configuration, lengths: model.beliefs.lengths };
  const use = { runsOnce: whyOnce(table) !== null, isExhausted };
  const marks = finerMarks(hyperparameters, table.runSets, refining, known, use);
  if (Object.keys(marks).length === 0) return false;
  void reign.record({ type: "range-refined", job: table.job, marks });
  return true;
}

function refiningOf(hpTuning: HpTuning): Refining {
  if (hpTuning === false || hpTuning === "grid" || hpTuning === "own") return "nowhere";
  return hpTuning === "random" ? "everywhere" : "around the best";
}
