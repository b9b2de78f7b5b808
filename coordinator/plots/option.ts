/** An option of `nexus plot`: its flags, its help, and how its text becomes a value. */

import { didYouMean } from "../../shared/domain/runspec/nearest-name.ts";
import { UsageError } from "../../shared/errors.ts";

/** The options as typed, by key. */
export type TypedOptions = Readonly<Record<string, unknown>>;

export interface PlotOption<Value> {
  /** `--group-by <what>` */
  readonly flags: string;
  /** `--group-by` */
  readonly long: string;
  /** `groupBy` */
  readonly key: string;
  readonly help: string;
  /** count: a whole number from 1; list: text, may be repeated; flag: no value. */
  readonly form: "text" | "count" | "list" | "flag";
  /** Its value, or its default. @throws UsageError that says what to type instead */
  readonly read: (typed: TypedOptions) => Value;
}

function option<Value>(
  flags: string,
  help: string,
  form: PlotOption<Value>["form"],
  read: (typed: unknown, long: string) => Value,
): PlotOption<Value> {
  const [long = ""] = flags.split(" ");
  const key = long.slice(2).replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return { flags, long, key, help, form, read: (typed) => read(typed[key], long) };
}

/** `--group-by` for `groupBy`. */
export const longOf = (key: string): string => `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** @param read  gets the option's name for its error message */
export const text = <Value, const Usual>(
  flags: string,
  help: string,
  read: (typed: string, long: string) => Value,
  usual: Usual,
): PlotOption<Value | Usual> =>
  option(flags, help, "text", (typed, long) => (typeof typed === "string" ? read(typed, long) : usual));

export const anyText = (flags: string, help: string): PlotOption<string | undefined> =>
  text(flags, help, (typed) => typed, undefined);

export const count = (flags: string, help: string): PlotOption<number | undefined> =>
  option(flags, help, "count", (typed) => (typeof typed === "number" ? typed : undefined));

export const list = (flags: string, help: string): PlotOption<readonly string[]> =>
  option(flags, help, "list", (typed) => (Array.isArray(typed) ? typed.map(String) : []));

export const flag = (flags: string, help: string): PlotOption<boolean> =>
  option(flags, help, "flag", (typed) => typed === true);

/** Reads one of a few words. */
export const oneOf =
  <const Word extends string>(words: readonly Word[]) =>
  (typed: string, long: string): Word => {
    const found = words.find((word) => word === typed);
    if (found !== undefined) return found;
    throw new UsageError(`${long}=${typed}: expected one of ${words.join(", ")}${didYouMean(typed, words)}`);
  };

/** Splits at commas; `\,` stands for a comma. */
export const listOf = (typed: string): string[] =>
  typed.split(/(?<!\\),/).map((each) => each.replaceAll("\\,", ",").trim());
