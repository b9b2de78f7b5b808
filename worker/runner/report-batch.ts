import type { ReportRow } from "../../shared/wire/messages.ts";

/** Most reports in one message. */
const mostReports = 2000;
/** Most values: a message of 1 MB holds some 100,000 numbers, and a coordinator refuses those with 180,000 values. */
const mostValues = 60_000;

/** Values of a report as they travel: itself, its five fields, and what is in the two lists among them. */
export const valuesOf = (row: ReportRow): number => 6 + row[3].length + row[4].length;

/** How many of these reports one message may carry; at least one. */
export function fitting(reports: readonly ReportRow[]): number {
  let values = 0;
  for (let i = 0; i < reports.length; i++) {
    values += valuesOf(reports[i] as ReportRow); // i < length
    if (i > 0 && (i === mostReports || values > mostValues)) return i;
  }
  return reports.length;
}

/** Whether this many reports or values should travel now. */
export const isFull = (reports: number, values: number): boolean => reports >= mostReports || values >= mostValues;
