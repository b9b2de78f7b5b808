/** Count, mean and spread of values added one by one. Welford's recurrence: exact if all values are equal. */
export class Moments {
  count = 0;
  /** 0 before the first value. */
  mean = 0;
  /** Sum of squared deviations from the mean. */
  squares = 0;

  add(value: number): void {
    this.count += 1;
    const before = value - this.mean;
    this.mean += before / this.count;
    this.squares += before * (value - this.mean);
  }

  /** Divides by n - 1; 0 for fewer than two values. */
  get sampleVariance(): number {
    return this.count < 2 ? 0 : this.squares / (this.count - 1);
  }
}

/** NaN if there are no values. */
export function meanOf(values: Iterable<number>): number {
  let sum = 0;
  let count = 0;
  for (const value of values) {
    sum += value;
    count += 1;
  }
  return sum / count;
}

/** The value below which this part (0 to 1) of the sorted values lies, interpolated linearly; NaN for no values. */
export function quantile(sorted: ArrayLike<number>, part: number): number {
  const place = part * (sorted.length - 1);
  const below = sorted[Math.floor(place)] ?? Number.NaN;
  const above = sorted[Math.ceil(place)] ?? Number.NaN;
  return below + (above - below) * (place - Math.floor(place));
}
