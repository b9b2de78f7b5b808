import type { Hyperparameter, Setting } from "../../shared/domain/hyperparameter.ts";

/** A hyperparameter and where each of some runs has it. */
export interface Dial {
  readonly name: string;
  /** Its settings as people write them, in the spec's order. */
  readonly settings: readonly string[];
  /** The same as they are. */
  readonly values: readonly Setting[];
  /** For each run; -1 where it has none. */
  readonly positions: readonly number[];
}

/** Something measured once in each of some runs; NaN where it was not. */
export interface Measure {
  readonly name: string;
  readonly values: readonly number[];
}

export function dialOf(
  { name, values }: Hyperparameter,
  configurations: readonly (readonly number[])[],
  i: number,
): Dial {
  return {
    name,
    settings: values.map(settingText),
    values,
    positions: configurations.map((configuration) => configuration[i] ?? -1),
  };
}

export function settingText(setting: Hyperparameter["values"][number]): string {
  if (typeof setting !== "number") return String(setting);
  const plain = String(setting);
  const short = setting.toExponential().replace("e+", "e");
  return short.length < plain.length - 1 ? short : plain;
}

/** Spread evenly over -0.5 to 0.5 without any two near neighbours alike, the same each time: the golden ratio's multiples. */
export const jitter = (i: number): number => ((i * 0.6180339887498949) % 1) - 0.5;

/** As many of them as a plot can show, evenly chosen, the first and the last among them. */
export function evenlyChosen(count: number, most: number): number[] {
  if (count <= most) return Array.from({ length: count }, (_, i) => i);
  return Array.from({ length: most }, (_, i) => Math.round((i * (count - 1)) / (most - 1)));
}

export interface Group {
  readonly count: number;
  readonly mean: number;
  /** n - 1; NaN for fewer than two. */
  readonly variance: number;
  readonly min: number;
  readonly max: number;
}

/** Of what is finite. */
export function summaryOf(values: Iterable<number>): Group {
  let [count, mean, squares] = [0, 0, 0];
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    count += 1;
    const before = value - mean;
    mean += before / count;
    squares += before * (value - mean);
    min = Math.min(min, value);
    max = Math.max(max, value);
  }
  if (count === 0) return { count, mean: Number.NaN, variance: Number.NaN, min: Number.NaN, max: Number.NaN };
  return { count, mean, variance: count < 2 ? Number.NaN : squares / (count - 1), min, max };
}
