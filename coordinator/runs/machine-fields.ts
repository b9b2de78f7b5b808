import type { WorkerRecord } from "../../shared/domain/fold/workspace-state.ts";
import type { MachineHealth } from "../../shared/domain/health/machine-health.ts";
import type { WorkerId } from "../../shared/domain/names.ts";
import type { WorkerStatus } from "../../shared/wire/messages.ts";
import { differsText } from "../words/health-words.ts";
import type { Field } from "./records.ts";

/**
 * How busy each worker's machine is, what resources it has left, and how it compares with the others.
 *
 * @param healthOf    undefined: nothing is known about it
 * @param presenceOf  what the leader last said about the worker; undefined: nothing
 */
export function machineFields(
  healthOf: (worker: WorkerId) => MachineHealth | undefined,
  presenceOf: (worker: WorkerId) => WorkerStatus | undefined,
): Field<WorkerRecord>[] {
  // A share below 1 % rounds up to 1, since it is not none.
  const percent = (part: number | undefined): number | undefined =>
    part === undefined ? undefined : Math.max(Math.round(100 * part), part > 0 ? 1 : 0);
  return [
    { name: "cpu_pct", kind: "count", value: ({ id }) => presenceOf(id)?.cpu ?? undefined },
    { name: "mem_pct", kind: "count", value: ({ id }) => presenceOf(id)?.memory ?? undefined },
    { name: "gpu_pct", kind: "count", value: ({ id }) => presenceOf(id)?.gpu ?? undefined },
    { name: "gpus", kind: "count", value: ({ id }) => presenceOf(id)?.gpus ?? undefined },
    { name: "speed", kind: "measure", value: ({ id }) => rounded(healthOf(id)?.speed?.factor) },
    { name: "failed_pct", kind: "count", value: ({ id }) => percent(healthOf(id)?.failed) },
    { name: "lost_pct", kind: "count", value: ({ id }) => percent(healthOf(id)?.lost) },
    { name: "disk_gb", kind: "count", value: ({ id }) => gigabytes(presenceOf(id)?.diskFree) },
    { name: "clock_s", kind: "measure", value: ({ id }) => seconds(presenceOf(id)?.skewMs) },
    {
      name: "differs",
      kind: "text",
      value: ({ id }) => {
        const differs = healthOf(id)?.differs;
        return differs ? differsText(differs) : undefined;
      },
    },
  ];
}

const rounded = (factor: number | undefined): number | undefined =>
  factor === undefined ? undefined : Math.round(100 * factor) / 100;

const seconds = (ms: number | null | undefined): number | undefined =>
  ms === null || ms === undefined ? undefined : Math.round(ms / 100) / 10;

const gigabytes = (bytes: number | null | undefined): number | undefined =>
  bytes === null || bytes === undefined ? undefined : Math.floor(bytes / 1e9);
