/** Three significant digits; no exponent below 1e15. */
export function meanText(mean: number): string {
  const magnitude = Math.abs(mean);
  return magnitude >= 1000 && magnitude < 1e15 ? mean.toFixed(0) : mean.toPrecision(3);
}
