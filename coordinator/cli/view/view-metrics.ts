import type { Curve } from "../../../shared/domain/curve.ts";
import type { JsonOption, Reader } from "../../operator/session.ts";
import { readCurves } from "../../reading/evidence-reader.ts";
import { childRuns } from "../../runs/one-run.ts";
import { type Cell, type CellKind, tableColumn, tableLines } from "../../words/table.ts";

export interface ViewMetricsOptions extends JsonOption {
  /** Only the last n reports of each run. */
  readonly last?: number | undefined;
}

/** `nexus view metrics run662.7,run662.8`: every report of some runs. */
export async function viewMetrics(
  { state, bus, workspace, output }: Reader,
  words: readonly string[],
  { json, last }: ViewMetricsOptions,
): Promise<void> {
  const curves = await readCurves(bus, childRuns(words, state, workspace));
  output.result(json ? reportsJson(curves, last) : reportsText(curves, last));
}

interface Report {
  readonly run: string;
  readonly stage: number;
  readonly iters: number;
  readonly hours: number;
  /** The metrics that were measured, by name. */
  readonly values: ReadonlyMap<string, number>;
}

function reportsOf(curves: readonly Curve[], last: number | undefined): Report[] {
  return curves.flatMap(({ run, stages }) => {
    const reports = stages.flatMap(({ stage, iters, hours, metrics }) =>
      iters.map((at, i) => ({
        run,
        stage,
        iters: at,
        hours: hours[i] ?? 0,
        values: new Map(
          metrics.flatMap(({ name, values }) => {
            const value = values[i] ?? Number.NaN;
            return Number.isNaN(value) ? [] : [[name, value] as const];
          }),
        ),
      })),
    );
    return last === undefined ? reports : reports.slice(-last);
  });
}

export function reportsText(curves: readonly Curve[], last?: number): string {
  const reports = reportsOf(curves, last);
  const column = (header: string, kind: CellKind, value: (report: Report) => Cell) =>
    tableColumn(header, kind, reports.map(value));
  const stages = [...new Set(reports.map(({ stage }) => stage))].sort((a, b) => a - b);
  const names = (stage: number): string[] =>
    [
      ...new Set(curves.flatMap((curve) => curve.stages.flatMap((each) => (each.stage === stage ? each.metrics : [])))),
    ].map(({ name }) => name);
  const columns = [
    ...(curves.length > 1 ? [column("run", "text", ({ run }) => run)] : []),
    column("iters", "count", ({ iters }) => iters),
    ...stages.flatMap((stage) => [
      column(`s${stage}-hrs`, "measure", (report) => (report.stage === stage ? report.hours : undefined)),
      ...[...new Set(names(stage))].map((name) => column(name, "measure", ({ values }) => values.get(name))),
    ]),
  ];
  return ["", ...tableLines(columns), "", `total reports listed: ${reports.length}`, ""].join("\n");
}

export function reportsJson(curves: readonly Curve[], last?: number): string {
  return reportsOf(curves, last)
    .map(({ run, stage, iters, hours, values }) => {
      const metrics = Object.fromEntries([...values].map(([name, value]) => [name, finite(value)]));
      return `${JSON.stringify({ type: "report", v: 1, run, stage, iters, hours, metrics })}\n`;
    })
    .join("");
}

const finite = (value: number): number | string => (Number.isFinite(value) ? value : String(value));
