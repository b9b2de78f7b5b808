import { createInterface } from "node:readline/promises";
import { UsageError } from "../../shared/errors.ts";
import type { Output } from "./output.ts";

/** Asks the person at the terminal to confirm. */
export interface Asker {
  /** Whether anybody can be asked: not if the input or the messages are redirected. */
  readonly isTerminal: boolean;
  ask(question: string): Promise<boolean>;
}

export const processAsker: Asker = {
  // The question goes to stderr, so that the output can be redirected.
  isTerminal: process.stdin.isTTY === true && process.stderr.isTTY === true,
  async ask(question) {
    const lines = createInterface({ input: process.stdin, output: process.stderr });
    // The end of the input and Ctrl-C count as no.
    const closed = new Promise<string>((resolve) => lines.once("close", () => resolve("")));
    const answer = await Promise.race([lines.question(`${question} [y/N] `), closed]);
    lines.close();
    return /^\s*y(es)?\s*$/i.test(answer);
  },
};

/** Whether the person wants what was described, which cannot be undone. */
export type Consent = (what: string) => Promise<boolean>;

/** Asks at a terminal. @throws UsageError elsewhere, unless `--yes` was given */
export function consentOf(yes: boolean | undefined, { output, asker }: { output: Output; asker: Asker }): Consent {
  return async (what) => {
    if (yes) return true;
    if (!asker.isTerminal) throw new UsageError(`${what}\n  to do it without a question, add --yes`);
    if (await asker.ask(`${what}. Do it?`)) return true;
    output.note("nothing was done\n");
    return false;
  };
}
