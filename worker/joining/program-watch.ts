import { existsSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../shared/components/component-defaults.ts";
import type { Clock, Timer } from "../../shared/ports.ts";

const everyMs = 2000;
/** Looks in a row that must miss the program: an update may take it away for a moment. */
const mostMissing = 3;

/** Why runs are handed back if the program is missing. */
export const programGone = "the program of this worker is gone";

/** The Node that runs this worker, and its own files; both go with a virtual environment, and either may go alone. */
export const programParts = (): readonly string[] => [process.execPath, join(packageRoot(), "package.json")];

/** Whether the parts of this worker's program still exist: without them no run can start. */
export class ProgramWatch {
  readonly #parts: readonly string[];
  #onMissing: () => void = () => undefined;

  constructor(parts: readonly string[]) {
    this.#parts = parts;
  }

  /** Why a run failed, if the program is missing and may be the cause; "" if it exists. No run is taken until it is back. */
  blame(): string {
    if (this.#missing() === undefined) return "";
    this.#onMissing();
    return programGone;
  }

  /** The first missing part; undefined if none is. */
  #missing(): string | undefined {
    return this.#parts.find((part) => !existsSync(part));
  }

  /**
   * Looks every 2 s, until the program is gone.
   *
   * @param tell  hears that the program is missing, once a run has failed because of that, and that it is back
   * @param onGone  hears once which part has been gone for longer than an update takes
   */
  watch(clock: Pick<Clock, "every">, tell: (isThere: boolean) => void, onGone: (part: string) => void): Timer {
    let times = 0;
    let isThere = true;
    this.#onMissing = () => {
      if (isThere) tell(false);
      isThere = false;
    };
    const timer = clock
      .every(everyMs, () => {
        const missing = this.#missing();
        times = missing === undefined ? 0 : times + 1;
        if (missing === undefined) {
          if (!isThere) tell(true);
          isThere = true;
        } else if (times >= mostMissing) {
          timer.cancel();
          onGone(missing);
        }
      })
      .unref();
    return timer;
  }
}
