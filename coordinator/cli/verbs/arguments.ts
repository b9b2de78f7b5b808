import { InvalidArgumentError } from "commander";

/** How the values of options are read. */

export const collect = (text: string, before: readonly string[] = []): string[] => [...before, text];

export function count(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("Expected a whole number from 1.");
}

export function decimals(text: string): number {
  if (/^\d$|^1\d$/.test(text)) return Number(text);
  throw new InvalidArgumentError("Expected a whole number from 0 to 19.");
}

export function seconds(text: string): number {
  const value = /^(\d+(?:\.\d+)?)s?$/.exec(text)?.[1];
  if (value !== undefined) return Number(value);
  throw new InvalidArgumentError("Expected seconds, such as 60.");
}
