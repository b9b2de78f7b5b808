/**
 * `nexus list runs | head`: whoever read the output has seen enough, and that is no failure. Of terminals the screen hears itself.
 * Not for a process that others rely on, whoever reads what it prints.
 */
export function endWhenNobodyReads(): void {
  for (const stream of [process.stdout, process.stderr]) {
    if (stream.isTTY) continue;
    stream.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
  }
}
