import { UsageError } from "../../shared/errors.ts";
import type { Panel } from "./figure.ts";

/** `2x3`: rows by columns; either may be left out. */
export interface Layout {
  readonly rows: number | undefined;
  readonly columns: number | undefined;
}

/** More are no longer looked at. */
export const mostPanels = 36;

export function parseLayout(text: string): Layout {
  const match = /^(\d{1,2})?x(\d{1,2})?$/i.exec(text.trim());
  const rows = match?.[1] === undefined ? undefined : Number(match[1]);
  const columns = match?.[2] === undefined ? undefined : Number(match[2]);
  if (!match || (rows === undefined && columns === undefined) || rows === 0 || columns === 0) {
    throw new UsageError(`--layout=${text}: expected rows x columns, such as 2x3, or 2x or x3`);
  }
  return { rows, columns };
}

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
