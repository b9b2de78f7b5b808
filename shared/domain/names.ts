/** Names that people type and read: job278, run672, run672.12, and the ids of workers. */

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** `job278`. */
export type JobName = Branded<"job">;
/** `run672`, a parent run, or `run672.12`, a child run. */
export type RunName = Branded<"run">;
/** A worker's id: at most 48 lower-case letters, digits and dashes; safe in a subject and in a file name. */
export type WorkerId = Branded<"worker">;

const jobPattern = /^job([1-9]\d{0,9})$/;
const runPattern = /^run([1-9]\d{0,9})(?:\.([1-9]\d{0,9}))?$/;
const workerPattern = /^[a-z0-9][a-z0-9-]{0,47}$/;
const workspacePattern = /^[a-z][a-z0-9_-]{0,31}$/;

export const jobName = (number: number): JobName => `job${number}` as JobName;
export const parentRunName = (number: number): RunName => `run${number}` as RunName;
export const childRunName = (parent: number, child: number): RunName => `run${parent}.${child}` as RunName;

export function parseJobName(text: string): { name: JobName; number: number } | undefined {
  const match = jobPattern.exec(text);
  return match ? { name: text as JobName, number: Number(match[1]) } : undefined;
}

export function parseRunName(text: string): { name: RunName; parent: number; child: number | null } | undefined {
  const match = runPattern.exec(text);
  if (!match) return undefined;
  return { name: text as RunName, parent: Number(match[1]), child: match[2] === undefined ? null : Number(match[2]) };
}

export const isJobName = (text: string): text is JobName => jobPattern.test(text);
export const isWorkerId = (text: string): text is WorkerId => workerPattern.test(text);
export const isWorkspaceName = (text: string): boolean => workspacePattern.test(text);

/** A legal worker id from any text, such as a host name: "Lab PC.2" gives "lab-pc-2". */
export function workerIdFrom(text: string): WorkerId {
  const id = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 40)
    .replace(/-+$/, "");
  return (id === "" ? "node" : id) as WorkerId;
}
