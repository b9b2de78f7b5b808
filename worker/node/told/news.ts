/** News that a worker prints for its user. */
export type WorkerNews =
  | {
      readonly kind: "started" | "ended" | "stopped" | "paused" | "resumed" | "unsaved";
      readonly run: string;
      readonly text: string;
    }
  | { readonly kind: "waiting" | "refused" | "silent" | "answered" | "owner" | "unkept"; readonly text: string };

/** What the owner of a machine that cannot do what its runs need can do; the reason is told with each run. */
export const unwrittenText = (stateDir: string): string =>
  "this machine could not write that run's checkpoint, empty its folder or start its process, so others take the run; see that " +
  `this user may write in ${stateDir}, that there is room, and that its limits allow it (ulimit -f, ulimit -n, ulimit -u); a slot ` +
  "pauses for 30 s after each such run";

/** Says it at the first call only. */
export function once(say: () => void): () => void {
  let isSaid = false;
  return () => {
    if (!isSaid) say();
    isSaid = true;
  };
}
