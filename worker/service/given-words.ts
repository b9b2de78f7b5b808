import { resolve } from "node:path";
import type { Command } from "commander";
import { UsageError } from "../../shared/errors.ts";

/** Not for a service: they would end it, or say nothing to its log; it is owner-first anyway. */
const notForServices: ReadonlySet<string> = new Set(["tied", "pretend", "version", "owner-first"]);

/**
 * Gives `command` the worker's own flags. Parsing fills the returned list with those that were typed, one word each. A
 * service starts in another folder, so files and folders in them are made absolute.
 */
export function withWorkersFlags(command: Command, worker: Command): readonly string[] {
  const given: string[] = [];
  for (const option of worker.options) {
    const name = option.name();
    if (notForServices.has(name)) continue;
    command.addOption(option);
    // Only what was typed counts: defaults are left to the worker.
    command.on(`option:${name}`, (raw: unknown) => {
      const value = typeof raw === "string" ? raw : undefined;
      given.push(value === undefined ? `--${name}` : `--${name}=${absolute(option.flags, value)}`);
    });
  }
  return given;
}

/** `--creds <file>`, `--sandbox-ro <path,...>`: the placeholder says what the value is. */
function absolute(flags: string, value: string): string {
  if (/[<[](file|folder)[\]>]/.test(flags)) return resolve(value);
  if (/[<[]path,\.\.\.[\]>]/.test(flags)) {
    return value
      .split(",")
      .map((path) => (path === "" ? path : resolve(path)))
      .join(",");
  }
  return value;
}

/** @throws UsageError if a word has a control character, which has no place in a service's file */
export function checkWords(words: readonly string[]): void {
  for (const word of words) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    if (/[\x00-\x1f\x7f]/.test(word))
      throw new UsageError(
        `${JSON.stringify(word)} contains a control character; expected words that can stand in a service's file`,
      );
  }
}
