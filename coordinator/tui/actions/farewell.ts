import { counted } from "../../../shared/domain/counted.ts";
import { messageOf } from "../../../shared/errors.ts";
import { BusError } from "../../../shared/ports.ts";
import type { LiveSearch } from "../../live/live-search.ts";
import { offersOf } from "../../words/offers.ts";
import type { ScreenOptions } from "../view-model.ts";

/** What continues without this screen, in a few words. */
export function whatGoesOn(search: LiveSearch, workspace: string): string {
  const { table } = search;
  if (!table && isLed(search)) return `nothing is running; the coordinator of ${workspace} waits for a job`;
  if (!table) return `no coordinator of ${workspace} answers`;
  const { job, running, state, submitted } = table;
  const others = isLed(search) ? othersText(search) : "";
  if (table.isOver) return others === "" ? `nothing is running; ${job} is over` : `${job} is over; ${others}`;
  if (!isLed(search)) {
    const begun = running > 0 ? `, and what workers have begun (${counted(running, "run")}) goes on` : "";
    const who = search.isAway ? "its broker is away" : "no coordinator leads it";
    return `${job} starts no runs: ${who}${begun}`;
  }
  const left = Math.max(0, submitted.settings.totalRuns - table.ended - running);
  const more = state === "searching" ? `, ${left} to come` : `; the job is ${state}`;
  const beside = others === "" ? "" : `; ${others}`;
  if (state === "paused" && running === 0) return `${job} stays paused, and nothing of it runs${beside}`;
  return `${job} goes on without this screen: ${counted(running, "run")} running${more}${beside}`;
}

/** Whether a coordinator leads, and could take an order, as far as this screen knows. */
export const isLed = ({ isAway, isLeaderSilent }: LiveSearch): boolean => !isAway && !isLeaderSilent;

/** `5 runs of job2 go on`; "" if no other job is open. */
function othersText({ state, job: shown }: LiveSearch): string {
  const open = [...state.jobs.values()].filter(({ job, isOver }) => job !== shown && !isOver);
  if (open.length === 0) return "";
  const running = open.reduce((sum, table) => sum + table.running, 0);
  const [only] = open;
  const names = only && open.length === 1 ? only.job : `${open.length} other jobs`;
  const go = running === 1 ? "goes" : "go";
  return running === 0
    ? `${names} ${open.length === 1 ? "is" : "are"} open`
    : `${counted(running, "run")} of ${names} ${go} on`;
}

/** The message for a person who detaches: what continues, and what to type. "" if there is nothing to say. */
export function detachedText(search: LiveSearch, { workspace, flags }: ScreenOptions): string {
  const { table, job, state } = search;
  if (!table) return "";
  const offers = offersOf(table, flags).map(({ what, command }) => `  ${what}: ${command}`);
  if (!table.isOver) {
    const again = isLed(search) ? `to see it again: nexus-coord watch ${job}` : "to go on: nexus-coord";
    return `${whatGoesOn(search, workspace)}\n  ${again}${flags}`;
  }
  const open = [...state.jobs.values()].findLast((other) => !other.isOver);
  if (!open && offers.length === 0) return "";
  const again = open ? [`  to see it: nexus-coord watch ${open.job}${flags}`] : [];
  return [whatGoesOn(search, workspace), ...again, ...offers].join("\n");
}

/** Why an order may not have been carried out. */
export function unanswered(error: unknown, flags: string): string {
  const reason = error instanceof BusError ? error.reason : undefined;
  if (reason === "nobody answered") {
    return `not done: no coordinator is leading at the moment; if none is starting, start one: nexus-coord${flags}`;
  }
  if (reason === "no answer in time") {
    return "no answer from the coordinator yet: the order may or may not have been carried out; if nothing changes, press the key again";
  }
  return `not done: ${messageOf(error)}`;
}
