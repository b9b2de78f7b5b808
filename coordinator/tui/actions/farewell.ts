import { counted } from "../../../shared/domain/counted.ts";
import { messageOf } from "../../../shared/errors.ts";
import { BusError } from "../../../shared/ports.ts";
import type { LiveSearch } from "../../live/live-search.ts";
import type { ScreenOptions } from "../view-model.ts";

/** What continues without this screen, in a few words. */
export function whatGoesOn({ table }: LiveSearch, workspace: string): string {
  if (!table) return `nothing is running; the coordinator of ${workspace} waits for a job`;
  const { job, running, state, submitted } = table;
  if (table.isOver) return `nothing is running; ${job} is over`;
  const left = Math.max(0, submitted.settings.totalRuns - table.ended - running);
  const more = state === "searching" ? `, ${left} to come` : `; the job is ${state}`;
  return `${job} goes on without this screen: ${counted(running, "run")} running${more}`;
}

/** The message for a person who detaches; "" if nothing continues. */
export function detachedText(search: LiveSearch, { workspace, flags }: ScreenOptions): string {
  const { table, job } = search;
  if (!table || table.isOver) return "";
  return `${whatGoesOn(search, workspace)}\n  to see it again: nexus-coord watch ${job}${flags}`;
}

/** Why an order may not have been carried out. */
export function unanswered(error: unknown, flags: string): string {
  const reason = error instanceof BusError ? error.reason : undefined;
  if (reason === "nobody answered") {
    return `not done: no coordinator is leading at the moment; if none is starting, start one: nexus-coord${flags}`;
  }
  if (reason === "no answer in time") {
    return "no answer from the coordinator yet: it may have done it or not; if nothing changes, press the key again";
  }
  return `not done: ${messageOf(error)}`;
}
