/** Dots on a grid of character cells, and three ways to write them as text. */

/** braille: 2x4 dots a cell; block: 1x2, in every font; ascii: 1x1, on every terminal. */
export type DotForm = "braille" | "block" | "ascii";

export const dotForms: readonly DotForm[] = ["braille", "block", "ascii"];

const perCell: Readonly<Record<DotForm, { readonly across: number; readonly down: number }>> = {
  braille: { across: 2, down: 4 },
  block: { across: 1, down: 2 },
  ascii: { across: 1, down: 1 },
};

/** Bit of each dot of a braille cell, by column and row: U+2800 plus their sum is the character. */
const brailleBits = [
  [0x01, 0x02, 0x04, 0x40],
  [0x08, 0x10, 0x20, 0x80],
];
const blocks = [" ", "▀", "▄", "█"];
const asciiMarks = "*o+x#@%&";

/** A field of dots. A cell belongs to the owner with the lowest number that has a dot in it. */
export class DotField {
  readonly columns: number;
  readonly rows: number;
  readonly #form: DotForm;
  /** Uint8Array, rows * columns of cells, row-major: which dots of the cell are set. */
  readonly #bits: Uint8Array;
  /** Int16Array, as #bits: the owner of the cell; -1: none. */
  readonly #owners: Int16Array;
  readonly #cellsAcross: number;
  readonly #cellsDown: number;

  constructor(cellsAcross: number, cellsDown: number, form: DotForm) {
    this.#cellsAcross = cellsAcross;
    this.#cellsDown = cellsDown;
    this.#form = form;
    this.columns = cellsAcross * perCell[form].across;
    this.rows = cellsDown * perCell[form].down;
    this.#bits = new Uint8Array(cellsAcross * cellsDown);
    this.#owners = new Int16Array(cellsAcross * cellsDown).fill(-1);
  }

  /** Sets a dot; row 0 is the top. Outside the field nothing happens. */
  set(column: number, row: number, owner: number): void {
    if (column < 0 || row < 0 || column >= this.columns || row >= this.rows) return;
    const { across, down } = perCell[this.#form];
    const cell = Math.floor(row / down) * this.#cellsAcross + Math.floor(column / across);
    const bit = this.#form === "braille" ? (brailleBits[column % across]?.[row % down] ?? 0) : 1 << (row % down);
    const current = this.#owners[cell] ?? -1;
    // A cell with a single dot shows the first curve only; larger cells show all.
    if (this.#form === "ascii" && current >= 0 && current < owner) return;
    this.#bits[cell] = (this.#bits[cell] ?? 0) | bit;
    if (current === -1 || owner < current) this.#owners[cell] = owner;
  }

  character(x: number, y: number): string {
    const bits = this.#bits[y * this.#cellsAcross + x] ?? 0;
    if (bits === 0) return " ";
    if (this.#form === "braille") return String.fromCharCode(0x2800 + bits);
    if (this.#form === "block") return blocks[bits] ?? " ";
    return asciiMarks[this.owner(x, y) % asciiMarks.length] ?? "*";
  }

  /** The owner of the cell; -1: none. */
  owner(x: number, y: number): number {
    return this.#owners[y * this.#cellsAcross + x] ?? -1;
  }

  get height(): number {
    return this.#cellsDown;
  }

  get width(): number {
    return this.#cellsAcross;
  }
}
