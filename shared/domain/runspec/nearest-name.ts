/** The valid name that was most likely meant by `typed`; undefined if none is close enough. */
export function nearestName(typed: string, names: Iterable<string>): string | undefined {
  let nearest: string | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const name of names) {
    const [a, b] = [typed.toLowerCase(), name.toLowerCase()];
    const length = Math.max(a.length, b.length);
    const distance = editDistance(a, b);
    // Part of a name is a good hint: tuning_values.
    const isPart = a.length >= 4 && b.includes(a);
    // At most one slip in three letters; two names that differ in every letter are never close.
    if (!isPart && (distance > Math.max(1, Math.floor(length / 3)) || distance >= length)) continue;
    if (distance < least) {
      least = distance;
      nearest = name;
    }
  }
  return nearest;
}

/** `; did you mean lr?`, to end a sentence that says there is no such name. @param otherwise  if no name is near */
export function didYouMean(typed: string, names: Iterable<string>, otherwise = ""): string {
  const nearest = nearestName(typed, names);
  return nearest === undefined ? otherwise : `; did you mean ${nearest}?`;
}

/** Insertions, deletions, replacements and swaps of adjacent letters (optimal string alignment distance). */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let least = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        least = Math.min(least, (beforeLast[j - 2] ?? 0) + 1);
      }
      row.push(least);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}
