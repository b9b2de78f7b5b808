import { hostname } from "node:os";
import { usedSettings } from "../../../shared/domain/conditions/activity.ts";
import type { Curve } from "../../../shared/domain/curve.ts";
import { hasResult } from "../../../shared/domain/fold/rejection.ts";
import { isOpen } from "../../../shared/domain/fold/trial.ts";
import { told } from "../../../shared/domain/goal.ts";
import type { Bus, Reading } from "../../../shared/ports.ts";
import { eventFileName, fileEnd, fileStart, hparamsSession, scalars } from "../../../shared/tensorboard/event-file.ts";
import { within } from "../../../shared/time/deadline.ts";
import { open } from "../../../shared/wire/sealed-chunks.ts";
import { chunk, chunks, streams } from "../../../shared/wire/subjects.ts";
import type { ChosenRun, RunEvidence, RunFiles } from "../../reading/evidence-reader.ts";
import { csvField } from "../../runs/listing-file.ts";
import type { Repro } from "./repro-of.ts";

/** A file of a run that can be downloaded. */
export interface RunFile {
  /** Within the run's folder, with slashes. */
  readonly path: string;
  /** Of an uploaded file; undefined: the file is made on demand. */
  readonly sha256: string | undefined;
  /** @throws BadMessage if the stored file is damaged or gone */
  content(): Promise<Uint8Array>;
}

/**
 * All files of a run: those that it uploaded, and those made from what the workspace stores: console.txt, repro_spec.yaml,
 * reports.csv and, if the spec asks for them, events for TensorBoard, from the reports of all its attempts.
 */
export function filesOf(bus: Bus, run: ChosenRun, evidence: RunEvidence, repro: Repro): RunFile[] {
  const files: RunFile[] = [];
  const add = (path: string, content: () => string | Uint8Array): void => {
    files.push({ path, sha256: undefined, content: async () => Buffer.from(content()) });
  };
  const { console } = evidence;
  if (console !== null) add("console.txt", () => console);
  add("repro_spec.yaml", () => repro.text);
  if (evidence.curve.stages.length > 0) add("reports.csv", () => reportsCsv(evidence.curve));
  if (repro.logsToTensorBoard) {
    const seconds = (run.trial.attempts[0]?.at ?? 0) / 1000;
    add(`tensorboard/${eventFileName(seconds, hostname())}`, () => eventFile(run, evidence));
  }
  const own = new Set(files.map(({ path }) => path));
  let next = 0;
  for (const file of evidence.files?.list.files ?? []) {
    const from = next;
    next += file.chunks;
    if (evidence.files && !own.has(file.path)) files.push(uploaded(bus, run, evidence.files, file, from));
  }
  return files;
}

function uploaded(
  bus: Bus,
  run: ChosenRun,
  { worker, attempt, list }: RunFiles,
  file: RunFiles["list"]["files"][number],
  from: number,
): RunFile {
  return {
    path: file.path,
    sha256: file.sha256,
    content: async () => {
      const subjectOf = (i: number): string => chunk(worker, run.table.job, run.trial.n, attempt, list.blob, i);
      const places = new Map(Array.from({ length: file.chunks }, (_, i) => [subjectOf(from + i), i]));
      const subjects =
        places.size <= mostSubjects
          ? [...places.keys()]
          : [chunks(worker, run.table.job, run.trial.n, attempt, list.blob)];
      const pieces: Uint8Array[] = [];
      if (places.size > 0) {
        await readAll(bus, subjects, (subject, data) => {
          const place = places.get(subject);
          // A piece that was sent twice is the same.
          if (place !== undefined) pieces[place] ??= data;
        });
      }
      // In a cluster, reading may begin in the middle of a file, on a server that is still copying.
      for (const [subject, place] of places) {
        const piece = pieces[place] ?? (await bus.piece(streams.blob, subject));
        if (piece === null) break;
        pieces[place] = piece;
      }
      return open(
        pieces.filter((piece) => piece !== undefined),
        list.key,
        file,
      );
    },
  };
}

const mostSubjects = 100;
const readTimeoutMs = 120_000;

async function readAll(
  bus: Bus,
  subjects: readonly string[],
  handler: (subject: string, data: Uint8Array) => void,
): Promise<void> {
  let reading: Reading | undefined;
  try {
    reading = await bus.read(streams.blob, 1, ({ subject, data }) => handler(subject, data), subjects);
    await within(reading.caughtUp, readTimeoutMs, "reading a run's files");
  } finally {
    await reading?.stop();
  }
}

/** Every report of a run, and its hpmax (or loss) and settings for the HParams plugin, as TensorBoard reads them. */
export function eventFile({ table, trial }: ChosenRun, { curve }: RunEvidence): Uint8Array {
  const { goal } = table;
  const { hyperparameters } = table.submitted;
  const names = curve.stages.flatMap(({ metrics }) => metrics.map(({ name }) => name));
  const startedAt = (trial.attempts[0]?.at ?? 0) / 1000;
  const settings = usedSettings(hyperparameters, trial.configuration);
  const parts = [fileStart(hparamsSession(hyperparameters, settings, [goal.name, ...names], startedAt))];
  let newest = startedAt;
  for (const { iters, hours, metrics } of curve.stages) {
    for (const [i, at] of iters.entries()) {
      newest = startedAt + 3600 * (hours[i] ?? 0);
      const values = metrics.map(({ name, values: all }) => [name, all[i] ?? Number.NaN] as const);
      parts.push(
        scalars(
          newest,
          at,
          values.filter(([, value]) => !Number.isNaN(value)),
        ),
      );
    }
  }
  if (trial.hpmax !== null) parts.push(scalars(newest, trial.iters, [[goal.name, told(goal, trial.hpmax)]]));
  const status = isOpen(trial) ? "running" : hasResult(trial) ? "success" : "failure";
  parts.push(fileEnd(isOpen(trial) ? newest : trial.endedAt / 1000, status));
  return Buffer.concat(parts);
}

/** Every report of a run, unrounded: `stage,iters,hours,s1-rew,...`. */
export function reportsCsv({ stages }: Curve): string {
  const names = [...new Set(stages.flatMap(({ metrics }) => metrics.map(({ name }) => name)))];
  const lines = [["stage", "iters", "hours", ...names.map(csvField)].join(",")];
  for (const { stage, iters, hours, metrics } of stages) {
    const places = new Map(metrics.map((metric) => [metric.name, metric.values]));
    for (const [i, at] of iters.entries()) {
      const cells = names.map((name) => {
        const value = places.get(name)?.[i];
        return value === undefined || Number.isNaN(value) ? "" : String(value);
      });
      lines.push([stage, at, hours[i] ?? "", ...cells].join(","));
    }
  }
  return `${lines.join("\n")}\n`;
}
