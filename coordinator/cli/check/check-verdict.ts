import { almostReport } from "../../../shared/domain/almost-report.ts";
import { counted } from "../../../shared/domain/counted.ts";
import { type Goal, maximised, told } from "../../../shared/domain/goal.ts";
import { printable } from "../../../shared/domain/printable.ts";
import type { CheckedRun } from "../../../shared/here/check-run.ts";
import { shellWord } from "../../../shared/machine/shell-word.ts";

/** What the run of `nexus check` says about the spec. */
export interface CheckVerdict {
  readonly isGood: boolean;
  readonly text: string;
  /** What is worth knowing before a search, a sentence each. */
  readonly notes: readonly string[];
}

/** Names that a verdict lists. */
const mostNames = 10;

export function checkVerdict(run: CheckedRun, file: string, goal: Goal = maximised): CheckVerdict {
  const check = `nexus check ${shellWord(file)}`;
  const goOn = `to search: nexus run ${shellWord(file)}`;
  const main = run.metrics.find(({ name }) => name === run.searched);
  const notes = notesOn(run);
  const bad = (text: string): CheckVerdict => ({ isGood: false, text, notes });
  switch (run.outcome) {
    case "failed":
      return bad(`it does not work: ${printable(run.reason)}`);
    case "completed":
      if (run.hpmax === null || !Number.isFinite(run.hpmax))
        return bad(
          `the run ended, but what a search would ${verbOf(goal)} (${goal.name}) is ${run.hpmax === null ? null : told(goal, run.hpmax)}, which no search can use`,
        );
      return { isGood: true, text: `it works; ${goOn}`, notes };
    case "stopped":
      if (!main) return bad(unmeasured(run, check));
      if (!Number.isFinite(main.last)) return bad(`its metric ${main.name} is ${main.last}, which no search can use`);
      return { isGood: true, text: `it works, though it did not end (${run.reason}); ${goOn}`, notes };
    default: {
      const never: never = run.outcome;
      throw new RangeError(`unknown outcome ${String(never)}`);
    }
  }
}

/** Why a stopped run says nothing of what a search goes by. */
function unmeasured({ metrics, searched, reason }: CheckedRun, check: string): string {
  const longer = `give it more time: ${check} --time 600`;
  if (metrics.length === 0)
    return `nothing was measured before it was stopped (${reason}); ${longer}, or make the trial shorter in the spec`;
  const names = metrics.slice(0, mostNames).map(({ name }) => name);
  const stage = searched?.split("-")[0] ?? "";
  const hasBegun = stage !== "" && metrics.some(({ name }) => name.startsWith(`${stage}-`));
  return (
    `${searched ?? "the last stage"}, by which a search goes, was not measured before it was stopped (${reason}); ` +
    `measured were: ${names.join(", ")}; ${hasBegun ? "correct its name in the spec, or " : ""}${longer}`
  );
}

const verbOf = ({ isLow }: Goal): string => (isLow ? "minimise" : "maximise");

function notesOn(run: CheckedRun): string[] {
  const notes: string[] = [];
  if (run.reports === 1 && run.outcome === "completed")
    notes.push("it reports only once, so no search can stop it early (pruning), and there is no learning curve");
  if (run.reports > 0 && run.stateFiles.length === 0)
    notes.push("it leaves nothing in NEXUS_STATE: a run that loses its machine begins afresh");
  const almost = run.reports === 0 ? undefined : run.newest.findLast((line) => almostReport(line) !== "");
  if (almost !== undefined)
    notes.push(
      `it also prints lines ${almostReport(almost)}; nothing was measured in: ${printable(almost).slice(0, 80)}`,
    );
  return notes;
}

/** What was measured, a line for each metric. */
export function measuredLines({ metrics, reports, iters, hpmax }: CheckedRun, goal: Goal = maximised): string[] {
  if (reports === 0) return ["nothing"];
  const lines = metrics.map(({ name, count, first, last }) => {
    const from = count === 1 ? `${last}` : `${first} to ${last}`;
    return `${name}: ${from}, in ${counted(count, "report")}`;
  });
  const span = iters[0] === iters[1] ? `${iters[1]}` : `${iters[0]} to ${iters[1]}`;
  return [...lines, `iters: ${span}`, ...(hpmax === null ? [] : [resultLine(goal, hpmax)])];
}

/** `hpmax: 0.5`, or `to minimise: loss 0.3`, since the metric itself has a line above. */
const resultLine = (goal: Goal, hpmax: number): string =>
  goal.isLow ? `to minimise: ${goal.name} ${told(goal, hpmax)}` : `hpmax: ${hpmax}`;
