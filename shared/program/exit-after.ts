import { CommanderError } from "commander";
import { printableLines } from "../domain/printable.ts";
import { exitCode, explain } from "../errors.ts";

/** Prints what ended a program to stderr, and returns its exit code. Others may have worded it: a coordinator, a spec, a run. */
export function exitAfter(error: unknown, program: string): number {
  // Help and version end here too, with 0. Commander's 1 means wrong usage, which it has explained.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.done : exitCode.usage;
  const { text, exit } = explain(error, program);
  process.stderr.write(`${printableLines(text)}\n`);
  return exit;
}
