import type { Actor, LossCause, PrunedBy } from "../domain/fold/events.ts";
import type { PauseWords } from "../domain/fold/job-state.ts";
import type { Attempt, Distrust } from "../domain/fold/trial.ts";

/**
 * Records and messages of earlier versions have no codes, only sentences. This file derives the codes from the
 * sentences when such a record or message is decoded; domain/fold/job-state.ts derives why a job paused. The leader
 * still writes the sentences for earlier versions.
 */

/** Why a trial was lost, from the sentence `reason`. */
export function lossCause(outcome: "lost" | "reclaimed", worker: string, reason: string): LossCause {
  const isBenched = reason.startsWith(`${worker} is benched: `);
  if (outcome === "reclaimed") {
    if (isBenched) return "benched";
    return reason.startsWith(`${worker} was `) ? "ordered" : "owner";
  }
  if (isBenched) return "sick";
  if (reason === `${worker} started anew`) return "restarted";
  return reason.startsWith("no sign of life from ") ? "silent" : "runner";
}

/** The same for an attempt, whose `end` begins with the outcome; null: the attempt was not lost. */
export function lossCauseOfEnd(end: string, worker: string): LossCause | null {
  const [, outcome, reason = ""] = /^(lost|reclaimed): (.*)$/s.exec(end) ?? [];
  return outcome === "lost" || outcome === "reclaimed" ? lossCause(outcome, worker, reason) : null;
}

/** Why an attempt is no longer believed, from how it ended; "": it is believed. */
export function distrustOfEnd({ cause, end, worker }: Pick<Attempt, "cause" | "end" | "worker">): Distrust {
  if (cause === "benched" || (cause === "ordered" && end.startsWith(`reclaimed: ${worker} was revoked: `)))
    return "sent away";
  const isTakenBack = end.startsWith(`taken back: ${worker} is benched: `);
  if (cause === "sick" || (isTakenBack && /: its last \d+ runs failed/.test(end))) return "sick";
  return isTakenBack ? "sent away" : "";
}

/** Who pruned a run, from the sentence `reason`. */
export function prunedBy(reason: string): PrunedBy {
  if (!reason.startsWith("stopped by ")) return "rule";
  return /^stopped by its own search(: |$)/.test(reason) ? "search" : "operator";
}

/** Why the coordinator paused a job, without the command to type; null if the reason does not end with that. */
export function pauseWords(job: string, reason: string): PauseWords | null {
  if (!reason.endsWith(`: nexus resume ${job}`)) return null;
  const [rule = "", ...details] = reason.slice(0, reason.lastIndexOf("; ")).split("; ");
  return { rule, detail: details.join("; ") };
}

/** Who put a job or a worker into its state, from `by`; null: nobody. */
export const actorCalled = (by: string): Actor | null =>
  by === "" ? null : by === "coordinator" ? "coordinator" : "person";

/** The outcome of an order, from the leader's sentence. */
export const answerCode = ({ ok, reason }: { readonly ok: boolean; readonly reason: string }) =>
  ok ? "done" : reason.startsWith("there is no ") ? "not found" : "refused";
