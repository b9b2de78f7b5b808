/** JSON for programs. NaN becomes null; infinite numbers, for which JSON has none, "Infinity" and "-Infinity". */
export const jsonText = (value: unknown): string => JSON.stringify(value, asJson);

/** One line of it. */
export const jsonLine = (object: object): string => `${jsonText(object)}\n`;

const asJson = (_key: string, value: unknown): unknown =>
  value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY ? String(value) : value;

/** The infinite number that one of these words stands for; anything else as it is. */
export const infinite = <T>(value: T): T | number =>
  value === "Infinity" || value === "-Infinity" ? Number(value) : value;
