import { numberIn } from "../metric-patterns.ts";

/** Something measured that stands in a file. */
export interface Row {
  /** As the file counts; undefined: it does not. */
  readonly step: number | undefined;
  readonly values: ReadonlyMap<string, number>;
}

/** Makes rows of the bytes of a file, in their order; what is not whole yet waits. */
export interface RowReader {
  push(bytes: Buffer): readonly Row[];
  /** The row of a last line that has no end, once its writer has ended well; without it, what is not whole is no row. */
  end?(): readonly Row[];
}

/** Columns that count iterations, the most telling first. */
const stepNames = ["iters", "step", "global_step", "_step", "iteration", "epoch"] as const;

/** A number, also one in quotes. */
export const numberOf = (value: unknown): number | undefined =>
  typeof value === "number" ? value : typeof value === "string" ? numberIn(value) : undefined;

export const keyOf = (name: string): string => name.toLowerCase().replace(/\W+/g, "_");

/** The row of named values. @param counter  the column that counts; "" for the usual ones */
export function rowOf(entries: Iterable<readonly [string, unknown]>, counter: string): Row {
  const values = new Map<string, number>();
  for (const [name, value] of entries) {
    const number = numberOf(value);
    if (number !== undefined) values.set(name, number);
  }
  return { step: values.get(counter === "" ? stepNameIn(values) : counter), values };
}

/** Loggers write it as they like: `step`, `Epoch`. */
function stepNameIn(values: ReadonlyMap<string, number>): string {
  const exact = stepNames.find((each) => values.has(each));
  if (exact !== undefined) return exact;
  const written = new Map([...values.keys()].map((name) => [name.toLowerCase(), name]));
  return written.get(stepNames.find((each) => written.has(each)) ?? "") ?? "";
}
