import { UsageError } from "../shared/errors.ts";

/** What a person types here to start the demonstration or a program: differs between a checkout and an installation. */
export interface Typed {
  /** `npm start` or `nexus demo`. */
  readonly demo: string;
  /** The same for a new search. */
  readonly again: string;
  /** "npx " or "". */
  readonly prefix: string;
}

/** `npm_lifecycle_event` names the script that npm runs, or is `npx`. */
export const typedHere = (env: NodeJS.ProcessEnv): Typed => {
  const { npm_lifecycle_event: script } = env;
  if (script === "start") return { demo: "npm start", again: "npm start -- --again", prefix: "npx " };
  const prefix = script === "npx" ? "npx " : "";
  return { demo: `${prefix}nexus demo`, again: `${prefix}nexus demo --again`, prefix };
};

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
