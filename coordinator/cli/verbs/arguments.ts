import { InvalidArgumentError } from "commander";
import { typedSeconds, typedSecondsForms } from "../../../shared/domain/runspec/quantities.ts";

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

/** A timer takes at most 2^31 - 1 ms, which is 24.8 days. */
const mostSeconds = 24 * 86_400;

/** @throws InvalidArgumentError if a timer cannot wait so long */
export function seconds(text: string): number {
  const value = typedSeconds(text);
  if (value !== undefined && value <= mostSeconds) return value;
  throw new InvalidArgumentError(`Expected a time such as ${typedSecondsForms}, at most 24d.`);
}
