import type { Ground } from "./ground/ground.ts";

/**
 * One thing that an attacker tries, and the harm that would show if it worked.
 *
 * `attempt` acts with the attacker's means only. `harm` never asks the attacker how it went: it looks at streams, the
 * journal, messages that the coordinator's own connection heard, processes and files. It returns the harm found as one
 * sentence, or undefined. Each act has a mark, a word that occurs nowhere else, to put into its messages.
 */
export interface Act {
  readonly family: string;
  readonly role: string;
  readonly title: string;
  /** Set if the act may cost the coordinator time or memory: it is then tried alone, the others together. */
  readonly watch?: Watch;
  attempt(ground: Ground, mark: string): unknown;
  harm(ground: Ground, mark: string): Found | Promise<Found>;
}

/** The harm found, as one sentence; undefined: none. */
export type Found = string | undefined;

/** The most that an act may cost the coordinator; `usualWatch` for what is left out. */
export interface Watch {
  /** Milliseconds of the coordinator's CPU time. */
  readonly cpuMs?: number;
  /** Growth of its resident memory, in megabytes. */
  readonly growthMb?: number;
}
/** Also the limit for acts tried together and the looks after them. */
export const usualWatch = { cpuMs: 3000, growthMb: 200 } as const satisfies Watch;

/** Acts that belong together, and a control that shows that their looks can see harm. */
export interface Family {
  readonly name: string;
  /** Where its acts come from: findings of the audit, by number, "held" or "own". */
  readonly origin: string;
  acts(ground: Ground): readonly Act[] | Promise<readonly Act[]>;
  /** Does something allowed that the looks must see, or the family is blind. Returns what was not seen. */
  control?(ground: Ground, mark: string): Promise<string | undefined>;
}
