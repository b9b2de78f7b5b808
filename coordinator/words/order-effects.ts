import { counted } from "../../shared/domain/counted.ts";
import type { RunTable } from "../../shared/domain/fold/run-table.ts";
import type { ControlVerb } from "../../shared/wire/messages.ts";

export type OrderSubject =
  | { readonly kind: "job"; readonly table: RunTable }
  /** Runs of one job, as a person would call them, and how many of them have not ended. */
  | { readonly kind: "runs"; readonly name: string; readonly open: number }
  | { readonly kind: "worker"; readonly worker: string; readonly held: number };

/** What an order will do, in one line: a person reads it before giving the order, on the screen and from the command line. */
export function effectOf(verb: ControlVerb | "bench" | "admit" | "revoke" | "forget", subject: OrderSubject): string {
  switch (subject.kind) {
    case "job":
      return `${verb}s ${subject.table.job}${jobEffect(verb, subject.table)}`;
    case "runs":
      if (subject.open === 0) return `${subject.name}: nothing is open any more, so nothing changes`;
      return `${verb}s ${subject.name}${runsEffect(verb, subject.open)}`;
    case "worker":
      return `${verb.replace(/ch$/, "che")}s worker ${subject.worker}: ${workerEffect(verb, subject.held)}`;
    default: {
      const never: never = subject;
      return never;
    }
  }
}

function jobEffect(verb: string, { running, waiting, ended, open, submitted }: RunTable): string {
  const left = Math.max(0, submitted.settings.totalRuns - ended - open);
  const begun = running + waiting.size;
  const finished = `${counted(begun, "run begun is", "runs begun are")} finished`;
  switch (verb) {
    case "pause": {
      const goOn = running === 0 ? "" : `${counted(running, "running run goes on", "running runs go on")}, `;
      return `: ${goOn}nothing new starts (${left} to come)`;
    }
    case "resume":
      return `: ${counted(left + waiting.size, "run")} to come`;
    case "drain":
      return begun === 0 ? ": nothing is under way, so it is paused at once" : `: ${finished}, then it is paused`;
    case "stop":
      return begun === 0
        ? " for good: nothing is under way, so it ends at once"
        : ` for good: ${finished}, ${left} will never start`;
    default:
      return begun === 0
        ? " for good: nothing is under way, so it ends at once"
        : ` for good: ${running} running and ${counted(waiting.size, "queued run")} end now and do not count`;
  }
}

function runsEffect(verb: string, open: number): string {
  const isOne = open === 1;
  switch (verb) {
    case "pause":
      return `: frozen until resumed, with ${isOne ? "its worker" : "their workers"} and in ${isOne ? "its place" : "their places"}`;
    case "resume":
      return "";
    case "stop":
      return ` now: pruned, ${isOne ? "it counts" : "they count"} in total_runs, and in no mean`;
    default:
      return ` now: without a result; ${isOne ? "its place" : "their places"} in total_runs ${isOne ? "is" : "are"} free again`;
  }
}

function workerEffect(verb: string, held: number): string {
  const inHand = `${counted(held, "run")} in hand`;
  const goOn = held === 1 ? "goes on" : "go on";
  const holdsNone = "it holds none now";
  switch (verb) {
    case "pause":
      return `it gets no more runs; ${held === 0 ? holdsNone : `${inHand} ${goOn}`}`;
    case "resume":
    case "admit":
      return "it gets runs again";
    case "drain":
      return `it gets no more runs; ${held === 0 ? holdsNone : `it finishes ${inHand}`}, and leaves`;
    case "stop":
      return `it gets no runs until resumed; ${held === 0 ? holdsNone : `${inHand} ${held === 1 ? "is" : "are"} handed back and ${goOn} elsewhere`}`;
    case "revoke":
      return `it is cut off for good; ${held === 0 ? holdsNone : `${inHand} ${goOn} elsewhere, uncharged`}`;
    case "forget":
      return "its name and key are free again; its results stay";
    case "bench":
      return `it gets no runs until admitted; ${held === 0 ? holdsNone : `${inHand} ${goOn} elsewhere, uncharged`}`;
    default:
      return `it gets no runs until resumed; ${held === 0 ? holdsNone : `${inHand} ${held === 1 ? "is" : "are"} taken at once and ${goOn} elsewhere`}`;
  }
}
