/**
 * What is wrong with a printed line that resembles a report but is none, as the end of a sentence about lines; "" for
 * reports and all other lines. A report is one line with one JSON object.
 */
export function almostReport(line: string): string {
  const text = line.trim();
  if (/^\{\s*'[^']{1,60}'\s*:/.test(text)) return "in Python's notation of a dict; print(json.dumps(...)) writes JSON";
  if (!/^\{\s*"[^"]{1,60}"\s*:/.test(text)) return "";
  return text.endsWith("}") ? "" : "cut off before the closing brace; a report is written as one whole line";
}
