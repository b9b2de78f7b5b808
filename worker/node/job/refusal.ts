import { gpuNeed, needText } from "../../../shared/domain/gpu-shares.ts";
import { expandStages, withChosen } from "../../../shared/domain/runspec/spec-read.ts";
import { beyondItsFolder } from "../../../shared/domain/runspec/trust-needed.ts";
import type { Assignment } from "../../../shared/wire/messages.ts";
import type { LentGpus } from "../../gpus/lent-gpus.ts";
import type { KnownJob } from "./known-job.ts";

/**
 * Why a worker with --no-code does not take this run; null if it does. The coordinator should not offer such a run, but
 * the machine's owner need not rely on that.
 */
export function refusalOf({ spec, bringsCode }: KnownJob, { settings }: Pick<Assignment, "settings">): string | null {
  const refused = (what: string): string => `the run ${what}, and this worker takes none (--no-code)`;
  if ((spec.settings.setup ?? []).length > 0) return refused("wants programs executed (setup)");
  if (bringsCode) return refused("brings code of its own");
  const chosen = Object.fromEntries(spec.hyperparameters.map(({ name }, i) => [name, settings[i] ?? null]));
  const found = beyondItsFolder(expandStages(withChosen(spec, chosen), chosen, () => 0));
  return found === null ? null : refused(found);
}

/** Why a run that needs more GPUs than there are is not taken; null if it is. Earlier coordinators count no GPUs. */
export function gpuRefusal({ spec }: Pick<KnownJob, "spec">, gpus: LentGpus | undefined): string | null {
  const need = gpuNeed(spec.settings);
  if (need === null) return null;
  return gpus ? gpus.refusal(need) : `the run takes ${needText(need)}, and this worker lends none`;
}
