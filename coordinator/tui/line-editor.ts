import type { Key } from "./terminal/terminal-port.ts";

const segmenter = new Intl.Segmenter("en", { granularity: "grapheme" });
const letter = /[\p{L}\p{N}\p{M}_]/u;

/** Whether a key with Alt does something in a line. */
export const isOfLine = (name: string): boolean => /^M-(b|f|d|backspace|left|right)$/.test(name);

/** A line of text being typed, with the keys of a shell's command line. The cursor stands between characters as people see them. */
export class LineEditor {
  #text: string;
  #cursor: number;
  /** What was last cut away. */
  #cut = "";

  constructor(text = "") {
    this.#text = text;
    this.#cursor = text.length;
  }

  get text(): string {
    return this.#text;
  }

  /** Where the next character goes: an index into the text. */
  get cursor(): number {
    return this.#cursor;
  }

  /** Replaces the text; the cursor goes to its end. */
  set(text: string): void {
    this.#text = text;
    this.#cursor = text.length;
  }

  /** Does what the key does to a line. Returns false if that is nothing. */
  press({ name, text }: Key): boolean {
    const act = this.#keys[name];
    if (act) act();
    else if (text !== "") this.#replace(this.#cursor, this.#cursor, text);
    return act !== undefined || text !== "";
  }

  readonly #keys: Readonly<Record<string, () => void>> = {
    ...this.#named(["left", "C-b"], () => this.#go(this.#before())),
    ...this.#named(["right", "C-f"], () => this.#go(this.#after())),
    ...this.#named(["home", "C-a"], () => this.#go(0)),
    ...this.#named(["end", "C-e"], () => this.#go(this.#text.length)),
    ...this.#named(["C-left", "M-left", "M-b"], () => this.#go(this.#wordBefore())),
    ...this.#named(["C-right", "M-right", "M-f"], () => this.#go(this.#wordAfter())),
    ...this.#named(["backspace"], () => this.#replace(this.#before(), this.#cursor, "")),
    ...this.#named(["delete", "C-d"], () => this.#replace(this.#cursor, this.#after(), "")),
    ...this.#named(["C-u"], () => this.#cutOut(0, this.#cursor)),
    ...this.#named(["C-k"], () => this.#cutOut(this.#cursor, this.#text.length)),
    ...this.#named(["C-w"], () => this.#cutOut(this.#blankBefore(), this.#cursor)),
    ...this.#named(["M-backspace"], () => this.#cutOut(this.#wordBefore(), this.#cursor)),
    ...this.#named(["M-d", "C-delete"], () => this.#cutOut(this.#cursor, this.#wordAfter())),
    ...this.#named(["C-y"], () => this.#replace(this.#cursor, this.#cursor, this.#cut)),
  };

  #named(names: readonly string[], act: () => void): Record<string, () => void> {
    return Object.fromEntries(names.map((name) => [name, act]));
  }

  #go(to: number): void {
    this.#cursor = to;
  }

  #replace(from: number, to: number, by: string): void {
    this.#text = this.#text.slice(0, from) + by + this.#text.slice(to);
    this.#cursor = from + by.length;
  }

  #cutOut(from: number, to: number): void {
    if (from === to) return;
    this.#cut = this.#text.slice(from, to);
    this.#replace(from, to, "");
  }

  /** Where the character before the cursor begins. */
  #before(): number {
    let at = 0;
    for (const { index } of segmenter.segment(this.#text)) if (index < this.#cursor) at = index;
    return at;
  }

  /** Where the character after the cursor ends. */
  #after(): number {
    for (const { index, segment } of segmenter.segment(this.#text)) {
      if (index + segment.length > this.#cursor) return index + segment.length;
    }
    return this.#text.length;
  }

  #wordBefore(): number {
    return this.#text.slice(0, this.#cursor).search(/[\p{L}\p{N}\p{M}_]*[^\p{L}\p{N}\p{M}_]*$/u);
  }

  #wordAfter(): number {
    let at = this.#cursor;
    while (at < this.#text.length && !letter.test(this.#text.charAt(at))) at += 1;
    while (at < this.#text.length && letter.test(this.#text.charAt(at))) at += 1;
    return at;
  }

  #blankBefore(): number {
    return this.#text.slice(0, this.#cursor).search(/\S*\s*$/);
  }
}
