import { UsageError } from "../../../shared/errors.ts";
import { linuxPriority } from "./linux-priority.ts";
import { otherPriority } from "./other-priority.ts";
import type { Priority } from "./standing.ts";

/** Variable of the worker's environment; "normal", for a machine that nobody else uses: runs keep normal priority. */
const priorityVariable = "NEXUS_PRIORITY";

/** @throws UsageError if the variable says something else */
export function systemPriority(env: NodeJS.ProcessEnv, platform: NodeJS.Platform = process.platform): Priority {
  const mayGiveWay = givesWay(env);
  const priority = platform === "linux" ? linuxPriority : otherPriority(platform);
  return (isLow) => priority(isLow && mayGiveWay);
}

/**
 * Whether runs of low priority come after this machine's other programs.
 *
 * @throws UsageError if the variable says something else
 */
export function givesWay(env: NodeJS.ProcessEnv): boolean {
  const wish = env[priorityVariable] ?? "";
  if (!["", "low", "normal"].includes(wish))
    throw new UsageError(`${priorityVariable}=${wish}: expected low (the default) or normal`);
  return wish !== "normal";
}
