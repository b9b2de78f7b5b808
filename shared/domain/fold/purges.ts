import type { WorkerId } from "../names.ts";
import type { WorkerPurged } from "./events.ts";

/** A purge that began, and of which nothing says that it is over. */
export interface OpenPurge {
  readonly worker: WorkerId;
  readonly before: number;
  readonly all: boolean;
  readonly by: string;
}

/** What was deleted of EV on purpose: its gaps are no damage as long as they are no larger. */
export interface Purges {
  /** Messages that are gone, of all purges that are over. */
  messages: number;
  /** All of them stood before this sequence of EV. */
  before: number;
  readonly open: OpenPurge[];
}

export const noPurges = (): Purges => ({ messages: 0, before: 0, open: [] });

export function foldPurge(purges: Purges, { worker, before, all, by, messages }: WorkerPurged): void {
  if (before > purges.before) purges.before = before;
  if (messages === null) {
    purges.open.push({ worker, before, all, by });
    return;
  }
  purges.messages += messages;
  const place = purges.open.findIndex((each) => each.worker === worker && each.before === before);
  if (place >= 0) purges.open.splice(place, 1);
}
