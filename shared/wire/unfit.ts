import type { JobName } from "../domain/names.ts";
import * as check from "./check.ts";
import { job } from "./envelope.ts";

/** A job that a worker cannot run, though others may: it gets none of its runs. */
export interface Unfit {
  readonly job: JobName;
  readonly why: string;
}

/** Jobs that a worker names; a worker of ours forgets the oldest. */
export const mostUnfit = 20;
/** Characters of a reason. */
export const mostUnfitWhy = 400;

const shape = check.shape({ job, why: check.text(mostUnfitWhy) });
export const unfitJobs: check.Check<readonly Unfit[]> = check.list(shape, mostUnfit);
