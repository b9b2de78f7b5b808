import { withListedRanges } from "../../../shared/domain/evaluation/listed-ranges.ts";
import type { JobSubmitted } from "../../../shared/domain/fold/events.ts";
import type { WorkerId } from "../../../shared/domain/names.ts";
import type { CarriedSpec } from "../../../shared/domain/runspec/carried-spec.ts";
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
      return describeJob(reign, worker, ask);
    default: {
      const never: never = ask;
      throw new RangeError(`unknown question ${JSON.stringify(never)}`);
    }
  }
}

/**
 * What a job runs; each worker that gets a trial of it asks once. A worker that holds none and never began one hears only whether
 * the job is over: every worker asks that when the nodes of a job are released, and goes on asking until it is answered.
 */
function describeJob(reign: Reign, worker: WorkerId, question: JobQuestion): JobAnswer | undefined {
  const { job } = question;
  const table = reign.state.jobs.get(job);
  if (!table && !reign.state.deleted.has(job)) return undefined;
  const over = !table || table.state === "completed" || table.state === "cancelled";
  const answer = { kind: "job", term: reign.term, job, over } as const;
  // A run that began elsewhere belongs to another worker's parent run.
  if (!table?.parentRuns.has(worker) && !table?.holding.has(worker)) return { ...answer, ...nothingTold, code: null };
  const { code = null, largeCode, inputs } = table.submitted;
  const pieced = { ...(largeCode ? { largeCode } : {}), ...(inputs ? { inputs } : {}) };
  return { ...answer, ...toldOf(table.submitted), code, ...pieced };
}

const nothingTold: CarriedSpec = { file: "", text: "", sources: {}, commandLine: {} };

/** What workers are told of each job's spec; built once for all workers. */
const told = new WeakMap<JobSubmitted["sources"], CarriedSpec>();

function toldOf({ file, text, sources, commandLine, hyperparameters }: JobSubmitted): CarriedSpec {
  let spec = told.get(sources);
  if (spec === undefined) {
    const carried = { file, text, sources, commandLine };
    spec = hyperparameters.some(({ range }) => range) ? withListedRanges(carried, hyperparameters) : carried;
    told.set(sources, spec);
  }
  return spec;
}
