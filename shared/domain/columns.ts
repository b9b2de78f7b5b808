// A million rows as typed arrays take a fraction of the memory of a million objects, and the garbage collector walks none of it.

export type Column = Int32Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;

/** A copy of the column with room for `capacity` entries; the new ones are 0. */
export function longer<C extends Column>(column: C, capacity: number): C {
  const grown = new (column.constructor as new (length: number) => C)(capacity);
  grown.set(column);
  return grown;
}

/** Numbers texts 0, 1, 2, ... in the order in which they are first seen. */
export class NumberedTexts<Text extends string = string> {
  readonly all: Text[] = [];
  readonly #numbers = new Map<string, number>();

  constructor(texts: readonly Text[] = []) {
    for (const text of texts) this.add(text);
  }

  find(text: Text): number | undefined {
    return this.#numbers.get(text);
  }

  /** The text's number; a new text gets the next one. */
  add(text: Text): number {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    const number = this.all.push(text) - 1;
    this.#numbers.set(text, number);
    return number;
  }
}
