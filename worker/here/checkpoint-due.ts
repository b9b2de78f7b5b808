/** A checkpoint is taken after the first report, and then as often. */
const everyMs = 5000;

/** Whether `nexus check` takes a checkpoint now. @param takenAt  when it took the last one; undefined: it took none */
export const isCheckpointDue = (reports: number, takenAt: number | undefined, monotonic: number): boolean =>
  reports > 0 && (takenAt === undefined || monotonic - takenAt > everyMs);
