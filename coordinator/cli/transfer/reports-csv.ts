import type { Curve } from "../../../shared/domain/curve.ts";
import { csvField } from "../../runs/listing-file.ts";

/** Every report of a run, unrounded: `stage,iters,hours,s1-rew,...`. */
export function reportsCsv({ stages }: Curve): string {
  const names = [...new Set(stages.flatMap(({ metrics }) => metrics.map(({ name }) => name)))];
  const lines = [["stage", "iters", "hours", ...names.map(csvField)].join(",")];
  for (const { stage, iters, hours, metrics } of stages) {
    const places = new Map(metrics.map((metric) => [metric.name, metric.values]));
    for (const [i, at] of iters.entries()) {
      const cells = names.map((name) => {
        const value = places.get(name)?.[i];
        return value === undefined || Number.isNaN(value) ? "" : String(value);
      });
      lines.push([stage, at, hours[i] ?? "", ...cells].join(","));
    }
  }
  return `${lines.join("\n")}\n`;
}
