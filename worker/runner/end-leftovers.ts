import { endMarked, endOthers, endReaped, runMark, sandboxMark } from "../processes/leftovers.ts";
import { reaperMark } from "../processes/reaper/scripts.ts";

/** Ends the processes that a run has left behind, once it is over. */
export function endLeftovers(): void {
  const mark = process.env[runMark] ?? "";
  const hasReaper = process.env[reaperMark] === String(process.ppid);
  let ended = 0;
  if (process.env[sandboxMark] === "1") ended = endOthers();
  else {
    if (mark !== "") ended += endMarked(mark);
    if (hasReaper) ended += endReaped(process.ppid);
  }
  if (ended > 0)
    process.stderr.write(`a run left ${ended} ${ended === 1 ? "process" : "processes"} behind, ended now\n`);
}
