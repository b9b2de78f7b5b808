import { numberIn } from "../metric-patterns.ts";

/** What a file says of one iteration, or a part of that. */
export interface Row {
  /** The iteration, as the file counts; undefined if it does not count. */
  readonly step: number | undefined;
  readonly values: ReadonlyMap<string, number>;
}

/** Turns a file's bytes, pushed in order, into rows. An unfinished row waits for the next bytes. */
export interface RowReader {
  push(bytes: Buffer): readonly Row[];
  /** The row of a last line that has no end, once its writer has ended well; without it, what is not whole is no row. */
  end?(): readonly Row[];
}

/** Columns that count iterations, the most telling first. */
const stepNames = ["iters", "step", "global_step", "_step", "iteration", "epoch"] as const;

/** A number, or text that is one; undefined for anything else. */
export const numberOf = (value: unknown): number | undefined =>
  typeof value === "number" ? value : typeof value === "string" ? numberIn(value) : undefined;

export const keyOf = (name: string): string => name.toLowerCase().replace(/\W+/g, "_");

/** Makes a row of named values. @param counter  the column that counts iterations; "" for the usual ones */
export function rowOf(entries: Iterable<readonly [string, unknown]>, counter: string): Row {
  const values = new Map<string, number>();
  for (const [name, value] of entries) {
    const number = numberOf(value);
    if (number !== undefined) values.set(name, number);
  }
  return { step: values.get(counter === "" ? stepNameIn(values) : counter), values };
}

/** The column that counts, whatever its case: `step`, `Epoch`; "" if there is none. */
function stepNameIn(values: ReadonlyMap<string, number>): string {
  const exact = stepNames.find((each) => values.has(each));
  if (exact !== undefined) return exact;
  const written = new Map([...values.keys()].map((name) => [name.toLowerCase(), name]));
  return written.get(stepNames.find((each) => written.has(each)) ?? "") ?? "";
}
