import type { Range } from "../hyperparameter.ts";
import { isLog, isWhole, numberAt, placeOf } from "./range.ts";
import { decimal, roundestBetween } from "./round-number.ts";

/** A dial of about this many marks is coarse enough to try everywhere, and fine enough to show where it is good. */
const wanted = 10;
const fewest = 8;
const most = 13;
/** A mark that is nearer to an end than this part of the usual gap is left out. */
const leastOfGap = 0.5;

/**
 * A range's marks before the search starts, ascending: both ends, 0 if the range has it, and between them about ten
 * numbers, evenly spaced on the scale and as round as a person would write them. A range of at most 13 whole numbers
 * gets them all.
 *
 * @param also  a value of the range that must be among the marks
 */
export function firstMarks(range: Range, also?: number): number[] {
  const { from, to } = range;
  const inside = betweenEnds(range).filter((value) => value > from && value < to);
  const gap = 1 / (inside.length + 1);
  const lowest = placeOf(range, from);
  const room = leastOfGap * gap * (1 - lowest);
  const isAll = isWhole(range) && to - from < most;
  const kept = inside.filter((value) => {
    const place = placeOf(range, value);
    return isAll || (place - lowest >= room && 1 - place >= room);
  });
  const zero = range.zero === true ? [0] : [];
  const marks = new Set([...zero, from, ...kept, to, ...(also === undefined ? [] : [also])]);
  return [...marks].sort((a, b) => a - b);
}

function betweenEnds(range: Range): number[] {
  const { from, to } = range;
  if (isWhole(range) && to - from < most) return Array.from({ length: to - from }, (_, i) => from + i);
  const marks = isLog(range) ? (powersOfTwo(range) ?? series(from, to)) : multiples(range);
  const usable = marks.filter((value) => !isWhole(range) || Number.isSafeInteger(value));
  return usable.length >= fewest - 2 ? usable : evenly(range);
}

/** `factor` times ten to the power `shift`. */
interface Step {
  readonly factor: number;
  readonly shift: number;
}

/** The multiples of a round step: the step whose number of marks is nearest to the wanted one. */
function multiples(range: Range): number[] {
  const { from, to } = range;
  const width = to / 2 - from / 2;
  const exponent = Math.floor(Math.log10(width));
  const factors = isWhole(range) ? [1, 2, 2.5, 3, 4, 5] : [1, 2, 2.5, 5];
  const steps = [-2, -1, 0, 1].flatMap((more) => factors.map((factor) => ({ factor, shift: exponent + more })));
  const usable = steps.filter(
    ({ factor, shift }) => !isWhole(range) || (Number.isInteger(decimal(factor, shift)) && decimal(factor, shift) >= 1),
  );
  const isFitting = (step: Step): boolean => {
    const gaps = (2 * width) / decimal(step.factor, step.shift);
    return gaps >= fewest - 1 && gaps <= most - 1;
  };
  const [best] = usable.sort((a, b) => Number(isFitting(b)) - Number(isFitting(a)) || excess(a) - excess(b));
  if (!best) return [];
  const { factor, shift } = best;
  // Counted in tenths, so that 0.3 is 0.3 and not three times 0.1.
  const tenths = factor * 10;
  const first = Math.ceil(from / decimal(factor, shift));
  const last = Math.floor(to / decimal(factor, shift));
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => decimal((first + i) * tenths, shift - 1));

  function excess(step: Step): number {
    return Math.abs(Math.log(width) + Math.log(2 / wanted) - Math.log(decimal(step.factor, step.shift)));
  }
}

/** Preferred numbers, which divide a decade into 1, 2, 3, 5, 10 or 20 about equal steps. */
const decades: readonly (readonly number[])[] = [
  [1],
  [1, 3],
  [1, 2, 5],
  [1, 1.5, 2.5, 4, 6],
  [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8],
  [1, 1.1, 1.2, 1.4, 1.6, 1.8, 2, 2.2, 2.5, 2.8, 3.2, 3.6, 4, 4.5, 5, 5.6, 6.3, 7.1, 8, 9],
];

/** The series whose number of marks is nearest to the wanted one; empty if even that has too many. */
function series(from: number, to: number): number[] {
  const low = Math.floor(Math.log10(from));
  const high = Math.ceil(Math.log10(to));
  if (high - low > 2 * most) return [];
  const all = decades.map((factors) =>
    Array.from({ length: high - low + 1 }, (_, i) => low + i).flatMap((exponent) =>
      factors.map((factor) => decimal(factor, exponent)).filter((value) => value > from && value < to),
    ),
  );
  const [best = []] = all.sort((a, b) => Math.abs(a.length + 2 - wanted) - Math.abs(b.length + 2 - wanted));
  return best.length + 2 <= most ? best : [];
}

/** Powers of two, or 16, 24, 32, ... if there are few. Undefined if the ends are not powers of two. */
function powersOfTwo(range: Range): number[] | undefined {
  const [low, high] = [Math.log2(range.from), Math.log2(range.to)];
  if (!isWhole(range) || !Number.isInteger(low) || !Number.isInteger(high)) return undefined;
  const step = Math.ceil((high - low) / most);
  const powers = Array.from({ length: Math.ceil((high - low) / step) }, (_, i) => 2 ** (low + step * i));
  return powers.length > 6 ? powers : powers.flatMap((power) => [power, 1.5 * power]);
}

/** Even steps on the scale, each rounded within a quarter of a step. */
function evenly(range: Range): number[] {
  const lowest = placeOf(range, range.from);
  const step = (1 - lowest) / (wanted - 1);
  return Array.from({ length: wanted - 2 }, (_, i) => {
    const place = lowest + (i + 1) * step;
    const [low, high] = [numberAt(range, place - step / 4), numberAt(range, place + step / 4)];
    return isWhole(range) ? Math.round(roundestBetween(low, high)) : roundestBetween(low, high);
  });
}
