/** A completed run similar to the one predicted: its target, how it differs, and how much it counts. */
export interface Alike {
  readonly target: number;
  /** Difference in each feature, in units of that feature's spread. */
  readonly offsets: readonly number[];
  readonly weight: number;
}

/** How strongly slopes are drawn to 0, relative to the rows' own weight: a few rows cannot determine every slope. */
const ridge = 0.05;

/**
 * A weighted linear fit around the point where all offsets are 0.
 *
 * @returns the value there, the standard deviation of a new value, and how many rows the fit rests on
 */
export function localFit(rows: readonly Alike[]): {
  readonly mean: number;
  readonly sd: number;
  readonly from: number;
} {
  const width = (rows[0]?.offsets.length ?? 0) + 1;
  /** Normal equations, row-major; the last two columns are right-hand sides, for the fit and for its uncertainty. */
  const columns = width + 2;
  const system = new Float64Array(width * columns);
  system[width + 1] = 1;
  let weights = 0;
  let squares = 0;
  let centre = 0;
  for (const { target, weight } of rows) {
    weights += weight;
    squares += weight * weight;
    centre += weight * target;
  }
  centre /= weights;
  for (const { target, offsets, weight } of rows) {
    for (let i = 0; i < width; i += 1) {
      const left = weight * (i === 0 ? 1 : (offsets[i - 1] ?? 0));
      for (let j = 0; j < width; j += 1) {
        const at = i * columns + j;
        system[at] = (system[at] ?? 0) + left * (j === 0 ? 1 : (offsets[j - 1] ?? 0));
      }
      const at = i * columns + width;
      system[at] = (system[at] ?? 0) + left * (target - centre);
    }
  }
  for (let i = 1; i < width; i += 1) {
    const at = i * columns + i;
    system[at] = (system[at] ?? 0) * (1 + ridge) + 1e-12;
  }
  const fit = solve(system, width, 0);
  let spread = 0;
  for (const { target, offsets, weight } of rows) {
    let value = centre + (fit[0] ?? 0);
    for (let i = 1; i < width; i += 1) value += (fit[i] ?? 0) * (offsets[i - 1] ?? 0);
    spread += weight * (target - value) ** 2;
  }
  const effective = weights ** 2 / squares;
  const free = Math.max(1, effective - width);
  const variance = ((spread / weights) * effective) / free;
  // The further the point is from the rows, the less certain its value.
  const leverage = ((solve(system, width, 1)[0] ?? 0) * weights) / effective;
  return { mean: centre + (fit[0] ?? 0), sd: Math.sqrt(variance * (1 + leverage)), from: rows.length };
}

/** Gaussian elimination: side 0 eliminates for both right-hand sides in place. The ridge keeps the pivots positive. */
function solve(system: Float64Array, width: number, side: 0 | 1): Float64Array {
  const columns = width + 2;
  const get = (i: number, j: number): number => system[i * columns + j] ?? 0;
  if (side === 0) {
    for (let i = 0; i < width; i += 1) {
      const pivot = get(i, i) || 1e-300;
      for (let k = i + 1; k < width; k += 1) {
        const factor = get(k, i) / pivot;
        for (let j = i; j < columns; j += 1) system[k * columns + j] = get(k, j) - factor * get(i, j);
      }
    }
  }
  const found = new Float64Array(width);
  for (let i = width - 1; i >= 0; i -= 1) {
    let value = get(i, width + side);
    for (let j = i + 1; j < width; j += 1) value -= get(i, j) * (found[j] ?? 0);
    found[i] = value / (get(i, i) || 1e-300);
  }
  return found;
}
