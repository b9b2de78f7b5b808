import type { JournalEvent } from "../../shared/domain/fold/events.ts";
import type { RunTable } from "../../shared/domain/fold/run-table.ts";

export interface LiveSearchOptions {
  /** Whether a newly submitted job is shown once the shown one is over. Default: true. */
  readonly showsNewJobs?: boolean;
  /** Whether the shown job stays once it is over, however many are submitted; a deleted one gives way. Default: false. */
  readonly staysWhenOver?: boolean;
  /** Wall clock for people, milliseconds since 1970. Default: this machine's. */
  readonly wall?: () => number;
  /** Hears notes about this view alone, which are also among the events. */
  readonly onNote?: (text: string) => void;
}

/** For views that cannot wait until they next read the search. */
export interface SearchListener {
  /** A record was folded. `table` is that of the job it concerns, if it concerns one. */
  event?(event: JournalEvent, table: RunTable | undefined): void;
  /** Another job is shown; selections in the former one are void. */
  jobShown?(): void;
}
