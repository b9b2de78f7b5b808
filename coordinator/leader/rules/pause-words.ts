import type { JobChanged } from "../../../shared/domain/fold/events.ts";
import type { JobName } from "../../../shared/domain/names.ts";

/**
 * Why the coordinator pauses a job: in one sentence, and apart from what to type.
 *
 * @param details  what else there is to know, a clause each
 * @param toGoOn   when to resume it: `when fixed`
 */
export function pauseWords(
  job: JobName,
  rule: string,
  details: readonly string[],
  toGoOn: string,
): Pick<JobChanged, "reason" | "told"> {
  return {
    reason: [rule, ...details, `${toGoOn}: nexus resume ${job}`].join("; "),
    told: { rule, detail: details.join("; ") },
  };
}
