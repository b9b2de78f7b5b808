import type { WorkerId } from "../../../shared/domain/names.ts";
import type { Answer, Ask, JobAnswer, JobQuestion } from "../../../shared/wire/messages.ts";
import type { Reign } from "../reign/reign.ts";
import { answerRenewal } from "./renewals.ts";
import { answerClaim } from "./search-loop.ts";

/** Answers a worker's question; undefined: no answer, it asks again. */
export async function answerAsk(reign: Reign, worker: WorkerId, ask: Ask): Promise<Answer | undefined> {
  switch (ask.kind) {
    case "claim":
      return answerClaim(reign, worker, ask);
    case "renew":
      return answerRenewal(reign, worker, ask);
    case "job":
      return describeJob(reign, ask);
    default: {
      const never: never = ask;
      throw new RangeError(`unknown question ${JSON.stringify(never)}`);
    }
  }
}

/** What a job runs; each worker that gets a trial of it asks once. */
function describeJob(reign: Reign, question: JobQuestion): JobAnswer | undefined {
  const table = reign.state.jobs.get(question.job);
  if (!table) return undefined;
  const { job, file, text, sources, commandLine, code = null } = table.submitted;
  const over = table.state === "completed" || table.state === "cancelled";
  return { kind: "job", term: reign.term, job, file, text, sources, commandLine, code, over };
}
