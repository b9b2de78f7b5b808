/** News that a worker prints for its user. */
export type WorkerNews =
  | {
      readonly kind: "started" | "ended" | "stopped" | "paused" | "resumed" | "unsaved";
      readonly run: string;
      readonly text: string;
    }
  | { readonly kind: "waiting" | "refused" | "silent" | "answered" | "owner" | "unkept"; readonly text: string };
