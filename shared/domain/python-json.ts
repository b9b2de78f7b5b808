/**
 * JSON with the infinities and NaN as Python's json module writes and reads them: `Infinity`, `-Infinity`, `NaN`. JSON
 * itself cannot express them, and JSON.stringify writes null, which is a different value.
 *
 * @param value   as JSON.stringify takes it, without `toJSON`
 * @param indent  spaces for each level; 0: all on one line
 */
export function pythonJson(value: unknown, indent = 0): string {
  return hasOther(value) ? text(value, indent, "\n") : JSON.stringify(value, null, indent);
}

const isOther = (value: unknown): boolean => typeof value === "number" && !Number.isFinite(value);

const hasOther = (value: unknown): boolean =>
  typeof value === "object" && value !== null ? Object.values(value).some(hasOther) : isOther(value);

function text(value: unknown, indent: number, newLine: string): string {
  if (isOther(value)) return String(value);
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  const inner = indent === 0 ? "" : `${newLine}${" ".repeat(indent)}`;
  const colon = indent === 0 ? ":" : ": ";
  const members = Object.entries(value).flatMap(([key, each]) => {
    if (each === undefined) return [];
    const member = text(each, indent, inner);
    return [Array.isArray(value) ? member : `${JSON.stringify(key)}${colon}${member}`];
  });
  return `${open}${inner}${members.join(`,${inner}`)}${indent === 0 ? "" : newLine}${close}`;
}
