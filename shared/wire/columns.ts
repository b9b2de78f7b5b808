import * as check from "./check.ts";

/** Turns rows into one list for each key, so that thousands of rows do not repeat their keys. */
export function toColumns<T extends object>(rows: readonly T[], keys: readonly (keyof T & string)[]): object {
  return Object.fromEntries(keys.map((key) => [key, rows.map((row) => row[key] ?? null)]));
}

/**
 * A check that turns columns back into rows and checks each row.
 *
 * @param keys  checks of a row's fields; the first column must be there, others may be missing if their check allows it
 */
export const rowsInColumns = <const S extends Parameters<typeof check.shape>[0]>(
  keys: S,
  most = 100_000,
): check.Check<readonly check.Fields<S>[]> => {
  const row = check.shape(keys);
  const names = Object.keys(keys);
  const columnsShape = check.shape(
    Object.fromEntries(names.map((name, i) => [name, i === 0 ? column(most) : check.nullable(column(most))])),
  );
  return (value, at) => {
    const columns = columnsShape(value, at);
    const length = columns[names[0] ?? ""]?.length ?? 0;
    for (const [name, found] of Object.entries(columns)) {
      if (found && found.length !== length)
        throw new check.BadMessage(`${at}.${name}: expected ${length} values as in ${names[0]}, found ${found.length}`);
    }
    const cells = (i: number): object => Object.fromEntries(names.map((name) => [name, columns[name]?.[i]]));
    return Array.from({ length }, (_, i) => row(cells(i), check.itemOf(at, i)));
  };
};

const anything: check.Check<unknown> = (value) => value;
const column = (most: number): check.Check<readonly unknown[]> => check.list(anything, most);
