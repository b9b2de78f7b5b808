/** One line of JSON for programs. NaN becomes null; infinite numbers, for which JSON has none, "Infinity" and "-Infinity". */
export const jsonLine = (object: object): string => `${JSON.stringify(object, asJson)}\n`;

const asJson = (_key: string, value: unknown): unknown =>
  value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY ? String(value) : value;
