/** `■■■■■■····`: how much of something is done, in `width` characters. Full only when all is done, empty only when nothing is. */
export function progressBar(share: number, width: number): string {
  if (width < 1) return "";
  const bounded = Math.max(0, Math.min(1, Number.isNaN(share) ? 0 : share));
  const least = bounded > 0 ? 1 : 0;
  const most = bounded < 1 ? width - 1 : width;
  const full = Math.max(0, Math.min(most, Math.max(least, Math.round(bounded * width))));
  return "■".repeat(full) + "·".repeat(width - full);
}
