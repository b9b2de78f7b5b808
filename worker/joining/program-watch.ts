import { existsSync } from "node:fs";
import type { Clock, Timer } from "../../shared/ports.ts";

const everyMs = 2000;
/** An update may take the program away for a moment. */
const mostMissing = 3;

/** Says once that the Node which runs this worker is gone, as when its virtual environment was deleted: no run can start any more. */
export function watchProgram(clock: Pick<Clock, "every">, onGone: () => void, program = process.execPath): Timer {
  let missing = 0;
  const timer = clock
    .every(everyMs, () => {
      missing = existsSync(program) ? 0 : missing + 1;
      if (missing < mostMissing) return;
      timer.cancel();
      onGone();
    })
    .unref();
  return timer;
}
