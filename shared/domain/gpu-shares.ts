import type { JobSettings } from "./runspec/job-settings.ts";

/** What a run takes of its worker's GPUs: whole ones, or a share of one. */
export interface GpuNeed {
  /** GPUs that the run sees; at least 1. */
  readonly gpus: number;
  /** Share of each of them: 1 / runs_per_gpu. */
  readonly share: number;
}

/** Tolerance, so that three thirds of a GPU add up to a whole one. */
const rounding = 1e-9;

/** Null: the job's runs ask for no GPU. */
export const gpuNeed = ({ gpusPerRun, runsPerGpu }: Pick<JobSettings, "gpusPerRun" | "runsPerGpu">): GpuNeed | null =>
  gpusPerRun === null || gpusPerRun === 0 ? null : { gpus: gpusPerRun, share: 1 / runsPerGpu };

/** GPUs that this many runs take together, shares summed; 0 if the need is null. */
export const gpusTaken = (need: GpuNeed | null, runs: number): number => (need ? need.gpus * need.share * runs : 0);

/** Whether one more run fits beside what is taken, by the sum alone; `gpusFor` looks at each GPU. */
export const isRoomFor = (need: GpuNeed, taken: number, lent: number): boolean =>
  taken + gpusTaken(need, 1) <= lent + rounding;

/**
 * The GPUs that a run gets: those with the most free, so that runs share one only when all are in use. Null if too few have room.
 *
 * @param free  of each GPU, the part that no run has, from 0 to 1
 */
export function gpusFor(need: GpuNeed, free: readonly number[]): readonly number[] | null {
  const fitting = [...free.keys()].filter((gpu) => (free[gpu] ?? 0) >= need.share - rounding);
  if (fitting.length < need.gpus) return null;
  return fitting
    .sort((a, b) => (free[b] ?? 0) - (free[a] ?? 0) || a - b)
    .slice(0, need.gpus)
    .sort((a, b) => a - b);
}

/** The need in words: "1 GPU", "2 GPUs", "1/3 of a GPU". */
export function needText({ gpus, share }: GpuNeed): string {
  if (share < 1) return `1/${Math.round(1 / share)} of a GPU`;
  return gpus === 1 ? "1 GPU" : `${gpus} GPUs`;
}
