import type { WorkerRecord } from "../../../shared/domain/fold/workspace-state.ts";
import type { MachineHealth } from "../../../shared/domain/health/machine-health.ts";
import type { WorkerId } from "../../../shared/domain/names.ts";
import type { Status } from "../../../shared/wire/messages.ts";
import type { Field } from "../../runs/records.ts";
import { differsText } from "../../words/health-words.ts";

/** How each worker's machine compares with the others, and what resources it has left. Empty: nothing is known about any. */
export function healthFields(
  health: ReadonlyMap<WorkerId, MachineHealth>,
  status: Status | undefined,
): Field<WorkerRecord>[] {
  const presence = new Map(status?.workers.map((each) => [each.worker, each]));
  // A share below 1 % rounds up to 1, since it is not none.
  const percent = (part: number | undefined): number | undefined =>
    part === undefined ? undefined : Math.max(Math.round(100 * part), part > 0 ? 1 : 0);
  return [
    { name: "gpus", kind: "count", value: ({ id }) => presence.get(id)?.gpus ?? undefined },
    { name: "speed", kind: "measure", value: ({ id }) => rounded(health.get(id)?.speed?.factor) },
    { name: "failed_pct", kind: "count", value: ({ id }) => percent(health.get(id)?.failed) },
    { name: "lost_pct", kind: "count", value: ({ id }) => percent(health.get(id)?.lost) },
    { name: "disk_gb", kind: "count", value: ({ id }) => gigabytes(presence.get(id)?.diskFree) },
    { name: "clock_s", kind: "measure", value: ({ id }) => seconds(presence.get(id)?.skewMs) },
    {
      name: "differs",
      kind: "text",
      value: ({ id }) => {
        const differs = health.get(id)?.differs;
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
