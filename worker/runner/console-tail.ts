/** The end of a run's console: its first lines and its last, at most this many characters in all. */
const mostCharacters = 8000;
const headCharacters = 2000;

export class ConsoleTail {
  #head = "";
  #tail: string[] = [];
  #tailLength = 0;
  #dropped = 0;

  add(line: string): void {
    if (this.#tail.length === 0 && this.#dropped === 0 && this.#head.length + line.length < headCharacters) {
      this.#head += `${line}\n`;
      return;
    }
    const kept = line.length > mostCharacters / 4 ? `${line.slice(0, mostCharacters / 4)}...` : line;
    this.#tail.push(kept);
    this.#tailLength += kept.length + 1;
    while (this.#tailLength > mostCharacters - headCharacters) {
      this.#tailLength -= (this.#tail.shift()?.length ?? 0) + 1;
      this.#dropped += 1;
    }
  }

  text(): string {
    const gap = this.#dropped === 0 ? "" : `... ${this.#dropped} lines left out ...\n`;
    const tail = this.#tail.length === 0 ? "" : `${this.#tail.join("\n")}\n`;
    return this.#head + gap + tail;
  }
}
