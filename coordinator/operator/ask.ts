import { createInterface } from "node:readline/promises";

/** Asks the person at the terminal whether something is really meant. */
export interface Asker {
  /** Whether there is anybody to ask: nobody is where input or messages go elsewhere. */
  readonly isTerminal: boolean;
  ask(question: string): Promise<boolean>;
}

export const processAsker: Asker = {
  // The question goes to stderr, so that what a command prints can go elsewhere.
  isTerminal: process.stdin.isTTY === true && process.stderr.isTTY === true,
  async ask(question) {
    const lines = createInterface({ input: process.stdin, output: process.stderr });
    // The end of the input, or Ctrl-C, is no answer.
    const closed = new Promise<string>((resolve) => lines.once("close", () => resolve("")));
    const answer = await Promise.race([lines.question(`${question} [y/N] `), closed]);
    lines.close();
    return /^\s*y(es)?\s*$/i.test(answer);
  },
};
