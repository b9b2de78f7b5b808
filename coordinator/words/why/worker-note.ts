/** How a worker's last stay with a trial ended, if not with a result. */
export interface Gone {
  /** lost: the worker fell silent. handed back: its owner or an operator took its runs from it. */
  readonly how: "lost" | "handed back";
  readonly why: string;
  /** The journal's wall clock, for people ... */
  readonly at: number;
  /** ... and this machine's, for comparisons: two machines' clocks may differ. */
  readonly seenAt: number;
}

/** What is known of a worker beyond the fold. Times are the journal's wall clock; 0: not seen. */
export interface WorkerNote {
  /** Since when it has been running one run after another. */
  readonly busySince: number;
  /** Since when it has had no run. */
  readonly idleSince: number;
  /** When an order last changed what it may do. */
  readonly orderedAt: number;
  /** How its last stay went wrong; null while it has a run or if nothing went wrong. */
  readonly gone: Gone | null;
}

export const nothingSeen: WorkerNote = { busySince: 0, idleSince: 0, orderedAt: 0, gone: null };
