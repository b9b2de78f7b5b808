import { lowestNice } from "./autogroup.ts";
import { LowSessions } from "./low-sessions.ts";
import type { Priority } from "./standing.ts";

/**
 * A shell that lowers itself and then becomes the runner, so that nothing is ever started before it is low. Each step does
 * without the next: not every system has every tool, and containers forbid some.
 */
const lower = [
  // All processes of its session, if it has begun one: otherwise that is the owner's terminal. The sixth field is the session.
  `read -r _ _ _ _ _ session _ </proc/self/stat && [ "$session" = $$ ] && echo ${lowestNice} >/proc/self/autogroup`,
  // SCHED_IDLE: it runs when nobody else wants to.
  "chrt --idle --pid 0 $$",
  // In addition: by its nice value, the kernel and other workers count its time as that of programs that can wait.
  `renice -n ${lowestNice} -p $$`,
  // It reads and writes when the disk has nothing else to do.
  "ionice -c 3 -p $$",
];

/** When memory is short, the kernel ends a run before the owner's programs (0: like any other, 1000: first of all). */
const firstToGo = "echo 800 >/proc/self/oom_score_adj";

const become = (steps: readonly string[]): readonly string[] => [
  "/bin/sh",
  "-c",
  `{ ${steps.map((step) => `${step};`).join(" ")} } >/dev/null 2>&1; exec "$@"`,
  "sh",
];

/** SCHED_IDLE, nice 19, the group of the session, and the idle class of the disk. */
export const linuxPriority: Priority = (isLow) => ({
  words: become([firstToGo, ...(isLow ? lower : [])]),
  started: () => undefined,
  keeper: (pid, complain) => (isLow ? new LowSessions(pid, complain) : undefined),
});
