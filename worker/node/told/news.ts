/** News that a worker prints for its user. */
export type WorkerNews =
  | {
      readonly kind: "started" | "ended" | "stopped" | "paused" | "resumed" | "unsaved";
      readonly run: string;
      readonly text: string;
    }
  | { readonly kind: "waiting" | "refused" | "silent" | "answered" | "owner" | "unkept"; readonly text: string };

/** What the owner of a machine that cannot write its runs' files can do; the reason is told with each run. */
export const unwrittenText = (stateDir: string): string =>
  "this machine could not write that run's checkpoint or empty its folder, so others take the run; see that this user may " +
  `write in ${stateDir}, that there is room, and that its limits allow it (ulimit -f, ulimit -n); a slot pauses for 30 s after ` +
  "each such run";

/** Says it at the first call only. */
export function once(say: () => void): () => void {
  let isSaid = false;
  return () => {
    if (!isSaid) say();
    isSaid = true;
  };
}
