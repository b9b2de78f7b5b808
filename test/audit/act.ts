import type { Ground } from "./ground/ground.ts";

/**
 * One thing that an attacker tries, and what would have to be seen afterwards if it had worked.
 *
 * `attempt` does what the attacker does, with the attacker's means. `harm` never asks the attacker how it went: it looks at
 * streams, the journal, what the coordinator's own connection heard, processes and files, and says in one sentence what it
 * found; undefined: nothing. Each act has a mark, a word that occurs nowhere else, to put into what it sends.
 */
export interface Act {
  readonly family: string;
  readonly role: string;
  readonly title: string;
  /** Watched by itself, because it may cost the coordinator time or memory; the others are tried together. */
  readonly watch?: Watch;
  attempt(ground: Ground, mark: string): unknown;
  harm(ground: Ground, mark: string): Found | Promise<Found>;
}

/** What was seen of harm, as one sentence; undefined: nothing. */
export type Found = string | undefined;

/** What an act may cost the coordinator before that is harm; `usualWatch` where it does not say. */
export interface Watch {
  /** Of its processor time, milliseconds. */
  readonly cpuMs?: number;
  /** By which its resident memory may grow, megabytes. */
  readonly growthMb?: number;
}
/** Also for acts that are tried together, and the looks after them. */
export const usualWatch = { cpuMs: 3000, growthMb: 200 } as const satisfies Watch;

/** Acts that belong together, and what must be seen for the family's looks to be worth anything. */
export interface Family {
  readonly name: string;
  /** Where it says of what it is made: a section of the audit, or "own". */
  readonly origin: string;
  acts(ground: Ground): readonly Act[] | Promise<readonly Act[]>;
  /** Acts that are allowed, and that the looks must see: a family that cannot see them is blind. Returns what it did not see. */
  control?(ground: Ground, mark: string): Promise<string | undefined>;
}
