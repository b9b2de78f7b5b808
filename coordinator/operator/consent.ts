import { createInterface } from "node:readline/promises";
import { UsageError } from "../../shared/errors.ts";
import type { Output } from "./output.ts";

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

/** Whether something that cannot be taken back is wanted, after it was said. */
export type Consent = (what: string) => Promise<boolean>;

/** Asks at a terminal; elsewhere, where nobody can be asked, it wants `--yes`. */
export function consentOf(yes: boolean | undefined, { output, asker }: { output: Output; asker: Asker }): Consent {
  return async (what) => {
    if (yes) return true;
    if (!asker.isTerminal) throw new UsageError(`${what}\n  to do it without being asked, add --yes`);
    if (await asker.ask(`${what}. Do it?`)) return true;
    output.note("nothing was done\n");
    return false;
  };
}
