/** How the panels of a figure are arranged and titled. */

import { UsageError } from "../../../shared/errors.ts";
import type { Layout } from "../options.ts";

/** More would be too small to read. */
const mostPanels = 36;

/**
 * How many of `count` panels are in a row: as asked for, otherwise as square as possible with at most three in a row.
 *
 * @throws UsageError if there are too many, or too many for the layout
 */
export function columnsFor(count: number, layout: Layout | undefined): number {
  if (count > mostPanels) {
    throw new UsageError(
      `that would be ${count} plots in one figure; ${mostPanels} at most\n  name fewer runs, or keep fewer: --max-runs=${mostPanels}, or leave out --break-on`,
    );
  }
  const { rows, columns } = layout ?? {};
  if (rows !== undefined && columns !== undefined && rows * columns < count) {
    throw new UsageError(
      `--layout=${rows}x${columns} has room for ${rows * columns} plots; there are ${count}\n  for example: --layout=${Math.ceil(count / columns)}x${columns}`,
    );
  }
  const usual = rows === undefined ? Math.min(3, Math.ceil(Math.sqrt(count))) : Math.ceil(count / rows);
  return Math.max(1, Math.min(columns ?? usual, count));
}

/** The i-th title; a single title that contains `$run` or the like serves all places. */
export function titleAt(titles: readonly string[], i: number): string | undefined {
  const [first, ...more] = titles;
  return titles[i] ?? (more.length === 0 && first?.includes("$") ? first : undefined);
}
