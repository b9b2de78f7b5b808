/** Strings, which stay as they are, or what training programs print for NaN and infinity, which JSON does not have. */
const stringOrWord = /"(?:[^"\\]+|\\.)*"?|([:[,]\s*)(NaN|-?Infinity)\b/g;

const asText = (found: string, before?: string, word?: string): string =>
  word === undefined ? found : `${before}"${word}"`;

/** As Python's json and ours write it, with NaN and infinity as texts. Undefined: it is not whole, or no object of JSON. */
export function objectIn(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(/NaN|Infinity/.test(text) ? text.replace(stringOrWord, asText) : text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>) // an object has names
      : undefined;
  } catch {
    return undefined;
  }
}
