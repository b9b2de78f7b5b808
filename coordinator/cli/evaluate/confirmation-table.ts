import { usedSettings } from "../../../shared/domain/conditions/activity.ts";
import { counted } from "../../../shared/domain/counted.ts";
import type { Confirmation } from "../../../shared/domain/evaluation/confirmation.ts";
import type { Interval } from "../../../shared/domain/evaluation/truth.ts";
import { type Goal, told, toldEnds } from "../../../shared/domain/goal.ts";
import type { Hyperparameter } from "../../../shared/domain/hyperparameter.ts";
import { jsonLine } from "../../../shared/domain/json-line.ts";
import { decimalsFor, formatDecimal } from "../../words/number-format.ts";
import { settingColumn, tableColumn, tableLines } from "../../words/table.ts";
import { hparamsOf } from "./eval.ts";

/** Search score, shrunken estimate and unbiased mean of each configuration, side by side. */
export function confirmationText(
  search: string,
  hyperparameters: readonly Hyperparameter[],
  confirmations: readonly Confirmation[],
  goal: Goal,
): string {
  const decimals = decimalsFor(
    confirmations.flatMap(({ search: { interval }, again }) =>
      [interval, again?.interval90].flatMap((each) => (each ? [each.high - each.low] : [])),
    ),
  );
  const number = (value: number): string => formatDecimal(value, decimals);
  const range = (interval: Interval | null | undefined): string | undefined =>
    interval ? `${number(toldEnds(goal, interval).low)} to ${number(toldEnds(goal, interval).high)}` : undefined;
  const measure = (header: string, value: (each: Confirmation) => number | null | undefined) =>
    tableColumn(
      header,
      "measure",
      confirmations.map((each) => value(each) ?? undefined),
      { number: (hpmax) => number(told(goal, hpmax)) },
    );
  const count = (header: string, value: (each: Confirmation) => number) =>
    tableColumn(header, "count", confirmations.map(value));
  const text = (header: string, value: (each: Confirmation) => string | undefined) =>
    tableColumn(header, "text", confirmations.map(value));
  const settings = confirmations.map(({ configuration }) => usedSettings(hyperparameters, configuration));
  const columns = [
    text("job", ({ jobs }) => jobs.map(({ job }) => job).join(",")),
    measure("search", ({ search: { bestHpmax } }) => bestHpmax),
    count("of", ({ search: { runs } }) => runs),
    measure("estimate", ({ search: { estimate } }) => estimate),
    text("90% interval", ({ search: { interval } }) => range(interval)),
    measure("confirmed", ({ again }) => again?.mean),
    text("90% interval", ({ again }) => range(again?.interval90)),
    text("runs", (each) => runsText(each)),
    ...hyperparameters.flatMap(({ name, values }, i) =>
      values.length > 1
        ? [
            settingColumn(
              name,
              settings.map((row) => row[i]),
            ),
          ]
        : [],
    ),
  ];
  const infeasible = confirmations.reduce((sum, each) => sum + each.infeasible, 0);
  const counts = infeasible > 0 ? "the feasible fresh runs; among feasible runs," : "fresh runs,";
  return [
    "",
    ...tableLines(columns),
    "",
    `search: the best of the configuration's runs in ${search}, and of how many; biased ${goal.isLow ? "downwards" : "upwards"}, since it was selected`,
    `estimate: the expected ${goal.name} of a new run, from the search alone`,
    `confirmed: the mean of ${counts} free of selection bias`,
    ...infeasibleLines(infeasible),
    ...failedLines(confirmations),
    "",
  ].join("\n");
}

function runsText({ again, planned, failed, feasible, infeasible, ended }: Confirmation): string {
  const missing = planned - ended;
  const words = [
    ...(infeasible > 0 ? [`${infeasible} infeasible`] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(missing > 0 ? [`${missing} to come`] : []),
  ];
  if (again === null && feasible > 0) words.push("no mean");
  return words.length === 0 ? String(feasible) : `${feasible} (${words.join(", ")})`;
}

const infeasibleLines = (infeasible: number): string[] =>
  infeasible === 0
    ? []
    : [
        `${counted(infeasible, "run is", "runs are")} infeasible and in no mean; if at least half of a configuration's completed runs are, it has none`,
      ];

function failedLines(confirmations: readonly Confirmation[]): string[] {
  const failed = confirmations.reduce((sum, each) => sum + each.failed, 0);
  return failed === 0 ? [] : [`${counted(failed, "run failed and is", "runs failed and are")} in no mean`];
}

/** One JSON line for each configuration, numbers unrounded. */
export function confirmationJson(
  search: string,
  hyperparameters: readonly Hyperparameter[],
  confirmations: readonly Confirmation[],
  goal: Goal,
): string {
  return confirmations
    .map(({ configuration, jobs, ...rest }) => {
      const object = {
        type: "confirmation",
        v: 1,
        confirms: search,
        jobs: jobs.map(({ job }) => job),
        hparams: hparamsOf(hyperparameters, configuration),
        ...rest,
        ...(goal.isLow ? { minimized: minimised(goal, rest) } : {}),
      };
      return jsonLine(object);
    })
    .join("");
}

/** The numbers of a loss with its own sign; those of hpmax are negated. */
function minimised(goal: Goal, { search, again }: Pick<Confirmation, "search" | "again">): object {
  const value = (hpmax: number | null | undefined): number | null =>
    typeof hpmax === "number" ? told(goal, hpmax) : null;
  return { metric: goal.name, estimate: value(search.estimate), confirmed: value(again?.mean) };
}
