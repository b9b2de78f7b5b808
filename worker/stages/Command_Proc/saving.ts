import type { StageContext } from "../stage.ts";
import type { Hearing } from "./hearing.ts";
import type { TiedProgram } from "./tied-program.ts";

/**
 * Takes a program's files while it runs. They are saved as they are, so it must write them atomically (a new file, then a rename).
 * It is frozen meanwhile, and its output is read first: if the files were ahead of the reports, the curve would have a gap.
 */
export class Saving {
  readonly #program: TiedProgram;
  readonly #hearing: Hearing;
  readonly #context: StageContext;
  #takes = 0;
  #rest: Promise<void> = Promise.resolve();

  constructor(program: TiedProgram, hearing: Hearing, context: StageContext) {
    this.#program = program;
    this.#hearing = hearing;
    this.#context = context;
  }

  get isBusy(): boolean {
    return this.#takes > 0;
  }

  /** Resolves when all that was begun is over, however it went. */
  get rest(): Promise<void> {
    return this.#rest;
  }

  /**
   * Takes the files after the takes before it: the end of one would let the program go on while the next one reads its files.
   *
   * @param isLast  nothing of this attempt will be taken after it
   */
  take(isLast: boolean): Promise<void> {
    this.#takes += 1;
    const own = this.#rest.then(() => this.#takeNow(isLast)).finally(() => (this.#takes -= 1));
    // Whoever asked for it hears what went wrong; the next one begins in any case.
    this.#rest = own.catch(() => undefined);
    return own;
  }

  async #takeNow(isLast: boolean): Promise<void> {
    const { signal, leaving } = this.#context;
    const still = this.#program.freeze();
    try {
      await this.#program.heardAll();
      this.#hearing.readFiles(isLast ? "last" : "all");
      // Meanwhile it may have been told to leave, and saves itself once it goes on.
      if (!signal.aborted && (isLast || !leaving.aborted)) await this.#hearing.checkpoint();
    } finally {
      still.thaw();
    }
  }
}
