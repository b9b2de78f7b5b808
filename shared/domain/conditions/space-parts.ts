import type { Hyperparameter } from "../hyperparameter.ts";
import { type Rng, rngFrom } from "../rng.ts";
import { type Activity, activityOf, type Test } from "./activity.ts";
import { constraintsOf } from "./constraints.ts";

/** A half-open range of positions for each hyperparameter. */
export type Box = readonly (readonly [from: number, to: number])[];

/**
 * Hyperparameters linked by conditions or constraints, so that the choices of one depend on the rest; or a free one.
 */
export interface SpacePart {
  /** Their numbers, rising. */
  readonly members: readonly number[];
  /** How many combinations of settings they may have. */
  readonly size: bigint;
  /** Whether the size was counted; otherwise it is an estimate from a sample. */
  readonly isExact: boolean;
  /** Whether constraints apply, so that a draw may be forbidden. */
  readonly isConstrained: boolean;
  /** Writes the members' positions for this index, below `size`, into a configuration that is already complete. */
  put(index: bigint, into: number[]): void;
  /** The index of a configuration's members; if not allowed, of the next allowed ones; may be `size`. Only if exact. */
  indexOf(configuration: readonly number[]): bigint;
  /** Whether the constraints allow the members. @param active  as `Activity.settle` says */
  allows(configuration: readonly number[], active: Uint8Array): boolean;
}

/** Up to this many combinations are counted one by one (0.1 s); beyond, `sampled` of them give an estimate. */
const mostCounted = 100_000;
const sampled = 20_000;

/** The parts of a space, in the order of their first hyperparameters. */
export function partsOfSpace(
  hyperparameters: readonly Hyperparameter[],
  where: readonly string[],
  box: Box,
): SpacePart[] {
  const activity = activityOf(hyperparameters);
  const tests = constraintsOf(hyperparameters, where).tests.filter(({ names }) => names.length > 0);
  const group = grouped(hyperparameters.length, [
    ...(activity?.parents.map((parents, i) => [i, ...parents]) ?? []),
    ...tests.map(({ names }) => names),
  ]);
  const members = new Map<number, number[]>();
  group.forEach((first, i) => {
    members.set(first, [...(members.get(first) ?? []), i]);
  });
  return [...members.values()].map((numbers) => {
    const own = tests.filter(({ names }) => numbers.includes(names[0] ?? -1));
    const [only = 0] = numbers;
    const isFree = numbers.length === 1 && own.length === 0 && (activity?.isConditional[only] ?? 0) === 0;
    return isFree ? freePart(only, box) : linkedPart(hyperparameters, activity, numbers, own, box);
  });
}

/** By number: the lowest number that is linked with it. */
function grouped(count: number, links: readonly (readonly number[])[]): number[] {
  const group = Array.from({ length: count }, (_, i) => i);
  const first = (i: number): number => (group[i] === i ? i : first(group[i] ?? i));
  for (const [from = 0, ...others] of links) {
    for (const other of others) {
      const [a, b] = [first(from), first(other)];
      group[Math.max(a, b)] = Math.min(a, b);
    }
  }
  return group.map((_, i) => first(i));
}

function freePart(i: number, box: Box): SpacePart {
  const [from, to] = box[i] ?? [0, 0];
  return {
    members: [i],
    size: BigInt(to - from),
    isExact: true,
    isConstrained: false,
    put(index, into) {
      into[i] = from + Number(index);
    },
    indexOf: (configuration) => BigInt((configuration[i] ?? from) - from),
    allows: () => true,
  };
}

