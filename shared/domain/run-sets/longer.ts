type Column = Int32Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;

/** The column with room for `capacity` entries; those that are new are 0. */
export function longer<C extends Column>(column: C, capacity: number): C {
  const grown = new (column.constructor as new (length: number) => C)(capacity);
  grown.set(column);
  return grown;
}
