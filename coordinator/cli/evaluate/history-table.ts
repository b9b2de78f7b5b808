import { usedSettings } from "../../../shared/domain/conditions/activity.ts";
import type { SearchHistory } from "../../../shared/domain/evaluation/history.ts";
import { type Goal, told } from "../../../shared/domain/goal.ts";
import { type Hyperparameter, settingText } from "../../../shared/domain/hyperparameter.ts";
import { decimalsFor, formatDecimal } from "../../words/number-format.ts";
import { wrappedText } from "../../words/wrapped-text.ts";

/** Columns are at least as wide as in the original's table, so that usual tables look the same. */
const settingWidth = 9;
const leastDecimals = 6;

/** `EST HPMAX`, as the original has it, or `EST LOSS`. */
export const estimateHeader = ({ name }: Goal): string => `EST ${name.toUpperCase()}`;

/**
 * The history as the original's evaluation prints it: settings on the left, `155 runs    0.049182   16   run3755.152`; the
 * header again below, and a line that says what the table is.
 *
 * @param width  columns of the terminal, at which that line wraps; left out: it stays whole
 */
export function historyTable(
  history: SearchHistory,
  hyperparameters: readonly Hyperparameter[],
  goal: Goal,
  width?: number,
): string[] {
  const named = estimateHeader(goal);
  const rows = history.rows.map((row) =>
    usedSettings(hyperparameters, row.configuration).map((value) => settingText(value)),
  );
  const widths = hyperparameters.map(({ name }, i) => {
    const longest = rows.reduce((most, row) => Math.max(most, (row[i] ?? "").length), name.length);
    // The numbers follow right after the last setting.
    return Math.max(settingWidth, i === hyperparameters.length - 1 ? longest + 1 : longest);
  });
  const decimals = Math.max(leastDecimals, decimalsFor(history.rows.map(({ estHpmax }) => estHpmax)));
  const estimates = history.rows.map(({ estHpmax }) => formatDecimal(told(goal, estHpmax), decimals));
  const countWidth = widest(
    history.rows.map(({ bestFor }) => String(bestFor)),
    3,
  );
  const estimateWidth = widest([...estimates, named], 9);
  const runsWidth = widest(
    history.rows.map(({ runs }) => String(runs)),
    2,
  );
  const settings = (texts: readonly string[]): string => texts.map((text, i) => text.padEnd(widths[i] ?? 0)).join(" ");
  const header = [
    settings(hyperparameters.map(({ name }) => name)),
    "BEST FOR".padEnd(countWidth + 5),
    ` ${named.padStart(estimateWidth + 2)}`,
    `  ${"RUNS".padStart(runsWidth + 2)}  BEST`,
  ].join("");
  const lines = history.rows.map(({ bestFor, runs, bestRun }, i) =>
    [
      settings(rows[i] ?? []),
      `${String(bestFor).padStart(countWidth)} ${bestFor === 1 ? "run " : "runs"}`,
      ` ${(estimates[i] ?? "").padStart(estimateWidth + 2)}`,
      `  ${String(runs).padStart(runsWidth + 1)}   ${bestRun}`,
    ].join(""),
  );
  const about = `History of the best hyperparameter combination after each of the ${history.completed} completed runs.`;
  return [header, ...lines, header, ...(width === undefined ? [about] : wrappedText(about, width, 2))];
}

const widest = (texts: readonly string[], least: number): number =>
  texts.reduce((most, { length }) => Math.max(most, length), least);
