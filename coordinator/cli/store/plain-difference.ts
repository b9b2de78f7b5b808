/** Where two values of plain data first differ, such as `jobs[0].table.ended: 3, 4`; "" if they are equal. */
export function plainDifference(a: unknown, b: unknown, at = ""): string {
  if (Object.is(a, b)) return "";
  if (!isObject(a) || !isObject(b)) return `${at}: ${shown(a)}, ${shown(b)}`;
  const [left, right] = [entriesOf(a), entriesOf(b)];
  if (left.size !== right.size) return `${at}: ${left.size} entries, ${right.size}`;
  for (const [key, value] of left) {
    if (!right.has(key)) return `${at}${key}: only in the first`;
    const difference = plainDifference(value, right.get(key), at + key);
    if (difference !== "") return difference;
  }
  return "";
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;

function entriesOf(value: object): Map<string, unknown> {
  if (value instanceof Map) return new Map([...value].map(([key, item]) => [`.${String(key)}`, item]));
  if (value instanceof Set || Array.isArray(value) || ArrayBuffer.isView(value)) {
    const items = [...(value as Iterable<unknown>)];
    return new Map(items.map((item, i) => [`[${i}]`, item]));
  }
  return new Map(Object.entries(value).map(([key, item]) => [`.${key}`, item]));
}

const shown = (value: unknown): string =>
  (isObject(value) ? typeof value : (JSON.stringify(value) ?? String(value))).slice(0, 60);
