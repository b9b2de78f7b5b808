/** More dots are a blot, and a file of megabytes. */
export const mostDots = 5000;

/** As many of them as a plot can show, evenly chosen, the first and the last among them. */
export function evenlyChosen(count: number, most: number): number[] {
  if (count <= most) return Array.from({ length: count }, (_, i) => i);
  return Array.from({ length: most }, (_, i) => Math.round((i * (count - 1)) / (most - 1)));
}

/** Spread evenly over -0.5 to 0.5 without any two near neighbours alike, the same each time: the golden ratio's multiples. */
export const jitter = (i: number): number => ((i * 0.6180339887498949) % 1) - 0.5;
