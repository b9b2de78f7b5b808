import { existsSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../shared/components/component-defaults.ts";
import type { Clock, Timer } from "../../shared/ports.ts";

const everyMs = 2000;
/** An update may take the program away for a moment. */
const mostMissing = 3;

/** Why runs are handed back then. */
export const programGone = "the program of this worker is gone";

/** The Node that runs this worker, and its own files; both go with a virtual environment, and either may go alone. */
export const programParts = (): readonly string[] => [process.execPath, join(packageRoot(), "package.json")];

/** The first that is not there; undefined: all are. */
export const missingOf = (parts: readonly string[]): string | undefined => parts.find((part) => !existsSync(part));

/** Says once that a part of this worker's program is gone: no run can start any more. */
export function watchProgram(
  clock: Pick<Clock, "every">,
  parts: readonly string[],
  onGone: (part: string) => void,
): Timer {
  let times = 0;
  const timer = clock
    .every(everyMs, () => {
      const missing = missingOf(parts);
      times = missing === undefined ? 0 : times + 1;
      if (missing === undefined || times < mostMissing) return;
      timer.cancel();
      onGone(missing);
    })
    .unref();
  return timer;
}
