/** Ticks of an axis on round numbers: 1, 2 or 5 times a power of ten. */

export interface Ticks {
  readonly values: readonly number[];
  /** Decimals that tell neighbouring ticks apart; 0 if they are whole. */
  readonly decimals: number;
}

/**
 * At most `most` ticks inside the range, ends included; one if the range is a point.
 *
 * @param leastStep  between two ticks; 1: only whole numbers
 */
export function niceTicks(low: number, high: number, most: number, leastStep = 0): Ticks {
  if (!(Number.isFinite(low) && Number.isFinite(high)) || most < 1) return { values: [], decimals: 0 };
  if (high <= low) return { values: [low], decimals: decimalsOf(low) };
  const rough = (high - low) / Math.max(1, most - 1);
  // Start below the rough step: a shorter one may still give few enough ticks, such as 0.5 and 1 in 0.3 to 1.4.
  let exponent = Math.floor(Math.log10(rough)) - 1;
  for (;;) {
    for (const factor of [1, 2, 5]) {
      const step = factor * 10 ** exponent;
      if (step < leastStep) continue;
      const first = Math.ceil(low / step - 1e-9);
      const last = Math.floor(high / step + 1e-9);
      if (last - first + 1 > most) continue;
      const decimals = Math.max(0, -exponent);
      // Through text: 3 * 0.1 is not 0.3.
      const values = Array.from({ length: Math.max(0, last - first + 1) }, (_, i) =>
        withDecimals((first + i) * step, decimals),
      );
      return { values, decimals };
    }
    exponent += 1;
  }
}

/** A tick as text: `0.05`, `2000`, `12k`, `1.5e-7`. */
export function tickText(value: number, decimals: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e7 || size < 1e-5)) return value.toExponential(1).replace("e+", "e");
  if (size >= 10_000 && value % 1000 === 0) return `${value / 1000}k`;
  return value.toFixed(Math.min(decimals, 6));
}

const withDecimals = (value: number, decimals: number): number => Number(value.toFixed(Math.min(decimals, 20)));

function decimalsOf(value: number): number {
  const text = String(Math.abs(value));
  return text.includes("e") ? 6 : (text.split(".")[1] ?? "").length;
}
