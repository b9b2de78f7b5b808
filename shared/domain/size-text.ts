/** Bytes as people read them, in powers of 1000 as discs and networks count: `12 kB`, `3.4 MB`, `512 MB`. */
export function sizeText(bytes: number): string {
  if (bytes <= 999_000) return `${Math.ceil(bytes / 1e3)} kB`;
  const tenths = (bytes / 1e6).toFixed(1);
  return `${Number(tenths) < 100 ? tenths : Math.round(bytes / 1e6)} MB`;
}
