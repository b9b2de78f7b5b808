/** "clip and rscale change nothing, as far as these runs show"; null for none. */
export function withoutEffectText(names: readonly string[]): string | null {
  const [first] = names;
  if (first === undefined) return null;
  const last = names.at(-1) ?? first;
  const all = names.length === 1 ? `${first} changes` : `${names.slice(0, -1).join(", ")} and ${last} change`;
  return `${all} nothing, as far as these runs show`;
}
