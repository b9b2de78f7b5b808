/** Reports once that the server which answers is not the one that this worker knows, until the right one is back. */
export class DistrustedServer {
  readonly #say: (why: string) => void;
  #said = false;

  constructor(say: (why: string) => void) {
    this.#say = say;
  }

  /** Called several times a second, each time the client tries again. */
  found(why: string): void {
    if (this.#said) return;
    this.#said = true;
    this.#say(
      `the broker is not believed, so nothing is sent to it; it is asked again and again; ${why}\n` +
        "  if the workspace has a new authority, end this worker (Ctrl-C twice) and start it with the line that nexus-coord prints and\n" +
        "  --same-workspace; name and results stay",
    );
  }

  trusted(): void {
    this.#said = false;
  }
}
