import type { WorkerRecord } from "../../shared/domain/fold/workspace-state.ts";
import type { Status, WorkerStatus } from "../../shared/wire/messages.ts";
import { isSilent } from "../words/silence.ts";
import { workerReason, workerStatus } from "../words/status-words.ts";
import type { Whys } from "../words/why/whys.ts";
import type { WorkerRow } from "../words/why/worker-rows.ts";
import type { Field } from "./records.ts";

/**
 * How many of a worker's results count, and how many are rejected. A machine that takes the name of a forgotten one has a record of its
 * own, whose counts verdicts on the other's results change too: below 0, if it has fewer.
 */
export const resultsOf = ({ completed, rejected }: WorkerRecord): Pick<WorkerRecord, "completed" | "rejected"> => ({
  completed: Math.max(0, completed),
  rejected: Math.max(0, rejected),
});

/** What `nexus list workers` says about each worker. */
export function workerFields(
  workspace: string,
  running: ReadonlyMap<string, number>,
  status?: Status,
  isAnyRejected = false,
  whys?: Whys,
): Field<WorkerRecord>[] {
  const rowOf = ({ id }: WorkerRecord): WorkerRow | undefined => whys?.rows.get(id);
  const presence = new Map(status?.workers.map((each) => [each.worker, each]));
  return [
    { name: "workspace", kind: "text", priority: 20, value: () => workspace },
    { name: "worker", kind: "text", priority: 0, value: ({ id }) => id },
    { name: "host", kind: "text", value: ({ host }) => host || undefined },
    { name: "status", kind: "text", priority: 1, value: workerStatus },
    ...(status
      ? [
          { name: "state", kind: "text", priority: 1, value: (worker: WorkerRecord) => rowOf(worker)?.state } as const,
          {
            name: "heard",
            kind: "text",
            value: (worker: WorkerRecord) =>
              heard(worker, presence.get(worker.id), status, running.get(worker.id) ?? 0),
          } as const,
          { name: "slots", kind: "count", value: (worker: WorkerRecord) => rowOf(worker)?.slots } as const,
          {
            name: "targets",
            kind: "text",
            value: (worker: WorkerRecord) => targetsText(rowOf(worker)?.targets),
          } as const,
        ]
      : []),
    { name: "running", kind: "count", value: ({ id }) => running.get(id) ?? 0 },
    { name: "completed", kind: "count", value: (worker) => resultsOf(worker).completed },
    ...(isAnyRejected
      ? [{ name: "rejected", kind: "count", value: (worker: WorkerRecord) => resultsOf(worker).rejected } as const]
      : []),
    { name: "error", kind: "count", value: ({ failed }) => failed },
    { name: "reason", kind: "text", value: (worker) => workerReason(worker) || undefined },
    ...(whys
      ? [
          {
            name: "why",
            kind: "text",
            priority: 2,
            value: ({ id }: WorkerRecord) => whys.worker(id).why || undefined,
          } as const,
        ]
      : []),
  ];
}

/** Fields of a table that its other columns say as well, once the leader is heard. */
export const saidByState: readonly string[] = ["status", "reason"];

/** Undefined while the worker has not said. */
export const targetsText = (targets: readonly string[] | undefined): string | undefined =>
  targets && (targets.length === 0 ? "all" : targets.join(","));

/**
 * `2s ago`; `lost, 95s ago` if a worker that holds runs has been silent for longer than a lease, so that they are lost;
 * `not yet` if it has not been heard since this coordinator leads.
 */
function heard(worker: WorkerRecord, presence: WorkerStatus | undefined, { leaseMs }: Status, held: number): string {
  if (!presence) return "not yet";
  const ago = `${Math.round(presence.silentMs / 1000)}s ago`;
  return held > 0 && isSilent(worker, { ...presence, leaseMs, held }) ? `lost, ${ago}` : ago;
}
