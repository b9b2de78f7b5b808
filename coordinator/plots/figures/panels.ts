/** Several panels in one figure: how they are arranged, and what stands above each. */

import { UsageError } from "../../../shared/errors.ts";
import type { Panel } from "../figure.ts";
import type { Layout } from "../options.ts";

/** More are no longer looked at. */
const mostPanels = 36;

/**
 * Panels and how many stand beside each other: as asked for, otherwise as square as possible, three beside each other at most.
 *
 * @throws UsageError where there are too many, or too many for the layout
 */
export function arranged(
  panels: readonly Panel[],
  layout: Layout | undefined,
): { panels: readonly Panel[]; columns: number } {
  const count = panels.length;
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
  return { panels, columns: Math.max(1, Math.min(columns ?? usual, Math.max(1, count))) };
}

/** The title at a place: its own, or the only one there is where that says `$run` and the like. */
export function titleAt(titles: readonly string[], i: number): string | undefined {
  const [first, ...more] = titles;
  return titles[i] ?? (more.length === 0 && first?.includes("$") ? first : undefined);
}
