import { copyFileSync, lstatSync } from "node:fs";
import { resolve } from "node:path";
import { searchProof } from "../../../shared/broker/access/search-proof.ts";
import { readJournal } from "../../../shared/broker/store/journal-reader.ts";
import { sealsForReading } from "../../../shared/broker/store/seal-file.ts";
import type { WorkspaceLink } from "../../../shared/broker/workspace-link.ts";
import type { CodeBundle } from "../../../shared/domain/code-bundle.ts";
import { counted } from "../../../shared/domain/counted.ts";
import type { ImportedRun } from "../../../shared/domain/fold/events.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import type { WorkspaceState } from "../../../shared/domain/fold/workspace-state.ts";
import { parseJobName } from "../../../shared/domain/names.ts";
import type { Marks } from "../../../shared/domain/ranges/finer-marks.ts";
import type { Spec } from "../../../shared/domain/runspec/spec.ts";
import { usedComponents } from "../../../shared/domain/runspec/spec-read.ts";
import { exitCode, messageOf, SpecError, signalExit } from "../../../shared/errors.ts";
import { LinkError } from "../../../shared/machine/inside.ts";
import type { Status } from "../../../shared/wire/messages.ts";
import { joiningOf, shownJoinLine } from "../../endpoint/join-lines.ts";
import { plainTextWarning } from "../../endpoint/plain-text.ts";
import { giveOrder, newOrderId } from "../../operator/give-order.ts";
import { heardStatus } from "../../operator/leader-here.ts";
import type { Output } from "../../operator/output.ts";
import { type Scope, withOperatorLink } from "../../operator/scope.ts";
import type { JsonOption, Session } from "../../operator/session.ts";
import { PlainView, processPorts } from "../../plain/plain-view.ts";
import { watchJob } from "../../plain/watch-job.ts";
import { targetOf } from "../../runs/columns.ts";
import { goOnLine } from "../../words/go-on.ts";
import { spaceText } from "../../words/space-text.ts";
import { bringAlong } from "./bring-along.ts";
import { checkStages } from "./check-stages.ts";

const copyName = "launched_job_spec.yaml";
export interface RunOptions extends JsonOption {
  /** Overrides the spec's `monitor`. */
  readonly monitor?: "same" | "none" | "new" | undefined;
  /** Refuses a spec that would be run here. */
  readonly swarmOnly?: boolean | undefined;
  /** Seconds between standings if the output is not a terminal. */
  readonly every?: number | undefined;
}

/** Submits a spec, prints what the original prints, and shows the search as `monitor` says; returns the exit code. */
export async function launchJob(
  { scope, output }: Session,
  spec: Spec,
  options: RunOptions,
  imported: { readonly runs: readonly ImportedRun[]; readonly marks: Marks } = { runs: [], marks: {} },
): Promise<number> {
  const monitor = options.monitor ?? spec.settings.monitor;
  // A program that reads JSON gets nothing else.
  const words: Output = options.json ? { ...output, result: output.note } : output;
  return withOperatorLink(scope, async (link) => {
    const { file, text, commandLine } = spec;
    const sources = usedComponents(spec);
    await checkStages({ file, text, sources, commandLine, added: null }, "nothing was submitted", output);
    const earlier = imported.runs.length === 0 ? {} : { imported: imported.runs, marks: imported.marks };
    const answer = await bringAlong(link.bus, spec, output, (brought) => {
      const op = newOrderId();
      const proof = proofFor(scope, op, spec, brought.code);
      const carried = { file, text, sources, commandLine, ...earlier, ...brought, searchProof: proof };
      return giveOrder(link.bus, scope.paths.name, { kind: "run", op, ...carried }, output);
    });
    if (!answer.ok) throw new SpecError(answer.reason);
    copySpec(file, words);
    const job = parseJobName(answer.name);
    if (!job) throw new Error(`the coordinator called the job "${answer.name}"`);
    const say = (state: WorkspaceState, table: RunTable, status?: Status): void => {
      if (options.json) output.result(`${JSON.stringify(launchObject(table))}\n`);
      else words.result(launchText(table, scope.paths.name));
      output.note(nextSteps(table, state, scope, monitor, status));
    };
    if (monitor === "same") return watch(link, job.name, options, scope, output, say);
    const journal = readJournal(link.bus);
    // Only the leader knows which workers are connected and which pools they serve. A view hears that by itself.
    const [state, status] = await Promise.all([journal, heardStatus(link.bus, scope, journal)]);
    const table = state.jobs.get(job.name);
    if (!table) throw new Error(`${job.name} was accepted, but the journal does not hold it`);
    say(state, table, status);
    return 0;
  });
}

/** Proves that an order with its own search comes from a machine that may lead; empty if it has none, or elsewhere. */
function proofFor({ paths }: Scope, op: string, { settings }: Spec, code: CodeBundle | null): Uint8Array {
  const key = settings.search ? sealsForReading(paths)?.keys.at(-1) : undefined;
  return settings.search && key ? searchProof(key, { op, search: settings.search, code }) : new Uint8Array(0);
}

/** Leaves a copy of the launched spec in the current folder, as the original does, unless that cannot be written to. */
function copySpec(file: string, output: Output): void {
  const copy = resolve(copyName);
  if (resolve(file) === copy) return;
  try {
    if (lstatSync(copy, { throwIfNoEntry: false })?.isSymbolicLink()) throw new LinkError(copyName);
    copyFileSync(file, copy);
  } catch (error) {
    output.note(`${copyName} was not written (${messageOf(error)})\n`);
    return;
  }
  output.result(`------- Runspec (${file}) copied to ${copyName}\n`);
}

