import { CommanderError } from "commander";
import { printableLines } from "../domain/printable.ts";
import { exitCode, explain } from "../errors.ts";

/**
 * Prints the error that ended a program to stderr, and returns the exit code. The text is made printable: it may come
 * from a coordinator, a spec or a run.
 */
export function exitAfter(error: unknown, program: string): number {
  // Commander's 0 is help or version; its 1 means wrong usage, which it has explained.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.done : exitCode.usage;
  const { text, exit } = explain(error, program);
  process.stderr.write(`${printableLines(text)}\n`);
  return exit;
}