function linkedPart(
  hyperparameters: readonly Hyperparameter[],
  activity: Activity | null,
  members: readonly number[],
  tests: readonly Test[],
  box: Box,
): SpacePart {
  const tuned = hyperparameters.map((each) => Math.max(0, each.values.indexOf(each.tuned)));
  const named = new Set([
    ...members.flatMap((i) => activity?.parents[i] ?? []),
    ...tests.flatMap(({ names }) => names),
  ]);
  // Members on which nothing depends are counted by multiplying.
  const core = members.filter((i) => named.has(i));
  const leaves = members.filter((i) => !named.has(i));
  const allActive = new Uint8Array(hyperparameters.length).fill(1);
  const settled = (configuration: number[]): Uint8Array => activity?.settle(configuration) ?? allActive;
  const allows = (configuration: readonly number[], active: Uint8Array): boolean =>
    tests.every((test) => test.holds({ configuration, active }) !== false);
  const choicesOf = (i: number, isActive: boolean): bigint => {
    const [from, to] = box[i] ?? [0, 0];
    const at = tuned[i] ?? 0;
    return isActive ? BigInt(to - from) : at >= from && at < to ? 1n : 0n;
  };
  /** How many allowed combinations of the whole part have the core's combination of this index. */
  const weightOf = (raw: bigint): bigint => {
    const configuration = [...tuned];
    write(box, core, raw, configuration);
    const before = core.map((i) => configuration[i]);
    const active = settled(configuration);
    const isCanonical = core.every((i, at) => configuration[i] === before[at]);
    if (!isCanonical || !allows(configuration, active)) return 0n;
    return leaves.reduce((product, i) => product * choicesOf(i, active[i] === 1), 1n);
  };
  const rawCore = rawSize(box, core);
  const common = { members, isConstrained: tests.length > 0, allows };
  if (rawCore > BigInt(mostCounted)) {
    const raw = rawSize(box, members);
    const size = estimated(rawCore, weightOf);
    return {
      ...common,
      size,
      isExact: false,
      put(index, into) {
        write(box, members, (index * raw) / size, into);
        settled(into);
      },
      indexOf: () => 0n,
    };
  }
  const rows: number[] = [];
  const ends: bigint[] = [];
  let size = 0n;
  for (let raw = 0; raw < Number(rawCore); raw += 1) {
    const weight = weightOf(BigInt(raw));
    if (weight === 0n) continue;
    size += weight;
    rows.push(raw);
    ends.push(size);
  }
  return {
    ...common,
    size,
    isExact: true,
    put(index, into) {
      const row = firstWhere(ends.length, (i) => (ends[i] ?? 0n) > index);
      write(box, core, BigInt(rows[row] ?? 0), into);
      for (const i of leaves) into[i] = tuned[i] ?? 0;
      const active = settled(into);
      let left = index - (row === 0 ? 0n : (ends[row - 1] ?? 0n));
      for (let at = leaves.length - 1; at >= 0; at -= 1) {
        const i = leaves[at] ?? 0;
        if (active[i] !== 1) continue;
        const choices = choicesOf(i, true);
        into[i] = (box[i]?.[0] ?? 0) + Number(left % choices);
        left /= choices;
      }
    },
    indexOf(configuration) {
      const raw = Number(read(box, core, configuration));
      const row = firstWhere(rows.length, (i) => (rows[i] ?? 0) >= raw);
      const start = row === 0 ? 0n : (ends[row - 1] ?? 0n);
      if (rows[row] !== raw) return start;
      const active = settled([...configuration]);
      return (
        leaves.reduce(
          (index, i) =>
            active[i] === 1 ? index * choicesOf(i, true) + BigInt((configuration[i] ?? 0) - (box[i]?.[0] ?? 0)) : index,
          0n,
        ) + start
      );
    },
  };
}

/** The size from a sample with a fixed seed, so that all estimates agree; at least 1: the tuned values are allowed. */
function estimated(rawCore: bigint, weightOf: (raw: bigint) => bigint): bigint {
  const rng = rngFrom("size of a space");
  let sum = 0n;
  for (let i = 0; i < sampled; i += 1) sum += weightOf(bigBelow(rng, rawCore));
  const size = (rawCore * sum) / BigInt(sampled);
  return size < 1n ? 1n : size;
}

/** A whole number below n, of any size. */
export function bigBelow(rng: Rng, n: bigint): bigint {
  if (n <= BigInt(Number.MAX_SAFE_INTEGER)) return BigInt(rng.below(Number(n)));
  let drawn = 0n;
  for (let bits = 1n; bits < n; bits <<= 32n) drawn = (drawn << 32n) | BigInt(rng.below(2 ** 32));
  return drawn % n;
}

const rawSize = (box: Box, numbers: readonly number[]): bigint =>
  numbers.reduce((size, i) => size * BigInt((box[i]?.[1] ?? 0) - (box[i]?.[0] ?? 0)), 1n);

/** Row-major: the last hyperparameter varies fastest. */
function write(box: Box, numbers: readonly number[], raw: bigint, into: number[]): void {
  let left = raw;
  for (let at = numbers.length - 1; at >= 0; at -= 1) {
    const i = numbers[at] ?? 0;
    const [from, to] = box[i] ?? [0, 1];
    const length = BigInt(to - from);
    into[i] = from + Number(left % length);
    left /= length;
  }
}

function read(box: Box, numbers: readonly number[], configuration: readonly number[]): bigint {
  return numbers.reduce((raw, i) => {
    const [from, to] = box[i] ?? [0, 1];
    return raw * BigInt(to - from) + BigInt((configuration[i] ?? from) - from);
  }, 0n);
}

/** The first index below `count` that passes; `count` if none does. All indexes after a passing one must pass. */
function firstWhere(count: number, passes: (i: number) => boolean): number {
  let [from, to] = [0, count];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (passes(middle)) to = middle;
    else from = middle + 1;
  }
  return from;
}
