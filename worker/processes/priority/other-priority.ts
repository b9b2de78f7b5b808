import { constants, setPriority } from "node:os";
import type { Priority } from "./standing.ts";

/** The tool of macOS that lets a program run in the background: efficient cores, slow disk, throttled network. */
const taskpolicy = "/usr/sbin/taskpolicy";

/**
 * The lowest priority class of systems other than Linux; on macOS also its policy for background work.
 *
 * @param set  replaces the system's call, to record what is called
 */
export const otherPriority =
  (platform: NodeJS.Platform, set: typeof setPriority = setPriority): Priority =>
  (isLow) => ({
    words: isLow && platform === "darwin" ? [taskpolicy, "-b"] : [],
    started: (pid) => {
      if (isLow) set(pid, constants.priority.PRIORITY_LOW);
    },
    keeper: () => undefined,
  });
