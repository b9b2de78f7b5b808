/** Milliseconds between lines where stderr is not a terminal. */
const every = 15_000;

/** Prints the bench's progress on stderr. */
export class Progress {
  readonly #total: number;
  readonly #began = performance.now();
  readonly #isTerminal = process.stderr.isTTY === true;
  #done = 0;
  #saidAt = 0;

  constructor(total: number) {
    this.#total = total;
  }

  step(): void {
    this.#done++;
    const now = performance.now();
    if (this.#isTerminal) process.stderr.write(`\r${progressText(this.#done, this.#total, now - this.#began)}   `);
    else if (now - this.#saidAt >= every) {
      this.#saidAt = now;
      process.stderr.write(`${progressText(this.#done, this.#total, now - this.#began)}\n`);
    }
  }

  end(): void {
    if (this.#isTerminal) process.stderr.write("\r\x1b[K");
  }
}

/**
 * `37 of 240 searches, about 2 minutes left`; all kinds of searches take turns, so the rest is as slow as those done.
 */
export function progressText(done: number, total: number, passedMs: number): string {
  const leftMs = (passedMs / done) * (total - done);
  const left = leftMs < 90_000 ? `${Math.ceil(leftMs / 1000)} s` : `${Math.round(leftMs / 60_000)} minutes`;
  return `${done} of ${total} searches${done === total ? "" : `, about ${left} left`}`;
}
