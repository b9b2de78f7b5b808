import { UsageError } from "../shared/errors.ts";

export const demoHelp = `npm start: a whole swarm on this machine, from nothing to the standings.

It starts a broker, a coordinator and two workers, and searches hyperparameters with 60 real training runs. Ctrl-C stops all of
it; the next start goes on from there, and after the search's end shows what came of it.

Options:
  -- --again  search anew once the last search has ended
  -- --help   print this
`;

/** What follows `npm start --`. */
export interface DemoWords {
  readonly again: boolean;
  readonly help: boolean;
}

/** @throws UsageError for anything that means nothing here */
export function readDemoWords(words: readonly string[]): DemoWords {
  const isHelp = (word: string): boolean => word === "--help" || word === "-h";
  const unknown = words.find((word) => word !== "--again" && !isHelp(word));
  if (unknown !== undefined) {
    throw new UsageError(`npm start: "${unknown}" means nothing here; expected --again, --help, or nothing`);
  }
  return { again: words.includes("--again"), help: words.some(isHelp) };
}
