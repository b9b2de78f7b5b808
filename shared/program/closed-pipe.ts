/**
 * Ends the process with exit code 0 when the reader of its output has ended: `nexus list runs | head` is no failure. A
 * terminal is left to the screen on it. Not for processes that others rely on, even if nobody reads their output.
 */
export function endWhenNobodyReads(): void {
  for (const stream of [process.stdout, process.stderr]) {
    if (stream.isTTY) continue;
    stream.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
  }
}

/** For a worker, whose output may lose its reader (`nexus-worker | tee`, a full disk): its runs and log continue. */
export function goOnWhenNobodyReads(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
}
