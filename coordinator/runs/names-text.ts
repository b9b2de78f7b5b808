/** Most names that are listed one by one; of more, only the first and the last. */
const mostListed = 4;

/** Which there are, in their order: `only job2`, `job2 and job3`, `job2 to job90`. */
export function namesText(names: readonly string[]): string {
  const [first, ...others] = names;
  const last = others.pop();
  if (first === undefined) return "none";
  if (last === undefined) return `only ${first}`;
  if (names.length > mostListed) return `${first} to ${last}`;
  return `${[first, ...others].join(", ")} and ${last}`;
}
