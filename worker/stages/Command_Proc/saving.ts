import type { StageContext } from "../stage.ts";
import type { Hearing } from "./hearing.ts";
import type { TiedProgram } from "./tied-program.ts";

/**
 * Checkpoints a running program. Its files are saved as they are, so it must write them atomically (a new file, then a
 * rename). The program is frozen meanwhile, and its output is read first: if the files were ahead of the reports, the
 * curve would have a gap.
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

  /** Resolves when every checkpoint begun so far is over, whether it succeeded or not. */
  get rest(): Promise<void> {
    return this.#rest;
  }

  /**
   * Takes a checkpoint after those asked for before. If two overlapped, the first to end would thaw the program under
   * the other.
   *
   * @param isLast  whether this attempt takes no other after it
   */
  take(isLast: boolean): Promise<void> {
    this.#takes += 1;
    const own = this.#rest.then(() => this.#takeNow(isLast)).finally(() => (this.#takes -= 1));
    // The caller hears of an error; the next checkpoint begins in any case.
    this.#rest = own.catch(() => undefined);
    return own;
  }

  async #takeNow(isLast: boolean): Promise<void> {
    const { signal, leaving } = this.#context;
    const still = this.#program.freeze();
    try {
      await this.#program.heardAll();
      this.#hearing.readFiles(isLast ? "last" : "all");
      // A program that was told to leave meanwhile saves itself once it is thawed.
      if (!signal.aborted && (isLast || !leaving.aborted)) await this.#hearing.checkpoint();
    } finally {
      still.thaw();
    }
  }
}
