import * as check from "./check.ts";

/** A machine's free resources, which its worker sends with claims and renewals. Earlier workers do not. */
const machineShape = {
  /** Free bytes on the disk where its runs write. */
  diskFree: check.number,
  /** Bytes of memory available to programs. */
  memoryFree: check.number,
  /** Runnable processes per core, mean over the last minute. */
  load: check.number,
  /** Percent of the processors' time used since the worker's previous message; null: unknown. */
  cpu: check.optional(check.nullable(check.number), null),
  /** Percent of memory in use; null: unknown. */
  memory: check.optional(check.nullable(check.number), null),
  /** Percent of time that the lent GPUs were busy, their mean; null: unknown, or it lends none. */
  gpu: check.optional(check.nullable(check.number), null),
};
export type MachineSaid = check.Fields<typeof machineShape>;

/** The field of claims and renewals with this. */
export const machineField = {
  machine: check.optional<MachineSaid | undefined>(check.shape(machineShape), undefined),
};
