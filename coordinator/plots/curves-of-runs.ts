import type { Curve } from "../../shared/domain/curve.ts";
import { nearestName } from "../../shared/domain/runspec/nearest-name.ts";
import { NotFoundError, UsageError } from "../../shared/errors.ts";
import type { RunEvidence } from "../reading/evidence-reader.ts";
import { printable } from "../words/table.ts";
import type { ChosenRuns } from "./chosen-runs.ts";
import type { RunCurve } from "./curve-lines.ts";

const bare = (name: string): string => name.replace(/^metrics\./, "");

/** Whether it names something that runs report as they go on, rather than once. */
export const isCurve = (name: string): boolean => /^s\d+-./.test(bare(name));

/** The names that these jobs' metrics have; none before their first result. */
export const curveNames = ({ tables }: ChosenRuns): string[] => [...new Set(tables.flatMap(({ columns }) => columns))];

/** Before anything is read from the evidence. @throws UsageError where a metric has another name */
export function checkCurveNames(runs: ChosenRuns, names: readonly string[]): void {
  const known = curveNames(runs);
  if (known.length === 0) return;
  for (const name of names) if (!known.includes(bare(name))) throw noMetric(name, known);
}

/**
 * @param evidence  in the order of the runs
 * @throws NotFoundError where no run has reported anything
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

function pointsOf(
  curve: Curve | undefined,
  name: string,
  x: "iters" | "hours",
): { xs: readonly number[]; ys: readonly number[] } | undefined {
  for (const stage of curve?.stages ?? []) {
    const xs = stage[x];
    if (name === `s${stage.stage}-hrs`) return { xs, ys: stage.hours };
    const metric = stage.metrics.find((each) => each.name === name);
    if (metric) return { xs, ys: metric.values };
  }
  return undefined;
}

function noMetric(typed: string, known: readonly string[]): UsageError {
  const nearest = nearestName(bare(typed), known);
  const hint = nearest === undefined ? "" : `; did you mean ${nearest}?`;
  return new UsageError(`there is no metric "${typed}"${hint}\n  there are: ${known.join(", ")}`);
}
