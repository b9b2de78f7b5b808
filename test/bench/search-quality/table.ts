import type { Cell, Estimate, Row } from "./summary.ts";

/** Regrets are printed in units of 10^-4. */
const unit = 1e-4;

/**
 * One table for each surface and number of workers. Each search has a line of regrets and, below it, one of excesses.
 */
export function tablesOf(rows: readonly Row[]): string {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const key = `${row.surface}, ${row.workers} ${row.workers === 1 ? "worker" : "workers"}`;
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups].map(([title, group]) => tableOf(title, group)).join("\n");
}

function tableOf(title: string, rows: readonly Row[]): string {
  const budgets = [...new Set(rows.flatMap(({ cells }) => cells.map(({ budget }) => budget)))];
  const names = rows.map(({ search }) => search);
  const width = Math.max(title.length, ...names.map((name) => name.length + 4)) + 2;
  const lines = [line([title.padEnd(width), ...budgets.map(String), "honesty", "CPU ms", "seeds"])];
  for (const row of rows) {
    const cells = budgets.map((budget) => cellText(row.cells.find((cell) => cell.budget === budget)));
    const last = row.cells.at(-1);
    lines.push(
      line([
        `  ${row.search}`.padEnd(width),
        ...cells,
        excessText(last),
        row.cpuMsPerChoice.toFixed(2),
        String(row.seeds),
      ]),
    );
  }
  return `${lines.join("\n")}\n`;
}

const line = ([first = "", ...cells]: readonly string[]): string =>
  first + cells.map((cell) => cell.padStart(13)).join("");

function cellText(cell: Cell | undefined): string {
  if (!cell) return "-";
  return `${estimateText(cell.regret)}${cell.rule === "own" ? "" : ` ${cell.rule}`}`;
}

const excessText = (cell: Cell | undefined): string => (cell ? estimateText(cell.excess) : "-");

/** `42 ±5`; huge values, such as an estimate that a diverged run ruined, have an exponent. */
export function estimateText({ mean, half }: Estimate): string {
  const text = (value: number): string => {
    const scaled = value / unit;
    return Math.abs(scaled) < 1e5 ? scaled.toFixed(0) : scaled.toExponential(0).replace("e+", "e");
  };
  return Number.isNaN(half) ? text(mean) : `${text(mean)} ±${text(half)}`;
}
