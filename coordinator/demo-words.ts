import { UsageError } from "../shared/errors.ts";

export const demoHelp = `npm start: a whole swarm on this machine.

It starts a broker, a coordinator and two workers, and searches hyperparameters with 60 real training runs. Ctrl-C stops all of
it; the next start continues the search, or shows its result once it has ended.

Options:
  -- --again  start a new search if the last one has ended
  -- --help   print this help
`;

/** The words after `npm start --`. */
export interface DemoWords {
  readonly again: boolean;
  readonly help: boolean;
}

/** @throws UsageError for any other word */
export function readDemoWords(words: readonly string[]): DemoWords {
  const isHelp = (word: string): boolean => word === "--help" || word === "-h";
  const unknown = words.find((word) => word !== "--again" && !isHelp(word));
  if (unknown !== undefined) {
    throw new UsageError(`npm start: unknown option "${unknown}"; expected --again, --help, or nothing`);
  }
  return { again: words.includes("--again"), help: words.some(isHelp) };
}
