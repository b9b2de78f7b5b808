import { UsageError } from "../../shared/errors.ts";
import { type Asker, processAsker } from "./ask.ts";
import type { Output } from "./output.ts";

/** Whether something that cannot be taken back is wanted, after it was said. */
export type Consent = (what: string) => Promise<boolean>;

/** Asks at a terminal; elsewhere, where nobody can be asked, it wants `--yes`. */
export function consentOf(yes: boolean | undefined, output: Output, asker: Asker = processAsker): Consent {
  return async (what) => {
    if (yes) return true;
    if (!asker.isTerminal) throw new UsageError(`${what}\n  to do it without being asked, add --yes`);
    if (await asker.ask(`${what}. Do it?`)) return true;
    output.note("nothing was done\n");
    return false;
  };
}
