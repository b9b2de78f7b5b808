import type { RunTable } from "../../shared/domain/fold/run-table.ts";

/** The command that reopens an ended job with more runs; undefined if it was cancelled. */
export const goOnCommand = ({ job, ended, state }: RunTable): string | undefined =>
  state === "cancelled" ? undefined : `nexus edit ${job} --total-runs ${moreThan(ended)}`;

/** What to type to continue from a job that has ended: with more of its runs, or with another spec that counts its results. */
export function goOnLine(table: RunTable, flags: string): string {
  const { job } = table;
  const more = goOnCommand(table);
  const file = `${job}.csv`;
  const elsewhere = `nexus export ${job} --output ${file}${flags}; nexus import ${file} --spec spec.yaml${flags}`;
  return `to search on: ${more === undefined ? elsewhere : `${more}${flags}\n  or with another spec: ${elsewhere}`}`;
}

/** Twice as many, in round numbers. */
function moreThan(ended: number): number {
  const wanted = Math.max(10, 2 * ended);
  const step = 10 ** Math.max(1, Math.floor(Math.log10(wanted)) - 1);
  return Math.min(1_000_000, Math.ceil(wanted / step) * step);
}
