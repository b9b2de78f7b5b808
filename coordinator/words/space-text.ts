import { spaceOf } from "../../shared/domain/conditions/configuration-space.ts";
import type { RunTable } from "../../shared/domain/fold/run-table.ts";

/**
 * How many configurations a search has if conditions or constraints leave out some combinations: "11 of 15 combinations
 * are searched (only_when and where)"; "" if there are neither, or no search.
 */
export function spaceText({ submitted }: RunTable): string {
  const { hyperparameters, settings } = submitted;
  if (settings.hpTuning === false) return "";
  const { size, isExact, isPlain } = spaceOf(hyperparameters, settings.where);
  if (isPlain) return "";
  const all = hyperparameters.reduce((product, { values }) => product * BigInt(values.length), 1n);
  const why = [
    ...(hyperparameters.some(({ onlyWhen = [] }) => onlyWhen.length > 0) ? ["only_when"] : []),
    ...(settings.where.length > 0 ? ["where"] : []),
  ].join(" and ");
  return `${isExact ? "" : "about "}${inWords(size)} of ${inWords(all)} combinations are searched (${why})`;
}

function inWords(size: bigint): string {
  return size < 10_000_000n ? String(size) : Number(size).toExponential(1).replace("e+", "e");
}
