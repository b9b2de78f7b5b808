import type { JournalEvent } from "../../../shared/domain/fold/events.ts";
import type { WorkerId } from "../../../shared/domain/names.ts";
import type { Log } from "../../../shared/log.ts";
import type { Clock } from "../../../shared/ports.ts";
import type { Control } from "../../../shared/wire/messages.ts";
import type { QuotaLimits } from "./quotas.ts";

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
  /** Subjects of the pieces in BLOB. */
  stateSubjects(): Promise<string[]>;
  /** Sequence of the newest message in EV, asked of the broker. */
  lastEvidence(): Promise<number>;
  /** Resolves once the broker lets in exactly the workers, and holders of open invitations, that are in the state now. */
  publishUsers(): Promise<void>;
  /** Has the broker refuse the messages of EV that it holds in memory and has not stored; their senders send them again. */
  dropUnstored?(): Promise<void>;
  /** What one worker may ask and store. Default: `usualQuotas`. */
  readonly quotas?: QuotaLimits;
  /** Makes new passwords and keys once the answer is on its way, and ends this reign for it. */
  readonly rotate?: (() => void) | undefined;
  /** Whether this process may answer and decide at this moment. */
  leads(): boolean;
}
