import type { JournalEvent } from "../../../shared/domain/fold/events.ts";
import type { WorkerId } from "../../../shared/domain/names.ts";
import type { QuotaLimits } from "../../../shared/domain/quotas.ts";
import type { OwnSearches } from "../../../shared/domain/search/own-search.ts";
import type { Log } from "../../../shared/log.ts";
import type { Clock } from "../../../shared/ports.ts";
import type { Control } from "../../../shared/wire/messages.ts";

/** Pieces in BLOB of the code and data that jobs bring along, asked of the broker. */
export interface BundleStore {
  /** By name: the sequences at which a piece is stored. */
  pieces(): Promise<Map<string, number[]>>;
  /** Deletes the message at this sequence. */
  drop(seq: number): Promise<void>;
}

/** Port: deletes what one worker has stored, or what belongs to one job. */
export interface Purger {
  /** Subjects of messages in EV, or of pieces in BLOB. */
  evidence(pattern: string): Promise<string[]>;
  pieces(pattern: string): Promise<string[]>;
  /** Deletes the messages of EV of that subject or pattern that stand before the sequence; says how many there were. */
  purgeEvidence(pattern: string, before: number): Promise<number>;
  /** Deletes pieces in BLOB; says how many there were. */
  purgePieces(pattern: string): Promise<number>;
  /** Stores a message in EV that says nothing, so that all before it may go; resolves with its sequence. */
  end(): Promise<number>;
  /** How many of EV's sequences have no message. */
  missing(): Promise<number>;
}

/** What a reign needs from the broker and its process. */
export interface ReignPorts {
  readonly clock: Clock;
  readonly log: Log;
  /** Appends to the journal in the order of the calls; resolves when the record is stored. */
  append(event: JournalEvent): Promise<number>;
  /** Resolves when everything appended so far is stored. */
  flushed(): Promise<void>;
  /** Sends an unasked hint to one worker, or to all (null). */
  tell(worker: WorkerId | null, control: Control): void;
  /** Deletes pieces of blobs in BLOB, by subject; wildcards allowed. */
  discard(subject: string): void;
  /** Subjects of the pieces in BLOB that match the pattern. */
  stateSubjects(pattern: string): Promise<string[]>;
  /** What jobs bring along in pieces; left out where nothing is stored for real. */
  readonly bundles?: BundleStore | undefined;
  /** Sequence of the newest message in EV, asked of the broker. */
  lastEvidence(): Promise<number>;
  /** Resolves once the broker lets in exactly the workers, and holders of open invitations, that are in the state now. */
  publishUsers(): Promise<void>;
  /** Left out where nothing can be deleted. */
  readonly purger?: Purger | undefined;
  /** Makes the broker refuse messages of EV that it has in memory and not yet stored; their senders send them again. */
  dropUnstored?(): Promise<void>;
  /** Starts searches of users (`hp_tuning: own`); left out: jobs with one are paused. */
  readonly ownSearches?: OwnSearches | undefined;
  /** What one worker may ask and store. Default: `usualQuotas`. */
  readonly quotas?: QuotaLimits;
  /** Makes new passwords and keys once the answer is on its way, and ends this reign for it. */
  readonly rotate?: (() => void) | undefined;
  /** Whether this process may answer and decide at this moment. */
  leads(): boolean;
}
