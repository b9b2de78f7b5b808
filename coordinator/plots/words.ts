import { nearestName } from "../../shared/domain/runspec/nearest-name.ts";
import { UsageError } from "../../shared/errors.ts";
import type { Limits } from "./figure.ts";
import { okabeIto } from "./palette.ts";

/** How the words of `nexus plot` are read; each complaint says what to type instead. */

/** One of a few words, as an option's value. */
export function oneOf<Word extends string>(option: string, typed: string, words: readonly Word[]): Word {
  const found = words.find((word) => word === typed);
  if (found !== undefined) return found;
  const nearest = nearestName(typed, words);
  const hint = nearest === undefined ? "" : `; did you mean ${nearest}?`;
  throw new UsageError(`${option}=${typed}: expected one of ${words.join(", ")}${hint}`);
}

/** Commas between; a backslash before a comma keeps it. */
export const listOf = (text: string | undefined): string[] =>
  text === undefined ? [] : text.split(/(?<!\\),/).map((each) => each.replaceAll("\\,", ",").trim());

/** The title at a place: its own, or the only one there is where that says `$run` and the like. */
export function titleAt(titles: readonly string[], i: number): string | undefined {
  const [first, ...more] = titles;
  return titles[i] ?? (more.length === 0 && first?.includes("$") ? first : undefined);
}

const numberPattern = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** `0,0.1`, `0,` or `,0.1`. */
export function limits(option: string, text: string): Limits {
  const parts = text.split(/[,:]/).map((part) => part.trim());
  const [from = "", to = ""] = parts;
  const isWrong = parts.length !== 2 || parts.some((part) => part !== "" && !numberPattern.test(part));
  if (isWrong || (from === "" && to === "")) {
    throw new UsageError(`${option}=${text}: expected two numbers, such as 0,0.1; either may be left out: 0, or ,0.1`);
  }
  const read = { from: from === "" ? null : Number(from), to: to === "" ? null : Number(to) };
  if (read.from !== null && read.to !== null && read.from >= read.to) {
    throw new UsageError(`${option}=${text}: the first number must be the smaller one`);
  }
  return read;
}

export function smoothingFactor(text: string): number {
  const value = numberPattern.test(text) ? Number(text) : Number.NaN;
  if (value >= 0 && value < 1) return value;
  throw new UsageError(`--smoothing-factor=${text}: expected 0 (none) to below 1, such as 0.9`);
}

/** `90x60`: millimetres. */
export function sizeInMm(text: string): { widthMm: number; panelHeightMm: number } {
  const [, width, height] = /^(\d{2,4}(?:\.\d+)?)x(\d{2,4}(?:\.\d+)?)(?:mm)?$/.exec(text) ?? [];
  const size = { widthMm: Number(width), panelHeightMm: Number(height) };
  if (size.widthMm >= 40 && size.widthMm <= 1000 && size.panelHeightMm >= 20 && size.panelHeightMm <= 1000) return size;
  throw new UsageError(
    `--size=${text}: expected width x height of a plot in millimetres, 40x20 to 1000x1000, such as 90x60`,
  );
}

const basicColours: Readonly<Record<string, string>> = {
  ...okabeIto,
  red: "#d62728",
  yellow: "#f0e442",
  grey: "#7f7f7f",
  gray: "#7f7f7f",
  brown: "#8c564b",
  pink: "#e377c2",
  cyan: "#17becf",
  navy: "#000080",
  olive: "#808000",
};

export function colours(text: string): string[] {
  return listOf(text).map((typed) => {
    const word = typed.toLowerCase();
    if (/^#[0-9a-f]{6}$/.test(word)) return word;
    if (/^#[0-9a-f]{3}$/.test(word)) return `#${[...word.slice(1)].map((digit) => digit + digit).join("")}`;
    const named = Object.hasOwn(basicColours, word) ? basicColours[word] : undefined;
    if (named !== undefined) return named;
    const nearest = nearestName(word, Object.keys(basicColours));
    const hint = nearest === undefined ? "" : `; did you mean ${nearest}?`;
    throw new UsageError(
      `--colors: "${typed}" is no colour${hint}\n  expected #rrggbb or one of ${Object.keys(basicColours).join(", ")}`,
    );
  });
}

export type FileFormat = "svg" | "png";

export function formatOf(file: string): FileFormat {
  const extension = /\.([a-z0-9]+)$/i.exec(file)?.[1]?.toLowerCase();
  if (extension === "svg" || extension === "png") return extension;
  throw new UsageError(`--save-to=${file}: expected a file that ends in .svg or .png`);
}
