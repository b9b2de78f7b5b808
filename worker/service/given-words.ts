import { resolve } from "node:path";
import type { Command } from "commander";
import { UsageError } from "../../shared/errors.ts";

/** Rules of the machine's owner. A service without any waits until nobody uses the machine. */
const ownersRules: ReadonlySet<string> = new Set(["when-idle", "hours", "max-load"]);

/** Not for a service: they would end it, or say nothing to its log. */
const notForServices: ReadonlySet<string> = new Set(["tied", "pretend", "version"]);

/** What was typed for the worker, as it was typed. */
export interface GivenWords {
  /** Flags, each one word; the files in them are absolute. */
  readonly words: string[];
  /** Whether one of them says when the machine may be used. */
  readonly hasRules: boolean;
}

/**
 * Gives `command` the worker's own flags, and collects what is typed of them when it is parsed. A service starts in another
 * folder, so the files and folders in them are made absolute.
 */
export function withWorkersFlags(command: Command, worker: Command): GivenWords {
  const given = { words: [] as string[], hasRules: false };
  for (const option of worker.options) {
    const name = option.name();
    if (notForServices.has(name)) continue;
    command.addOption(option);
    // The default is the worker's affair, and none of what was typed.
    command.on(`option:${name}`, (raw: unknown) => {
      const value = typeof raw === "string" ? raw : undefined;
      given.words.push(value === undefined ? `--${name}` : `--${name}=${absolute(option.flags, value)}`);
      if (ownersRules.has(name)) given.hasRules = true;
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

/** A control character in a word has no place in a service's file. */
export function checkWords(words: readonly string[]): void {
  for (const word of words) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    if (/[\x00-\x1f\x7f]/.test(word))
      throw new UsageError(
        `${JSON.stringify(word)} contains a control character; expected words that can stand in a service's file`,
      );
  }
}
