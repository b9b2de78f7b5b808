import * as check from "./check.ts";

/** What a machine has left, as its worker says with claims and renewals. Earlier workers do not say. */
const machineShape = {
  /** Bytes free where its runs write. */
  diskFree: check.number,
  /** Bytes of memory that programs can have. */
  memoryFree: check.number,
  /** Processes that want to run, for each core, over the last minute. */
  load: check.number,
  /** Percent of the processors' time that was used since it last said so; null: it does not say. */
  cpu: check.optional(check.nullable(check.number), null),
  /** Percent of memory that is taken. */
  memory: check.optional(check.nullable(check.number), null),
  /** Percent of time in which the GPUs that it lends were busy, their mean; also null if it lends none. */
  gpu: check.optional(check.nullable(check.number), null),
};
export type MachineSaid = check.Fields<typeof machineShape>;

/** A field of what a worker says. */
export const machineField = {
  machine: check.optional<MachineSaid | undefined>(check.shape(machineShape), undefined),
};
