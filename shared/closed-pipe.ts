/**
 * Ends the process, with exit code 0, when the reader of its output has: `nexus list runs | head` is no failure. A screen looks
 * after its terminal itself. Not for processes that others rely on, whether or not anybody reads what they print.
 */
export function endWhenNobodyReads(): void {
  for (const stream of [process.stdout, process.stderr]) {
    if (stream.isTTY) continue;
    stream.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
  }
}
