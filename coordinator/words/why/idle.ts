import { type Hindrance, nothingNow } from "../../../shared/domain/fitting.ts";
import type { WorkerRecord, WorkspaceState } from "../../../shared/domain/fold/workspace-state.ts";
import type { WorkerStatus } from "../../../shared/wire/messages.ts";

/** Most commands that are named at once. */
const mostCommands = 3;

/**
 * Why a worker that may work gets nothing more, in the leader's own words.
 *
 * @param says  what the leader says of it; undefined: no coordinator leads
 */
export function whyIdle(state: WorkspaceState, { id }: WorkerRecord, says: WorkerStatus | undefined): Hindrance {
  if (!says) return { why: "no coordinator gives out runs", change: "", commands: ["nexus-coord"] };
  if (says.refusal) return { why: says.refusal, change: "", commands: [] };
  const each = nothingNow(state, id, says);
  const once = (texts: readonly string[]): string[] => [...new Set(texts)].filter((text) => text !== "");
  return {
    why: once(each.map(({ why }) => why)).join("; "),
    change: once(each.map(({ change }) => change)).join("; "),
    commands: once(each.flatMap(({ commands }) => commands)).slice(0, mostCommands),
  };
}
