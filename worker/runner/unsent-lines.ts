/** Characters kept until they are sent: what one message of evidence takes with room to spare. */
const mostCharacters = 32 * 1024;
const headCharacters = 8 * 1024;

/** What a run's console has said and nobody has been told yet; where that is too much, its middle is left out, and that is said. */
export class UnsentLines {
  #head = "";
  #tail = "";
  #leftOut = 0;

  /** @param text  whole lines, each with its end */
  add(text: string): void {
    if (this.#tail === "" && this.#head.length + text.length <= headCharacters) {
      this.#head += text;
      return;
    }
    this.#tail += text;
    const excess = this.#head.length + this.#tail.length - mostCharacters;
    if (excess <= 0) return;
    const cut = this.#tail.indexOf("\n", excess) + 1 || excess;
    this.#leftOut += cut;
    this.#tail = this.#tail.slice(cut);
  }

  get isEmpty(): boolean {
    return this.#head === "" && this.#tail === "";
  }

  /** All of it, which from now on is no longer kept. */
  take(): string {
    const gap = this.#leftOut === 0 ? "" : `... ${this.#leftOut} characters left out ...\n`;
    const text = this.#head + gap + this.#tail;
    this.#head = "";
    this.#tail = "";
    this.#leftOut = 0;
    return text;
  }
}
