/** A minimal terminal that shows what a screen writes: cells, cursor, colours, modes, clipboard. */
export class TinyTerminal {
  /** Modes that are on, by number: 1049 is the alternate screen, 1000 the mouse. */
  readonly modes = new Set<string>();
  readonly copied: string[] = [];
  readonly #width: number;
  readonly #widthOf: (character: string) => number;
  readonly #cells: { text: string; colour: string }[][];
  #row = 0;
  #column = 0;
  #colour = "";

  /** @param widthOf  columns that this terminal gives a character */
  constructor(width: number, height: number, widthOf: (character: string) => number = () => 1) {
    this.#width = width;
    this.#widthOf = widthOf;
    this.#cells = Array.from({ length: height }, () =>
      Array.from({ length: width }, () => ({ text: " ", colour: "" })),
    );
  }

  write(bytes: string): void {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: sequences begin with an escape.
    const pieces = /\u001b\[(\??[0-9;]*)([A-Za-z])|\u001b>|\u001b\]52;c;([^\u0007]*)\u0007|[\s\S]/gu;
    for (const [piece, parameters = "", last, clip] of bytes.matchAll(pieces)) {
      if (clip !== undefined) this.copied.push(Buffer.from(clip, "base64").toString());
      else if (last !== undefined && parameters.startsWith("?")) this.#switch(parameters.slice(1), last === "h");
      else if (piece === "\u001b>") continue;
      else if (last === undefined) this.#put(piece);
      else this.#obey(last, parameters);
    }
  }

  /** The lines, each stretch of one colour behind `<colour>`. */
  lines(): string[] {
    return this.#cells.map((row) => {
      let colour = "";
      let out = "";
      for (const cell of row) {
        if (cell.colour !== colour) out += `<${cell.colour}>`;
        colour = cell.colour;
        out += cell.text;
      }
      return out.trimEnd();
    });
  }

  #switch(mode: string, on: boolean): void {
    if (on) this.modes.add(mode);
    else this.modes.delete(mode);
  }

  #obey(last: string, parameters: string): void {
    const [first = "", second = ""] = parameters.split(";");
    if (last === "H") [this.#row, this.#column] = [Number(first || 1) - 1, Number(second || 1) - 1];
    else if (last === "G") this.#column = Number(first) - 1;
    else if (last === "m") this.#colour = parameters === "0" ? "" : parameters;
    else if (last === "K") this.#wipe(this.#row, this.#column);
    else if (last === "J") for (const row of this.#cells.keys()) this.#wipe(row, 0);
    else throw new Error(`the terminal does not know ESC[${parameters}${last}`);
  }

  #wipe(row: number, from: number): void {
    for (let column = from; column < this.#width; column += 1) this.#set(row, column, " ", "");
  }

  #put(character: string): void {
    const width = this.#widthOf(character);
    if (width === 0) {
      const before = this.#cells[this.#row]?.[this.#column - 1];
      const base = before?.text === "" ? this.#cells[this.#row]?.[this.#column - 2] : before;
      if (base) base.text += character;
      return;
    }
    this.#set(this.#row, this.#column, character, this.#colour);
    if (width === 2) this.#set(this.#row, this.#column + 1, "", this.#colour);
    this.#column += width;
  }

  #set(row: number, column: number, text: string, colour: string): void {
    const cell = this.#cells[row]?.[column];
    if (cell) Object.assign(cell, { text, colour });
  }
}
