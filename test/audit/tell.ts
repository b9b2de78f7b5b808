import { stripVTControlCharacters } from "node:util";
import type { Outcome } from "./run-family.ts";

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const isRefused = ({ harm, untried }: Outcome): boolean => harm === undefined && untried === undefined;
const counts = (outcomes: readonly Outcome[]): readonly number[] => [
  outcomes.length,
  outcomes.filter(isRefused).length,
  outcomes.filter(({ harm }) => harm !== undefined).length,
];

/** Removes control characters: an attacker's text must not reach a terminal raw. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it removes
const plain = (text: string): string => stripVTControlCharacters(text).replace(/[\x00-\x1f\x7f-\x9f]/g, " ");

export function tellFamily(name: string, outcomes: readonly Outcome[], ms: number): void {
  const [tried, refused, harmful] = counts(outcomes);
  say(`${name.padEnd(14)}${tried} tried, ${refused} refused, ${harmful} harmful, ${(ms / 1000).toFixed(1)} s`);
  for (const { role, title, harm, untried } of outcomes) {
    if (harm !== undefined) say(plain(`  HARMFUL  ${role} ${title}: ${harm}`));
    if (untried !== undefined) say(plain(`  untried  ${role} ${title}: ${untried}`));
  }
}

export function tellAll(all: readonly Outcome[], ms: number): void {
  const [tried, refused, harmful] = counts(all);
  say("");
  say(`${tried} tried, ${refused} refused, ${harmful} harmful, in ${(ms / 1000).toFixed(0)} s`);
}
