import type { JournalEvent } from "../../../shared/domain/fold/events.ts";
import { isOpen, type Trial } from "../../../shared/domain/fold/trial.ts";
import { jsonLine } from "../../../shared/domain/json-line.ts";
import { printable } from "../../../shared/domain/printable.ts";
import type { JsonOption, Reader } from "../../operator/session.ts";
import { type ChosenRun, type RunEvidence, readEvidence } from "../../reading/evidence-reader.ts";
import { type JournalEntry, readEvents } from "../../reading/journal-events.ts";
import { type Column, columnsOf } from "../../runs/columns.ts";
import { oneRun } from "../../runs/one-run.ts";
import { type Field, recordsTable } from "../../runs/records.ts";
import type { RunRow } from "../../runs/run-rows.ts";
import type { Cell } from "../../words/table.ts";

/** `nexus view run run662.7`: all that is known of one run. */
export async function viewRun(
  { state, bus, workspace, flags, output }: Reader,
  word: string,
  { json }: JsonOption,
): Promise<void> {
  const run = oneRun(word, state, workspace, flags);
  const [[evidence], choices] = await Promise.all([readEvidence(bus, [run]), readEvents(bus, isChoiceOf(run))]);
  if (!evidence) throw new Error(`the evidence of ${run.trial.run} was not read`);
  const seen: ViewedRun = { run, evidence, workspace, why: whyChosen(choices) };
  output.result(json ? runJson(seen) : runText(seen));
}

export interface ViewedRun {
  readonly run: ChosenRun;
  readonly evidence: RunEvidence;
  readonly workspace: string;
  /** Why its configuration was chosen; undefined if nothing says so. */
  readonly why: string | undefined;
}

/** Whether an entry assigns this run. Only the journal keeps the reasons of ended runs, of which there may be a million. */
export const isChoiceOf =
  ({ table, trial }: ChosenRun) =>
  (event: JournalEvent): boolean =>
    event.type === "assigned" && event.job === table.job && event.n === trial.n;

/** The first assignment says why the configuration was chosen; later ones, why it was started again. */
export function whyChosen(choices: readonly JournalEntry[]): string | undefined {
  const event = choices[0]?.event;
  return event?.type === "assigned" ? event.why || undefined : undefined;
}

/** The value of a column, for one run alone. */
const cellOf = ({ id, value }: Column, { run, why }: ViewedRun): Cell =>
  id === "why" ? (why ?? value(rowOf(run))) : value(rowOf(run));

const rowOf = ({ table, trial }: ChosenRun): RunRow => ({ table, trial, parentRun: null, parent: 0, child: 1 });

export function runText(seen: ViewedRun): string {
  const { run, workspace } = seen;
  const { curve, files } = seen.evidence;
  const { usual, all } = columnsOf([run.table], workspace);
  // A loss stands under its own name among the usual ones.
  const others = all.filter((column) => !usual.includes(column) && column.id !== "metrics.hpmax");
  const shown = [...usual, ...others].flatMap((column) => {
    const value = column.told?.(rowOf(run)) ?? cellOf(column, seen);
    return value === undefined ? [] : [[column.header, printable(String(value))] as const];
  });
  const width = shown.reduce((most, [name]) => Math.max(most, name.length), 0);
  const reports = curve.stages.reduce((sum, { iters }) => sum + iters.length, 0);
  const lines = [
    "",
    ...shown.map(([name, value]) => `${name.padEnd(width)}  ${value}`),
    `${"reports".padEnd(width)}  ${reports}`,
    ...(seen.evidence.environment === ""
      ? []
      : [`${"environment".padEnd(width)}  ${printable(seen.evidence.environment)}`]),
    ...(seen.evidence.gpus === "" ? [] : [`${"ran on".padEnd(width)}  ${printable(seen.evidence.gpus)}`]),
  ];
  const attempts = recordsTable(attemptFields(run.trial), run.trial.attempts, `attempts: ${run.trial.attempts.length}`);
  const list = files?.list;
  const uploaded = list
    ? recordsTable(fileFields, list.files, `files: ${list.files.length}`) +
      (list.leftOut === "" ? "" : `left out: ${printable(list.leftOut)}\n`)
    : "";
  return `${lines.join("\n")}\n${attempts}${uploaded}`;
}

/** How an attempt ended; the last attempt of an ended run ended with the run. */
const endOf = (trial: Trial, attempt: Trial["attempts"][number]): string =>
  attempt.end || (attempt === trial.attempts.at(-1) && !isOpen(trial) ? trial.status : "");

const attemptFields = (trial: Trial): readonly Field<Trial["attempts"][number]>[] => [
  { name: "attempt", kind: "count", value: ({ attempt }) => attempt },
  { name: "worker", kind: "text", value: ({ worker }) => worker },
  { name: "started", kind: "text", value: ({ at }) => `${new Date(at).toISOString().slice(0, 19)}Z` },
  { name: "ended by", kind: "text", value: (attempt) => endOf(trial, attempt) || undefined },
];

const fileFields: readonly Field<{ path: string; size: number; sha256: string }>[] = [
  { name: "file", kind: "text", value: ({ path }) => path },
  { name: "bytes", kind: "count", value: ({ size }) => size },
  { name: "sha256", kind: "text", value: ({ sha256 }) => sha256 },
];

export function runJson(seen: ViewedRun): string {
  const { run, workspace } = seen;
  const { curve, files } = seen.evidence;
  const values = columnsOf([run.table], workspace).all.map(
    (column) => [column.id, cellOf(column, seen) ?? null] as const,
  );
  const inGroup = (group: string): Record<string, unknown> =>
    Object.fromEntries(
      values.flatMap(([id, value]) => (id.startsWith(`${group}.`) ? [[id.slice(group.length + 1), value]] : [])),
    );
  const own = Object.fromEntries(values.filter(([id]) => !id.includes(".")));
  return jsonLine({
    type: "run",
    v: 1,
    ...own,
    metrics: inGroup("metrics"),
    hparams: inGroup("hparams"),
    reports: curve.stages.reduce((sum, { iters }) => sum + iters.length, 0),
    attempts: run.trial.attempts.map((each) => ({
      attempt: each.attempt,
      worker: each.worker,
      at: each.at,
      end: endOf(run.trial, each),
    })),
    ...(seen.evidence.environment === "" ? {} : { environment: seen.evidence.environment }),
    ...(seen.evidence.gpus === "" ? {} : { gpus: seen.evidence.gpus }),
    files: files?.list.files.map(({ path, size, sha256 }) => ({ path, size, sha256 })) ?? [],
    filesLeftOut: files?.list.leftOut ?? "",
  });
}
