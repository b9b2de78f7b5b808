/** More dots would be a blot, and megabytes in a file. */
export const mostDots = 5000;

/** Up to `most` evenly chosen indices, including the first and the last. */
export function evenlyChosen(count: number, most: number): number[] {
  if (count <= most) return Array.from({ length: count }, (_, i) => i);
  return Array.from({ length: most }, (_, i) => Math.round((i * (count - 1)) / (most - 1)));
}

/** The same number from -0.5 to 0.5 for each i; near neighbours differ, since these are multiples of the golden ratio. */
export const jitter = (i: number): number => ((i * 0.6180339887498949) % 1) - 0.5;
