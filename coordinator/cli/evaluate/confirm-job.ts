import { componentDefaults } from "../../../shared/components/component-defaults.ts";
import { counted } from "../../../shared/domain/counted.ts";
import {
  confirmationSpec,
  confirmationsOf,
  confirmingJobs,
  pickTargets,
  type Targets,
} from "../../../shared/domain/evaluation/confirmation.ts";
import type { Evaluated } from "../../../shared/domain/evaluation/evaluated.ts";
import { labelOf } from "../../../shared/domain/evaluation/history.ts";
import { UnwritableSpec } from "../../../shared/domain/evaluation/tuned-spec.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import type { Configuration } from "../../../shared/domain/hyperparameter.ts";
import { type JobName, parseJobName } from "../../../shared/domain/names.ts";
import { carriedInput } from "../../../shared/domain/runspec/carried-spec.ts";
import type { Spec } from "../../../shared/domain/runspec/spec.ts";
import { readSpec, renderProblems, usedComponents } from "../../../shared/domain/runspec/spec-read.ts";
import { exitCode, NotFoundError, SpecError, signalExit } from "../../../shared/errors.ts";
import { giveOrder, newOrderId } from "../../operator/give-order.ts";
import {
  type JsonOption,
  ordering,
  type Printing,
  type Reader,
  reading,
  type Session,
} from "../../operator/session.ts";
import { namedJob } from "../../runs/named-job.ts";
import { areOver, waitForJobs } from "../submit/wait-for-jobs.ts";
import { confirmationJson, confirmationText } from "./confirmation-table.ts";
import { evaluated } from "./eval.ts";

export interface ConfirmOptions extends JsonOption {
  /** How many configurations, the best first. */
  readonly top: number;
  /** Fresh runs of each. */
  readonly runs: number;
  readonly targets: Targets;
  /** Only show the results so far. */
  readonly show?: boolean | undefined;
  /** Submit, and do not wait. */
  readonly detach?: boolean | undefined;
}

/**
 * `nexus confirm job278 --top 3 --runs 20`: runs the best configurations again with fresh seeds, each as a job of its own, waits
 * for them, and compares. Runs that were requested before are not requested again, so an interrupted command can be repeated.
 *
 * @returns the exit code
 */
export async function confirmJob(session: Session, typed: string, options: ConfirmOptions): Promise<number> {
  if (options.show) return reading(session, (reader) => printConfirmation(reader, typed, options));
  return ordering(session, async (reader) => {
    const { state, workspace, output, flags } = reader;
    const search = evaluated(namedJob(typed, state, workspace, flags), {}, flags);
    const picked = pickTargets(search, options.targets, options.top);
    if (picked.length < options.top) {
      output.note(
        `${search.table.job} has ${counted(picked.length, "configuration")} with a completed run; all are confirmed\n`,
      );
    }
    const jobs: JobName[] = [];
    for (const place of picked) {
      const configuration = search.sets[place]?.configuration ?? [];
      jobs.push(...(await ensureRuns(reader, search, configuration, options.runs)));
    }
    output.note(`to see it again: nexus confirm ${search.table.job} --show${flags}\n`);
    if (options.detach) return exitCode.done;
    return wait(reader, jobs, search.table.job, options);
  });
}

/** Prints what `confirm --show` prints; returns the exit code. */
export function printConfirmation(
  { state, workspace, output, flags }: Printing,
  typed: string,
  { json }: JsonOption,
): number {
  const search = evaluated(namedJob(typed, state, workspace, flags), {}, flags);
  const { job, submitted, goal } = search.table;
  const confirmations = confirmationsOf(state, search);
  if (confirmations.length === 0) {
    throw new NotFoundError(
      `${job} has not been confirmed yet\n  to run its best again: nexus confirm ${job} --top 3 --runs 20${flags}`,
    );
  }
  const print = json ? confirmationJson : confirmationText;
  output.result(print(job, submitted.hyperparameters, confirmations, goal));
  const lacksRuns = confirmations.some(
    ({ failed, again, ended, planned }) => failed > 0 || (again === null && ended > 0 && ended >= planned),
  );
  return lacksRuns ? exitCode.someRunsFailed : exitCode.done;
}

