import type { JobName, WorkerId } from "../names.ts";

/** What the checks need of one message of the evidence stream. */
export interface Testimony {
  /** Its sequence in EV. */
  readonly seq: number;
  readonly worker: WorkerId;
  readonly job: JobName;
  readonly n: number;
  /** The last token of its subject: report, result, failed, released, ... */
  readonly kind: string;
  readonly attempt: number;
  /** If it is a result. */
  readonly hpmax?: number;
  /** [stage, iterations, ...] of each report in it. */
  readonly reports: readonly (readonly [stage: number, iters: number, ...rest: unknown[]])[];
}
