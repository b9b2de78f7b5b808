import { isOpen, type Trial } from "../../../shared/domain/fold/trial.ts";
import type { WorkspaceState } from "../../../shared/domain/fold/workspace-state.ts";
import type { WorkerId } from "../../../shared/domain/names.ts";
import type { ControlVerb } from "../../../shared/wire/messages.ts";
import type { Named } from "./control-targets.ts";

/** What a control verb will do, with how many runs it concerns now: what a person is asked before it is done. */
export function effectOf(verb: ControlVerb, named: Named, state: WorkspaceState): string {
  switch (named.kind) {
    case "job": {
      const { table } = named;
      return `${table.job}: ${jobEffect(verb, table.running, table.waiting.size)}`;
    }
    case "runs":
      return `${runNames(named.trials)} of ${named.table.job}: ${runsEffect(verb, named.trials.filter(isOpen).length)}`;
    case "worker":
      return `worker ${named.worker}: ${workerEffect(verb, heldBy(named.worker, state))}`;
    default: {
      const never: never = named;
      throw new RangeError(`no target: ${JSON.stringify(never)}`);
    }
  }
}

/** The effect of benching a worker, in the same form. */
export function benchEffect(worker: WorkerId, state: WorkspaceState): string {
  const held = heldBy(worker, state);
  const [runs] = counted(held, "run");
  if (held === 0) return `worker ${worker}: gets no runs until it is admitted; it holds none now`;
  return `worker ${worker}: gets no runs until it is admitted; ${runs} it holds ${held === 1 ? "goes" : "go"} elsewhere, uncharged`;
}

function heldBy(worker: WorkerId, state: WorkspaceState): number {
  let held = 0;
  for (const table of state.jobs.values()) held += table.holding.get(worker) ?? 0;
  return held;
}

function jobEffect(verb: ControlVerb, running: number, waiting: number): string {
  if (running + waiting === 0) return idleJobEffect(verb);
  const [inHand, are] = counted(running, "running run");
  const [queued, queuedAre] = counted(waiting, "run");
  const begun =
    waiting === 0
      ? `${inHand} ${are}`
      : running === 0
        ? `${queued} waiting for a worker ${queuedAre}`
        : `${inHand} and ${waiting} waiting for a worker are`;
  const killed = running === 0 ? "" : "killed and ";
  switch (verb) {
    case "pause":
      return running === 0
        ? "gives out no more runs"
        : `gives out no more runs; ${inHand} ${running === 1 ? "goes" : "go"} on`;
    case "resume":
      return "gives out runs again";
    case "drain":
      return `starts no more runs; ${begun} finished, then it is paused`;
    case "stop":
      return `starts no more runs; ${begun} finished, then it ends`;
    case "cancel":
      return `ends now; ${begun} ${killed}cancelled, and ${running + waiting === 1 ? "counts" : "count"} for nothing`;
    default: {
      const never: never = verb;
      return never;
    }
  }
}

/** The same where the job has no run under way. */
function idleJobEffect(verb: ControlVerb): string {
  switch (verb) {
    case "pause":
      return "gives out no more runs";
    case "resume":
      return "gives out runs again";
    case "drain":
      return "starts no more runs; none is under way, so it is paused at once";
    case "stop":
      return "starts no more runs; none is under way, so it ends at once";
    case "cancel":
      return "ends now; none of its runs is under way";
    default: {
      const never: never = verb;
      return never;
    }
  }
}

function runsEffect(verb: ControlVerb, open: number): string {
  const [runs, are] = counted(open, "open run");
  const one = open === 1;
  if (open === 0) return "nothing is open any more, so nothing changes";
  switch (verb) {
    case "pause":
      return `${runs} ${are} frozen, and ${one ? "keeps its place and worker" : "keep their places and workers"}`;
    case "resume":
      return `${runs} ${one ? "goes" : "go"} on`;
    case "drain":
      return "a run cannot be drained";
    case "stop":
      return `${runs} ${one ? "ends" : "end"} now as pruned: ${one ? "it counts" : "they count"} in total_runs, and in no mean`;
    case "cancel":
      return `${runs} ${one ? "ends" : "end"} now as cancelled, as if never started; ${one ? "its place is" : "their places are"} free again`;
    default: {
      const never: never = verb;
      return never;
    }
  }
}

function workerEffect(verb: ControlVerb, held: number): string {
  if (held === 0) return idleWorkerEffect(verb);
  const [runs] = counted(held, "run");
  const goOn = held === 1 ? "goes on" : "go on";
  switch (verb) {
    case "pause":
      return `gets no more runs; ${runs} it holds ${goOn}`;
    case "resume":
      return "gets runs again";
    case "drain":
      return `gets no more runs; finishes ${runs} it holds, and ends`;
    case "stop":
      return `hands back ${runs} it holds, which ${goOn} elsewhere, and gets none until resumed`;
    case "cancel":
      return `loses ${runs} it holds at once, which ${goOn} elsewhere, and gets none until resumed`;
    default: {
      const never: never = verb;
      return never;
    }
  }
}

/** The same where the worker holds no run. */
function idleWorkerEffect(verb: ControlVerb): string {
  switch (verb) {
    case "pause":
      return "gets no more runs; it holds none now";
    case "resume":
      return "gets runs again";
    case "drain":
      return "gets no more runs; it holds none now, and ends";
    case "stop":
    case "cancel":
      return "gets no runs until resumed; it holds none now";
    default: {
      const never: never = verb;
      return never;
    }
  }
}

function runNames(trials: readonly Trial[]): string {
  const [first, second] = trials;
  if (!first) return "no run";
  if (!second) return first.run;
  return trials.length === 2
    ? `${first.run} and ${second.run}`
    : `${trials.length} runs (${first.run}, ${second.run}, ...)`;
}

/** How many, and the verb that goes with it. */
const counted = (count: number, what: string): readonly [string, "is" | "are"] => [
  `${count} ${what}${count === 1 ? "" : "s"}`,
  count === 1 ? "is" : "are",
];
