import type { Curve, MetricCurve, StageCurve } from "../../shared/domain/curve.ts";

/**
 * A curve's metric by name, e.g. `s1-rew`, and its stage with iterations and hours; undefined if it was not reported.
 */
export function metricOf(
  curve: Curve,
  name: string,
): { readonly stage: StageCurve; readonly metric: MetricCurve } | undefined {
  for (const stage of curve.stages) {
    const metric = stage.metrics.find((each) => each.name === name);
    if (metric) return { stage, metric };
  }
  return undefined;
}
