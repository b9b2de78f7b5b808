import { isDeepStrictEqual } from "node:util";

/** One instant by both of the clock's times, in milliseconds. */
export interface Now {
  /** Since 1970; may jump. */
  readonly wall: number;
  readonly monotonic: number;
}

/** The kinds of signs that somebody uses the machine; an owner may leave out some. */
export const signNames = ["terminals", "desktop", "cpu", "gpu"] as const;
export type SignName = (typeof signNames)[number];

/** The last sign that somebody uses the machine. */
export interface Use {
  /** When, by the monotonic clock; below 0 if that was before this process started. */
  readonly at: number;
  /** "somebody types at pts/3" */
  readonly what: string;
}

/** What a detector knows; it leaves out what it cannot tell. */
export interface Found {
  readonly use?: Use;
  /** Cores that other programs use, a minute's mean. */
  readonly load?: number;
  /** Null: it cannot be told now, although it should. */
  readonly onBattery?: boolean | null;
  /** Degrees Celsius. */
  readonly temperature?: number;
}

/** The object of the last look if this one says the same. */
export const newOrLast = (last: Found, found: Found): Found => (isDeepStrictEqual(last, found) ? last : found);

/**
 * Port: looks for one kind of sign, or reads one gauge. A look takes microseconds and waits for no process: longer work
 * goes on between two looks, and the next look tells its result. Something that the machine does not have gives no
 * sign.
 */
export interface Detector {
  readonly name: string;
  /** Time between two looks, in milliseconds. */
  readonly everyMs: number;
  /** Returns the object of the last look if nothing is new. */
  look(now: Now): Found;
  /** Ends what it does on its own. */
  close(): void;
}

/** What a detector may know about our own runs, whose activity is not a sign of use. */
export interface OwnRuns {
  /** This worker's process and all its descendants. */
  pids(): readonly number[];
}
