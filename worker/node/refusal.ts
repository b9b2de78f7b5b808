import { expandStages, withChosen } from "../../shared/domain/runspec/spec-read.ts";
import { beyondItsFolder } from "../../shared/domain/runspec/trust-needed.ts";
import type { Assignment } from "../../shared/wire/messages.ts";
import type { KnownJob } from "./known-job.ts";

/**
 * Why a worker with --no-code does not take this run; null if it does. The coordinator gives it no such job, but this machine's
 * owner need not believe that.
 */
export function refusalOf({ spec, bringsCode }: KnownJob, { settings }: Pick<Assignment, "settings">): string | null {
  const refused = (what: string): string => `the run ${what}, and this worker takes none (--no-code)`;
  if (bringsCode) return refused("brings code of its own");
  const chosen = Object.fromEntries(spec.hyperparameters.map(({ name }, i) => [name, settings[i] ?? null]));
  const found = beyondItsFolder(expandStages(withChosen(spec, chosen), chosen, () => 0));
  return found === null ? null : refused(found);
}