/** What the original prints about a launched job. */
function launchText(table: RunTable, workspace: string): string {
  const nodes = table.submitted.parents;
  const { code, largeCode, inputs } = table.submitted;
  const uploading =
    (code === undefined ? "" : `uploading ${counted(code.files, "code file")} (zipped), `) +
    (largeCode === undefined ? "" : `uploading ${counted(largeCode.files, "code file")}, `) +
    (inputs === undefined ? "" : `uploading ${counted(inputs.files, "input file")}, `);
  // Parent runs of other workers are created at their first claims.
  const parents = table.parents.slice(0, nodes).map(({ name }) => `${workspace}/${name}, `);
  const creating =
    nodes === 0
      ? `creating parent runs as workers come, ${uploading}`
      : `creating parent runs: ${nodes}/${nodes}, ${uploading}${parents.join("")}`;
  return (
    `${table.job}, target: ${targetOf({ table })}, ${creating}job submitted\n` +
    "------- Job launched. Use nexus commands to access results.\n"
  );
}

/** The launched job as JSON, for programs. */
const launchObject = (table: RunTable): object => ({
  type: "launched",
  v: 1,
  job: table.job,
  target: table.submitted.settings.computeTarget,
  totalRuns: table.submitted.settings.totalRuns,
  seed: table.submitted.seed,
});

function nextSteps(
  table: RunTable,
  state: WorkspaceState,
  scope: Scope,
  monitor: "same" | "none" | "new",
  status: Status | undefined,
): string {
  const { job } = table;
  const searched = spaceText(table);
  const lines = [
    ...(searched === "" ? [] : [searched]),
    `  nexus list runs ${job} --sort=metrics.${table.goal.name} --last=10${scope.flags}`,
  ];
  if (monitor === "new") lines.push(`  nexus-coord watch ${job}${scope.flags}`);
  const target = table.submitted.settings.computeTarget;
  const serving = target === null ? "" : ` --target ${target}`;
  const join = `nexus-worker${serving} ${shownJoinLine(scope.paths, scope.external)}`.trimEnd();
  const joining = scope.external === null ? joiningOf(scope.paths) : null;
  const place = joining?.opening ? "this machine" : "any machine";
  const isUnserved = monitor !== "same" && target !== null && !isServed(target, status);
  const admitted = [...state.workers.values()].filter((worker) => worker.state === "admitted");
  if (admitted.length === 0) {
    lines.push(`no worker has joined workspace ${scope.paths.name} yet; on ${place} run:`, `  ${join}`);
  } else if (isUnserved) {
    lines.push(`the job waits, since no worker serves ${target}; on ${place} run:`, `  ${join}`);
  }
  if (joining?.opening && (admitted.length === 0 || isUnserved)) {
    lines.push(
      "other machines cannot join: the broker listens on this machine only. To let them join, run:",
      `  ${joining.opening}`,
    );
    if (joining.tunnel && process.stderr.isTTY)
      lines.push(
        "or through a tunnel: on each of them the first line, and while that runs the second:",
        `  ${joining.tunnel.ssh}`,
        `  ${joining.tunnel.command}`,
      );
  }
  return `${lines.join("\n")}\n`;
}

/** The exit code. A search whose runs ended without a result has failed, whatever its state. */
function endOf(table: RunTable, flags: string, output: Output): number {
  const { job, ended, outcomes, trials } = table;
  if (outcomes.completed > 0 || ended === 0) {
    output.note(`${goOnLine(table, flags)}\n`);
    return exitCode.done;
  }
  const [first] = trials;
  output.note(`none of the ${ended} runs of ${job} completed; the console of the first:\n`);
  output.note(`  nexus view console ${first?.run ?? job}${flags}\n`);
  return exitCode.failure;
}

const isServed = (target: string, status: Status | undefined): boolean =>
  status?.workers.some(({ targets }) => targets.length === 0 || targets.includes(target)) ?? false;

async function watch(
  link: WorkspaceLink,
  job: RunTable["job"],
  { every, json = false }: RunOptions,
  { paths, external, flags }: Scope,
  output: Output,
  onCaughtUp: (state: WorkspaceState, table: RunTable) => void,
): Promise<number> {
  const leave = new AbortController();
  const onSignal = (): void => leave.abort();
  process.once("SIGINT", onSignal);
  const view = new PlainView(
    {
      ...processPorts(process.env),
      results: { write: output.result, isTTY: output.width !== undefined, columns: output.width },
    },
    { json, ...(every === undefined ? {} : { everyMs: every * 1000 }) },
  );
  const words = { joinLine: shownJoinLine(paths, external), flags };
  const warning = plainTextWarning(paths, external);
  if (warning !== null) output.note(`${warning}\n`);
  try {
    const table = await watchJob(link.bus, job, view, { signal: leave.signal, words, isNew: true, onCaughtUp });
    if (table.isOver) return endOf(table, flags, output);
    output.note(`${job} goes on without this view; to watch it again: nexus-coord watch ${job}${flags}\n`);
    return signalExit.SIGINT;
  } finally {
    process.off("SIGINT", onSignal);
  }
}
