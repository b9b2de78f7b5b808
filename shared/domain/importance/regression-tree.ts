import type { Rng } from "../rng.ts";

/** A run set as data of a tree. */
export interface RunSetPoint {
  /** Position of each hyperparameter's setting; below 0 if it is inactive, which trees must not see. */
  readonly settings: readonly number[];
  readonly mean: number;
  /** Completed runs behind the mean, times the weight of the bootstrap. */
  readonly weight: number;
}

export type TreeSpace = readonly { readonly settings: number; readonly ordered: boolean }[];

export type RegressionTree =
  | { readonly kind: "leaf"; readonly value: number }
  | {
      readonly kind: "split";
      readonly dial: number;
      /** By setting of the dial: whether it goes to `below`. */
      readonly left: readonly boolean[];
      readonly below: RegressionTree;
      readonly above: RegressionTree;
    };

/** A leaf with fewer points would fit noise. */
const fewestInLeaf = 2;
const deepest = 24;

/** Splits where the squared error falls most. Each split considers a random two thirds of the hyperparameters. */
export function growTree(space: TreeSpace, points: readonly RunSetPoint[], rng: Rng, depth = 0): RegressionTree {
  const mean = weightedMean(points);
  if (points.length < 2 * fewestInLeaf || depth >= deepest) return { kind: "leaf", value: mean };
  const looked = Math.max(1, Math.ceil((2 * space.length) / 3));
  const dials = space.map((_, dial) => dial);
  let best: { gain: number; dial: number; left: boolean[] } | undefined;
  for (let i = 0; i < looked; i += 1) {
    const j = i + rng.below(dials.length - i);
    const dial = dials[j] ?? 0;
    dials[j] = dials[i] ?? 0;
    const split = bestSplit(space, points, dial);
    if (split && split.gain > (best?.gain ?? 0)) best = { ...split, dial };
  }
  if (!best) return { kind: "leaf", value: mean };
  const { dial, left } = best;
  const goesLeft = ({ settings }: RunSetPoint): boolean => left[settings[dial] ?? 0] ?? false;
  return {
    kind: "split",
    dial,
    left,
    below: growTree(space, points.filter(goesLeft), rng, depth + 1),
    above: growTree(
      space,
      points.filter((point) => !goesLeft(point)),
      rng,
      depth + 1,
    ),
  };
}

/**
 * The best cut of the settings: in the order of the dial or, if the hyperparameter is unordered, in the order of their
 * means, where the best cut is also the best of all divisions in two (Breiman et al. 1984). Settings without points go
 * to the nearer side if ordered, and otherwise to the side with more settings. Undefined if no cut is possible.
 */
function bestSplit(
  space: TreeSpace,
  points: readonly RunSetPoint[],
  dial: number,
): { gain: number; left: boolean[] } | undefined {
  const { settings = 0, ordered = true } = space[dial] ?? {};
  const weights = new Float64Array(settings);
  const sums = new Float64Array(settings);
  const counts = new Float64Array(settings);
  for (const { settings: at, mean, weight } of points) {
    const place = at[dial] ?? 0;
    weights[place] = (weights[place] ?? 0) + weight;
    sums[place] = (sums[place] ?? 0) + weight * mean;
    counts[place] = (counts[place] ?? 0) + 1;
  }
  const present = Array.from({ length: settings }, (_, place) => place).filter((place) => (counts[place] ?? 0) > 0);
  if (present.length < 2) return undefined;
  const meanAt = (place: number): number => (sums[place] ?? 0) / (weights[place] ?? 1);
  if (!ordered) present.sort((a, b) => meanAt(a) - meanAt(b));
  const total = present.reduce((sum, place) => sum + (sums[place] ?? 0), 0);
  const whole = present.reduce((sum, place) => sum + (weights[place] ?? 0), 0);
  let [weight, sum, count] = [0, 0, 0];
  let best: { gain: number; cut: number } | undefined;
  for (let cut = 0; cut < present.length - 1; cut += 1) {
    const place = present[cut] ?? 0;
    weight += weights[place] ?? 0;
    sum += sums[place] ?? 0;
    count += counts[place] ?? 0;
    if (count < fewestInLeaf || points.length - count < fewestInLeaf) continue;
    const difference = sum / weight - (total - sum) / (whole - weight);
    const gain = ((weight * (whole - weight)) / whole) * difference * difference;
    if (gain > (best?.gain ?? 0)) best = { gain, cut };
  }
  if (!best) return undefined;
  const { cut, gain } = best;
  const left = new Array<boolean>(settings).fill(false);
  if (ordered) {
    const border = ((present[cut] ?? 0) + (present[cut + 1] ?? 0)) / 2;
    for (let place = 0; place < settings; place += 1) left[place] = place < border || place === present[cut];
  } else {
    const isLeftGreater = cut + 1 > present.length / 2;
    left.fill(isLeftGreater);
    present.forEach((place, i) => {
      left[place] = i <= cut;
    });
  }
  return { gain, left };
}

/** A tree's exact marginal means over the whole space, each configuration equally likely. */
export class TreeOverSpace {
  readonly #tree: RegressionTree;
  /** By dial and setting: the mean over all configurations with it. */
  readonly #marginals: readonly Float64Array[];

  constructor(space: TreeSpace, tree: RegressionTree) {
    this.#tree = tree;
    this.#marginals = space.map(({ settings }) => new Float64Array(settings));
    this.#spread(
      tree,
      space.map(({ settings }) => new Array<boolean>(settings).fill(true)),
      space.map(() => 1),
    );
  }

  predict(configuration: readonly number[]): number {
    let tree = this.#tree;
    while (tree.kind === "split") tree = tree.left[configuration[tree.dial] ?? 0] ? tree.below : tree.above;
    return tree.value;
  }

  marginal(dial: number, setting: number): number {
    return this.#marginals[dial]?.[setting] ?? Number.NaN;
  }

  /** Adds up the leaves. `allowed`: by dial, the settings that lead here; `parts`: their fraction of the dial's settings. */
  #spread(tree: RegressionTree, allowed: readonly (readonly boolean[])[], parts: readonly number[]): void {
    if (tree.kind === "leaf") {
      const whole = parts.reduce((product, part) => product * part, tree.value);
      allowed.forEach((settings, dial) => {
        const others = whole / (parts[dial] ?? 1);
        const marginals = this.#marginals[dial];
        settings.forEach((is, setting) => {
          if (is && marginals) marginals[setting] = (marginals[setting] ?? 0) + others;
        });
      });
      return;
    }
    for (const side of [true, false]) {
      const kept = (allowed[tree.dial] ?? []).map((is, setting) => is && (tree.left[setting] ?? false) === side);
      const part = kept.filter(Boolean).length / kept.length;
      if (part === 0) continue;
      this.#spread(
        side ? tree.below : tree.above,
        allowed.map((settings, dial) => (dial === tree.dial ? kept : settings)),
        parts.map((before, dial) => (dial === tree.dial ? part : before)),
      );
    }
  }
}

function weightedMean(points: readonly RunSetPoint[]): number {
  let [weight, sum] = [0, 0];
  for (const point of points) {
    weight += point.weight;
    sum += point.weight * point.mean;
  }
  return sum / weight;
}
