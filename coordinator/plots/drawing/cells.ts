/** A page of coloured character cells, written to a terminal. */

/** SGR codes of the sixteen colours that every terminal has; undefined: the default colour. */
export type AnsiColour = 30 | 31 | 32 | 33 | 34 | 35 | 36 | 90 | 91 | 92 | 93 | 94 | 95 | 96 | undefined;

interface Cell {
  character: string;
  colour: AnsiColour;
}

export class Cells {
  readonly width: number;
  readonly height: number;
  readonly #cells: Cell[];

  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;
    this.#cells = Array.from({ length: width * height }, () => ({ character: " ", colour: undefined }));
  }

  put(x: number, y: number, character: string, colour?: AnsiColour): void {
    const cell = x >= 0 && x < this.width && y >= 0 ? this.#cells[y * this.width + x] : undefined;
    if (!cell) return;
    cell.character = character;
    cell.colour = colour;
  }

  /** Cuts off what does not fit on the right. */
  write(x: number, y: number, text: string, colour?: AnsiColour): void {
    [...text].forEach((character, i) => {
      this.put(x + i, y, character, colour);
    });
  }

  /** Writes only if the text's cells and one on each side are free; returns whether it did. */
  writeIfFree(x: number, y: number, text: string, colour?: AnsiColour): boolean {
    const length = [...text].length;
    if (x < 0 || x + length > this.width) return false;
    for (let i = x - 1; i <= x + length; i += 1) {
      if (i >= 0 && i < this.width && this.at(i, y) !== " ") return false;
    }
    this.write(x, y, text, colour);
    return true;
  }

  at(x: number, y: number): string {
    return this.#cells[y * this.width + x]?.character ?? " ";
  }

  paste(other: Cells, left: number, top: number): void {
    for (let y = 0; y < other.height; y += 1) {
      for (let x = 0; x < other.width; x += 1) {
        const cell = other.#cells[y * other.width + x];
        if (cell && cell.character !== " ") this.put(left + x, top + y, cell.character, cell.colour);
      }
    }
  }

  /** Lines without trailing spaces. */
  lines(isColoured: boolean): string[] {
    return Array.from({ length: this.height }, (_, y) => {
      const row = this.#cells.slice(y * this.width, (y + 1) * this.width);
      let end = row.length;
      while (end > 0 && row[end - 1]?.character === " ") end -= 1;
      let line = "";
      let colour: AnsiColour;
      for (const cell of row.slice(0, end)) {
        if (isColoured && cell.character !== " " && cell.colour !== colour) {
          line += cell.colour === undefined ? "\u001b[0m" : `\u001b[${cell.colour}m`;
          colour = cell.colour;
        }
        line += cell.character;
      }
      return colour === undefined ? line : `${line}\u001b[0m`;
    });
  }
}
