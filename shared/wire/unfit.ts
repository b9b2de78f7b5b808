import type { JobName } from "../domain/names.ts";
import * as check from "./check.ts";
import { job } from "./envelope.ts";

/** A job that a worker cannot run, though others may: the worker gets none of its runs. */
export interface Unfit {
  readonly job: JobName;
  readonly why: string;
}

/** Most jobs that a worker names; our workers drop the oldest. */
export const mostUnfit = 20;
/** Most characters of a reason. */
export const mostUnfitWhy = 400;

const shape = check.shape({ job, why: check.text(mostUnfitWhy) });
export const unfitJobs: check.Check<readonly Unfit[]> = check.list(shape, mostUnfit);