/** The jobs that run a configuration again; missing runs are submitted as one more job. */
async function ensureRuns(
  { bus, workspace, state, output }: Reader,
  search: Evaluated,
  configuration: Configuration,
  runs: number,
): Promise<JobName[]> {
  const { table } = search;
  const known = confirmationsOf(state, search).find((each) => each.configuration.join(".") === configuration.join("."));
  const names = known?.jobs.map(({ job }) => job) ?? [];
  const missing = runs - (known?.planned ?? 0);
  const label = labelOf(table.submitted.hyperparameters, configuration);
  if (missing <= 0) {
    output.note(`${names.join(", ")}: ${counted(known?.planned ?? 0, "run")} of ${label}, asked for before\n`);
    return names;
  }
  const { spec, sources } = readConfirmation(table, configuration, missing);
  if (!spec.hasRandint) output.note(`${table.submitted.file} draws no randint: its runs may all be the same\n`);
  const { file, text, commandLine } = spec;
  const { code = null, largeCode, inputs } = table.submitted;
  const brought = { code, ...(largeCode ? { largeCode } : {}), ...(inputs ? { inputs } : {}) };
  const order = { kind: "run", op: newOrderId(), file, text, sources, commandLine, ...brought } as const;
  const answer = await giveOrder(bus, workspace, order, output);
  if (!answer.ok) throw new SpecError(answer.reason);
  const job = parseJobName(answer.name);
  if (!job) throw new Error(`the coordinator called the job "${answer.name}"`);
  output.note(`${job.name}: ${counted(missing, "run")} of ${label}\n`);
  return [...names, job.name];
}

/** The derived spec, checked here so that problems are reported before anything is submitted. */
function readConfirmation(
  table: RunTable,
  configuration: Configuration,
  runs: number,
): { readonly spec: Spec; readonly sources: Readonly<Record<string, string>> } {
  const { job, file, commandLine, sources } = table.submitted;
  const text = textFor(table, configuration, runs);
  // The job's own components, but this version's job launcher: it must know `confirms`.
  const launcher = "job_launchers/XT";
  const carried = { ...sources, [launcher]: componentDefaults().text(launcher) ?? "" };
  // An argument whose only place in the text was overwritten would be refused as unused.
  const used = Object.entries(commandLine).filter(([name]) => text.includes(`<${name}>`));
  const reading = readSpec(carriedInput({ file, text, sources: carried, commandLine: Object.fromEntries(used) }));
  if (!reading.ok) {
    throw new SpecError(
      `${job} cannot be confirmed:\n${renderProblems(reading.problems, reading.texts, "nothing was submitted")}`,
    );
  }
  return { spec: reading.spec, sources: usedComponents(reading.spec) };
}

function textFor(table: RunTable, configuration: Configuration, runs: number): string {
  try {
    return confirmationSpec(table, configuration, runs);
  } catch (cause) {
    if (!(cause instanceof UnwritableSpec)) throw cause;
    throw new SpecError(`${table.job} cannot be confirmed: ${cause.message} (${table.submitted.file})`, { cause });
  }
}

async function wait(
  reader: Reader,
  jobs: readonly JobName[],
  search: JobName,
  options: ConfirmOptions,
): Promise<number> {
  const { bus, output, flags } = reader;
  const leave = new AbortController();
  const onSignal = (): void => leave.abort();
  process.once("SIGINT", onSignal);
  try {
    const state = await waitForJobs(bus, jobs, process.stderr, leave.signal, flags);
    const over = areOver(state, jobs);
    if (over || confirmingJobs(state, search).some((job) => job.completions.length > 0)) {
      const code = printConfirmation({ ...reader, state }, search, options);
      if (over) return code;
    }
    output.note(`the runs go on; to wait for them again, repeat the command\n`);
    return signalExit.SIGINT;
  } finally {
    process.off("SIGINT", onSignal);
  }
}
