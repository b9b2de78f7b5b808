import type { Curve } from "../../../shared/domain/curve.ts";
import { printable } from "../../../shared/domain/printable.ts";
import { didYouMean } from "../../../shared/domain/runspec/nearest-name.ts";
import { NotFoundError, UsageError } from "../../../shared/errors.ts";
import type { RunEvidence } from "../../reading/evidence-reader.ts";
import type { ChosenRuns } from "./chosen-runs.ts";

export interface Points {
  /** Ascending. */
  readonly xs: readonly number[];
  /** NaN if nothing was measured. */
  readonly ys: readonly number[];
  /** Whether the run completed, so that its last value counts from there on; default false. */
  readonly isComplete?: boolean;
}

/** One metric of one run, and what it can be grouped by. */
export interface RunCurve extends Points {
  readonly run: string;
  readonly job: string;
  /** The worker that ran it last. */
  readonly node: string;
  /** The job's runspec file. */
  readonly experiment: string;
  readonly workspace: string;
  /** The metric: `s1-rew`. */
  readonly col: string;
  /** Its title, such as "reward per step"; empty if unknown. */
  readonly title: string;
  /** If there are too many runs, those with the highest are named; NaN counts as the lowest. */
  readonly hpmax: number;
}

const bare = (name: string): string => name.replace(/^metrics\./, "");

/** Whether a name is of a curve, which runs report repeatedly, and not of one value of a run. */
export const isCurve = (name: string): boolean => /^s\d+-./.test(bare(name));

/** The metrics of these jobs; empty before their first result. */
const curveNames = ({ tables }: ChosenRuns): string[] => [...new Set(tables.flatMap(({ columns }) => columns))];

/** The last stage's first metric, which the search maximises; hpmax before the first result. */
export function usualMetric(runs: ChosenRuns): string {
  const names = curveNames(runs).filter((name) => !/^s\d+-hrs$/.test(name));
  const last = names.at(-1)?.split("-")[0];
  return names.find((name) => name.startsWith(`${last}-`)) ?? "hpmax";
}

/** Checks names before any evidence is read. @throws UsageError if a metric does not exist */
export function checkCurveNames(runs: ChosenRuns, names: readonly string[]): void {
  const known = curveNames(runs);
  if (known.length === 0) return;
  for (const name of names) if (!known.includes(bare(name))) throw noMetric(name, known);
}

/**
 * @param evidence  in the order of the runs
 * @throws UsageError if a metric was never reported, NotFoundError if nothing was
 */
export function curvesOfRuns(
  runs: ChosenRuns,
  evidence: readonly Pick<RunEvidence, "curve" | "titles">[],
  names: readonly string[],
  options: { readonly x: "iters" | "hours"; readonly workspace: string },
): RunCurve[] {
  const titles = new Map(
    evidence.flatMap((each) => Object.entries(each.titles)).map(([name, title]) => [name, printable(title)]),
  );
  const found = names.flatMap((typed) => {
    const name = bare(typed);
    return runs.rows.flatMap(({ table, trial }, i): RunCurve[] => {
      const points = pointsOf(evidence[i]?.curve, name, options.x);
      if (!points || points.xs.length === 0) return [];
      return [
        {
          ...points,
          isComplete: trial.status === "completed",
          run: trial.run,
          job: table.job,
          node: trial.attempts.at(-1)?.worker ?? "",
          experiment: table.submitted.file,
          workspace: options.workspace,
          col: name,
          title: titles.get(name) ?? "",
          hpmax: trial.hpmax ?? Number.NaN,
        },
      ];
    });
  });
  for (const typed of names) {
    if (found.some(({ col }) => col === bare(typed))) continue;
    const reported = [
      ...new Set(evidence.flatMap(({ curve }) => curve.stages.flatMap(({ metrics }) => metrics.map((m) => m.name)))),
    ];
    if (reported.length === 0) throw new NotFoundError("none of these runs has reported anything yet");
    throw noMetric(typed, reported);
  }
  return found;
}

function pointsOf(curve: Curve | undefined, name: string, x: "iters" | "hours"): Points | undefined {
  for (const stage of curve?.stages ?? []) {
    const xs = stage[x];
    if (name === `s${stage.stage}-hrs`) return { xs, ys: stage.hours };
    const metric = stage.metrics.find((each) => each.name === name);
    if (metric) return { xs, ys: metric.values };
  }
  return undefined;
}

function noMetric(typed: string, known: readonly string[]): UsageError {
  return new UsageError(
    `there is no metric "${typed}"${didYouMean(bare(typed), known)}\n  there are: ${known.join(", ")}`,
  );
}
