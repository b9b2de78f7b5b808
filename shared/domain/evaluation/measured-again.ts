import type { Interval } from "./truth.ts";

/** What fresh runs of one configuration say about its true mean; nothing was selected, so no correction is needed. */
export interface MeasuredAgain {
  readonly runs: number;
  readonly mean: number;
  /** Standard deviation of the runs (n - 1); null for one run. */
  readonly sd: number | null;
  /** Student's confidence intervals of the mean; null for one run. */
  readonly interval90: Interval | null;
  readonly interval95: Interval | null;
}

/** @param hpmax  at least one, finite */
export function measuredAgain(hpmax: readonly number[]): MeasuredAgain {
  const runs = hpmax.length;
  const mean = hpmax.reduce((sum, value) => sum + value / runs, 0);
  if (runs < 2) return { runs, mean, sd: null, interval90: null, interval95: null };
  const sd = Math.sqrt(hpmax.reduce((sum, value) => sum + (value - mean) * (value - mean), 0) / (runs - 1));
  const within = (level: 0.9 | 0.95): Interval => {
    const half = (studentQuantile(level, runs - 1) * sd) / Math.sqrt(runs);
    return { low: mean - half, high: mean + half };
  };
  return { runs, mean, sd, interval90: within(0.9), interval95: within(0.95) };
}

/** Two-sided normal quantiles. */
const normalQuantile = { 0.9: 1.6448536269514722, 0.95: 1.959963984540054 } as const;

/**
 * The two-sided quantile of Student's t: |t| stays below it with probability `level`. Hill, algorithm 396, CACM 1970: exact for 1
 * and 2 degrees of freedom, within 1e-4 of tables from 3 on.
 */
export function studentQuantile(level: 0.9 | 0.95, freedom: number): number {
  const p = 1 - level;
  if (freedom === 1) return Math.cos((p * Math.PI) / 2) / Math.sin((p * Math.PI) / 2);
  if (freedom === 2) return Math.sqrt(2 / (p * (2 - p)) - 2);
  const a = 1 / (freedom - 0.5);
  const b = 48 / (a * a);
  let c = (((20_700 * a) / b - 98) * a - 16) * a + 96.36;
  const d = ((94.5 / (b + c) - 3) / b + 1) * Math.sqrt((a * Math.PI) / 2) * freedom;
  let y = Math.exp((2 / freedom) * Math.log(d * p));
  if (y > 0.05 + a) {
    const x = -normalQuantile[level];
    y = x * x;
    if (freedom < 5) c += 0.3 * (freedom - 4.5) * (x + 0.6);
    c = (((0.05 * d * x - 5) * x - 7) * x - 2) * x + b + c;
    y = (((((0.4 * y + 6.3) * y + 36) * y + 94.5) / c - y - 3) / b + 1) * x;
    y = Math.expm1(a * y * y);
  } else {
    y =
      ((1 / (((freedom + 6) / (freedom * y) - 0.089 * d - 0.822) * (freedom + 2) * 3) + 0.5 / (freedom + 4)) * y - 1) *
        ((freedom + 1) / (freedom + 2)) +
      1 / y;
  }
  return Math.sqrt(freedom * y);
}
