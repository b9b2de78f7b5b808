import type { Configuration, Hyperparameter } from "../../../shared/domain/hyperparameter.ts";
import { rngFrom } from "../../../shared/domain/rng.ts";

const starts = 24;
/** Steps in a pair of hyperparameters at once are tried only if the pair has at most this many combinations. */
const mostPair = 400;

/**
 * The configuration with the highest value that climbing finds from many random places and from the given ones. It
 * changes one hyperparameter at a time or, where that does not help, two. Seeded, so that the result is always the
 * same.
 */
export function highest(
  hyperparameters: readonly Hyperparameter[],
  value: (configuration: Configuration) => number,
  from: readonly Configuration[] = [],
): { readonly configuration: Configuration; readonly value: number } {
  const rng = rngFrom("the highest place");
  const sizes = hyperparameters.map(({ values }) => values.length);
  const random = Array.from({ length: starts }, () => sizes.map((size) => rng.below(size)));
  let top: { configuration: Configuration; value: number } | undefined;
  for (const start of [...from, ...random]) {
    const found = climb(sizes, value, start);
    if (!top || found.value > top.value) top = found;
  }
  if (!top) throw new RangeError("a surface has at least one hyperparameter");
  return top;
}

function climb(sizes: readonly number[], value: (configuration: Configuration) => number, start: Configuration) {
  let at = { configuration: start, value: value(start) };
  for (;;) {
    const next =
      bestOf(singles(sizes, at.configuration), value, at) ?? bestOf(pairs(sizes, at.configuration), value, at);
    if (!next) return at;
    at = next;
  }
}

function bestOf(
  candidates: Iterable<Configuration>,
  value: (configuration: Configuration) => number,
  { value: least }: { value: number },
): { configuration: Configuration; value: number } | undefined {
  let best: { configuration: Configuration; value: number } | undefined;
  for (const configuration of candidates) {
    const there = value(configuration);
    if (there > (best?.value ?? least)) best = { configuration, value: there };
  }
  return best;
}

function* singles(sizes: readonly number[], from: Configuration): Generator<Configuration> {
  for (let i = 0; i < sizes.length; i++) {
    for (let position = 0; position < (sizes[i] ?? 0); position++) yield from.with(i, position);
  }
}

function* pairs(sizes: readonly number[], from: Configuration): Generator<Configuration> {
  for (let i = 0; i < sizes.length; i++) {
    for (let j = 0; j < i; j++) {
      if ((sizes[i] ?? 0) * (sizes[j] ?? 0) > mostPair) continue;
      for (let a = 0; a < (sizes[i] ?? 0); a++) {
        for (let b = 0; b < (sizes[j] ?? 0); b++) yield from.with(i, a).with(j, b);
      }
    }
  }
}
