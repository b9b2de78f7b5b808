import type { RunSetPoint, TreeSpace } from "./regression-tree.ts";

/** An additive model: a mean, and what each setting of each hyperparameter adds to it. */
export interface SettingEffects {
  readonly mean: number;
  readonly effects: readonly Float64Array[];
}

const mostSweeps = 25;
/** Stop after a sweep that changes no effect by more than this part of the spread. */
const enough = 1e-3;
/** Ridge: half a run set without effect is added to each setting, so that rare settings get small effects. */
const pull = 0.5;

/**
 * Weighted least squares by backfitting, one hyperparameter after the other. Unlike plain means over the runs with a setting, this
 * separates the effects of settings that a search tried together.
 */
export function fitEffects(space: TreeSpace, points: readonly RunSetPoint[]): SettingEffects {
  const whole = points.reduce((sum, { weight }) => sum + weight, 0);
  const mean = points.reduce((sum, point) => sum + point.weight * point.mean, 0) / whole;
  const unit = whole / points.length;
  const effects = space.map(({ settings }) => new Float64Array(settings));
  const rest = Float64Array.from(points, (point) => point.mean - mean);
  const spread = Math.sqrt(rest.reduce((sum, value) => sum + value * value, 0) / points.length);
  let change = Number.POSITIVE_INFINITY;
  for (let sweep = 0; sweep < mostSweeps && change > enough * spread; sweep += 1) {
    change = 0;
    for (const [dial, { settings }] of space.entries()) {
      const own = effects[dial];
      if (!own) continue;
      const sums = new Float64Array(settings);
      const weights = new Float64Array(settings).fill(pull * unit);
      points.forEach((point, i) => {
        const at = point.settings[dial] ?? 0;
        sums[at] = (sums[at] ?? 0) + point.weight * ((rest[i] ?? 0) + (own[at] ?? 0));
        weights[at] = (weights[at] ?? 0) + point.weight;
      });
      const renewed = sums.map((sum, at) => sum / (weights[at] ?? 1));
      renewed.forEach((effect, at) => {
        change = Math.max(change, Math.abs(effect - (own[at] ?? 0)));
      });
      points.forEach((point, i) => {
        const at = point.settings[dial] ?? 0;
        rest[i] = (rest[i] ?? 0) + (own[at] ?? 0) - (renewed[at] ?? 0);
      });
      effects[dial] = renewed;
    }
  }
  return { mean, effects };
}
