import { readFileSync } from "node:fs";
import type { Configuration, Hyperparameter, Setting } from "../../../shared/domain/hyperparameter.ts";
import { meanOf } from "../../../shared/domain/statistics.ts";
import { UsageError } from "../../../shared/errors.ts";
import { ordered, unordered } from "../../support/stories/search.ts";
import { type HpmaxIs, hpmaxOf, type Surface } from "./surface.ts";

/**
 * A measured surface: every configuration of a space was run a few times. A simulated run is one of its configuration's
 * measured runs, drawn at random.
 */
export interface Table {
  readonly hyperparameters: readonly {
    readonly name: string;
    readonly values: readonly Setting[];
    /** Default: true. */
    readonly ordered?: boolean;
  }[];
  /** A row for each configuration, the last hyperparameter fastest; a row holds each run's value, or its reports. */
  readonly results: readonly (readonly (number | readonly number[])[])[];
  /** How hpmax is computed from reports. Default: mean. */
  readonly hpmaxIs?: HpmaxIs;
  /** Divisor of the table's values. Default: 1. */
  readonly per?: number;
}

export function tableSurface(name: string, { results, per = 1, hpmaxIs = "mean", ...table }: Table): Surface {
  const hyperparameters = table.hyperparameters.map(
    ({ name, values, ordered: inOrder = true }): Hyperparameter =>
      inOrder ? ordered(name, values) : unordered(name, values),
  );
  const sizes = hyperparameters.map(({ values }) => values.length);
  const rows = results.map((row) =>
    row.map((run) => (typeof run === "number" ? [run / per] : run.map((value) => value / per))),
  );
  const means = rows.map((row) => meanOf(row.map((run) => hpmaxOf(hpmaxIs, run))));
  const rowNumber = (configuration: Configuration): number =>
    configuration.reduce((at, position, i) => at * (sizes[i] ?? 1) + position, 0);
  return {
    name,
    hyperparameters,
    best: means.reduce((best, mean) => Math.max(best, mean), Number.NEGATIVE_INFINITY),
    reports: rows[0]?.[0]?.length ?? 1,
    hpmaxIs,
    truth: (configuration) => means[rowNumber(configuration)] ?? Number.NaN,
    run(configuration, rng) {
      const row = rows[rowNumber(configuration)] ?? [];
      return row[rng.below(row.length)] ?? [];
    },
  };
}

/**
 * Reads a table from the user's JSON file.
 *
 * @throws UsageError that says what is wrong in the file and what was expected
 */
export function readTable(path: string): Surface {
  const wrong = (what: string): UsageError =>
    new UsageError(
      `${path}: ${what}\n  expected JSON {"hyperparameters": [{"name": .., "values": [..]}], "results": [[..], ..]}: a row for each\n  configuration, the last hyperparameter fastest, and in it the value of each run, or a list of each run's reports`,
    );
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw wrong(error instanceof Error ? error.message : String(error));
  }
  const problem = problemOf(content);
  if (problem !== null) throw wrong(problem);
  // Checked just above.
  return tableSurface(path.replace(/^.*\//, "").replace(/\.json$/, ""), content as Table);
}

function problemOf(content: unknown): string | null {
  if (typeof content !== "object" || content === null) return "no object";
  const { hyperparameters, results, hpmaxIs = "mean", per = 1 } = content as Record<string, unknown>;
  if (!Array.isArray(hyperparameters) || hyperparameters.length === 0) return `no list "hyperparameters"`;
  let rows = 1;
  for (const [i, each] of hyperparameters.entries()) {
    const { name, values } = (each ?? {}) as Record<string, unknown>;
    if (typeof name !== "string") return `hyperparameter ${i + 1} has no name`;
    if (!Array.isArray(values) || values.length === 0) return `hyperparameter "${name}" has no values`;
    rows *= values.length;
  }
  if (!["mean", "last", "max"].includes(String(hpmaxIs))) return `"hpmaxIs" is ${JSON.stringify(hpmaxIs)}`;
  if (typeof per !== "number" || !(per > 0)) return `"per" is ${JSON.stringify(per)}`;
  if (!Array.isArray(results)) return `no list "results"`;
  if (results.length !== rows)
    return `"results" has ${results.length} rows; the hyperparameters have ${rows} configurations`;
  let reports: number | undefined;
  for (const [i, row] of results.entries()) {
    if (!Array.isArray(row) || row.length === 0) return `row ${i + 1} of "results" has no runs`;
    for (const run of row) {
      const values: unknown[] = Array.isArray(run) ? run : [run];
      reports ??= values.length;
      if (values.length !== reports || reports === 0)
        return `row ${i + 1} of "results" has a run of ${values.length} reports, others have ${reports}`;
      if (!values.every((value) => typeof value === "number" && Number.isFinite(value)))
        return `row ${i + 1} of "results" has a value that is no finite number`;
    }
  }
  return null;
}
