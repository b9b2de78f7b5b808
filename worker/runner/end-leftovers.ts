import { endMarked, endOthers, endReaped, runMark, sandboxMark } from "../processes/leftovers.ts";
import { reaperMark } from "../processes/reaper/scripts.ts";

/** Ends the processes that a run has left behind, once it is over. */
export function endLeftovers(): void {
  const mark = process.env[runMark] ?? "";
  const reaper = process.env[reaperMark] === String(process.ppid) ? process.ppid : undefined;
  let ended = 0;
  if (process.env[sandboxMark] === "1") ended = endOthers();
  else {
    if (mark !== "") ended += endMarked(mark, reaper);
    if (reaper !== undefined) ended += endReaped(reaper);
  }
  if (ended > 0)
    process.stderr.write(`a run left ${ended} ${ended === 1 ? "process" : "processes"} behind, ended now\n`);
}
