/**
 * The number from `low` to `high` with the fewest significant digits. Ties go to a single digit 1, 2 or 5 or to a last
 * digit 5, then to the number nearest to the middle.
 *
 * @param low  finite, at most `high`
 */
export function roundestBetween(low: number, high: number): number {
  if (low <= 0 && high >= 0) return 0;
  if (high < 0) return -roundestBetween(-high, -low);
  const middle = low / 2 + high / 2;
  const exponent = Number(high.toExponential().split("e")[1]);
  for (let digits = 1; digits <= mostDigits; digits += 1) {
    const shift = exponent - digits + 1;
    const found = multiplesBetween(low, high, shift);
    const round = found.filter((digitsOf) => isPreferred(digitsOf, digits));
    const nearest = nearestTo(
      middle,
      (round.length > 0 ? round : found).map((count) => decimal(count, shift)),
    );
    if (nearest !== undefined) return nearest;
  }
  return Math.min(high, Math.max(low, middle));
}

/** A double holds any decimal number of this many digits. */
const mostDigits = 15;

/** `count` times ten to the power `shift`, correctly rounded. */
export const decimal = (count: number, shift: number): number => Number(`${count}e${shift}`);

/** Integers whose multiple of ten to the power `shift` lies from `low` to `high`. Few: one digit less gave none. */
function multiplesBetween(low: number, high: number, shift: number): number[] {
  const first = Math.floor(low / decimal(1, shift));
  const counts: number[] = [];
  if (!Number.isSafeInteger(first)) return counts;
  for (let count = Math.max(1, first); count <= first + 11; count += 1) {
    const value = decimal(count, shift);
    if (value > high) break;
    if (value >= low) counts.push(count);
  }
  return counts;
}

const isPreferred = (count: number, digits: number): boolean =>
  digits === 1 ? count === 1 || count === 2 || count === 5 : count % 5 === 0;

function nearestTo(middle: number, values: readonly number[]): number | undefined {
  return values.reduce<number | undefined>(
    (best, value) => (best === undefined || Math.abs(value - middle) < Math.abs(best - middle) ? value : best),
    undefined,
  );
}
