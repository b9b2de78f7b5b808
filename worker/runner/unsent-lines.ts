/** Most characters kept: fits one message of evidence with room to spare. */
const mostCharacters = 32 * 1024;
const headCharacters = 8 * 1024;
/** Text is cut only when this much too long: a cut copies what is kept, too much work to do for each line. */
const slackCharacters = 128 * 1024;

/** Console lines that were not sent yet. If they are too long, a note takes the place of the middle. */
export class UnsentLines {
  #head = "";
  #tail = "";
  #leftOut = 0;

  /** @param text  whole lines, each with its newline */
  add(text: string): void {
    if (this.#tail === "" && this.#head.length + text.length <= headCharacters) {
      this.#head += text;
      return;
    }
    this.#tail += text;
    if (this.#head.length + this.#tail.length > mostCharacters + slackCharacters) this.#cut();
  }

  get isEmpty(): boolean {
    return this.#head === "" && this.#tail === "";
  }

  /** Returns everything and forgets it. */
  take(): string {
    this.#cut();
    const gap = this.#leftOut === 0 ? "" : `... ${this.#leftOut} characters left out ...\n`;
    const text = this.#head + gap + this.#tail;
    this.#head = "";
    this.#tail = "";
    this.#leftOut = 0;
    return text;
  }

  #cut(): void {
    const excess = this.#head.length + this.#tail.length - mostCharacters;
    if (excess <= 0) return;
    const cut = this.#tail.indexOf("\n", excess) + 1 || excess;
    this.#leftOut += cut;
    this.#tail = this.#tail.slice(cut);
  }
}
