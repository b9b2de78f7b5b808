import { statSync } from "node:fs";
import { basename, join } from "node:path";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import { parseJobName } from "../../../shared/domain/names.ts";
import { printable } from "../../../shared/domain/printable.ts";
import { didYouMean } from "../../../shared/domain/runspec/nearest-name.ts";
import { NotFoundError } from "../../../shared/errors.ts";
import type { Bus } from "../../../shared/ports.ts";
import type { Reader } from "../../operator/session.ts";
import { readEvidence } from "../../reading/evidence-reader.ts";
import { namedJob } from "../../runs/named-job.ts";
import { childRuns, oneRun } from "../../runs/one-run.ts";
import { namesJobs, selectRuns } from "../../runs/run-list.ts";
import { DownloadTarget, type TargetOptions } from "./download-target.ts";
import { codeFiles, jobFiles } from "./job-files.ts";
import { localName } from "./local-name.ts";
import { reproSpecs } from "./repro-of.ts";
import { filesOf, type RunFile } from "./run-files.ts";

export interface DownloadOptions extends TargetOptions {
  /** Folder, or for one file its name; default: the name of what is downloaded, in the current folder. */
  readonly to?: string | undefined;
}

/** Runs whose evidence is in memory at once. */
const runsAtOnce = 50;

/** `nexus download run662.7 [file]`, `nexus download job278`: files of one run or of a whole job, verified. */
export async function download(
  reader: Reader,
  word: string,
  file: string | undefined,
  options: DownloadOptions,
): Promise<void> {
  const target = new DownloadTarget(options, reader.output);
  if (file !== undefined) {
    const { owner, files } = await filesNamed(reader, word);
    const found = namedFile(owner, files, file);
    const path = placeOf(found, options.to);
    await target.put(path, found);
    target.sayOne(path);
  } else {
    const folder = options.to ?? word.replace(/^.*\//, "").replace(/\.\*$/, "");
    await several(reader, word, folder, target);
    target.sayAll(folder);
  }
  target.failIfIncomplete();
}

/** `nexus extract job278 folder`: downloads a whole job to a named folder. */
export const extract = (reader: Reader, word: string, folder: string, options: DownloadOptions): Promise<void> =>
  download(reader, word, undefined, { ...options, to: folder });

/** The files that a job has itself, or those of one run. */
async function filesNamed(
  { bus, state, workspace, flags }: Reader,
  word: string,
): Promise<{ owner: string; files: readonly RunFile[] }> {
  if (parseJobName(word.slice(word.indexOf("/") + 1))) {
    const table = namedJob(word, state, workspace, flags);
    return { owner: table.job, files: await jobFiles(bus, table, state, workspace) };
  }
  const run = oneRun(word, state, workspace, flags);
  const [evidence] = await readEvidence(bus, [run]);
  const files = evidence ? filesOf(bus, run, evidence, reproSpecs(run.table)(run.trial)) : [];
  return { owner: run.trial.run, files: await withCode(bus, files, run.table) };
}

/** A run's files with the code that its repro_spec.yaml needs beside it. A whole job has the code once, in `code/`. */
async function withCode(bus: Bus, files: readonly RunFile[], table: RunTable): Promise<RunFile[]> {
  const own = new Set(files.map(({ path }) => path));
  return [...files, ...(await codeFiles(bus, table)).filter(({ path }) => !own.has(path))];
}

/** @throws NotFoundError with the nearest name */
export function namedFile(owner: string, files: readonly RunFile[], name: string): RunFile {
  const found = files.find(({ path }) => path === name) ?? onlyOne(files.filter(({ path }) => basename(path) === name));
  if (found) return found;
  const paths = files.map(({ path }) => path);
  const ofRuns = owner.startsWith("job") ? `\n  of one of its runs: nexus download run1.1 ${printable(name)}` : "";
  throw new NotFoundError(
    `${owner} has no file ${printable(name)}${didYouMean(name, paths)}\n  it has: ${paths.map(printable).join(", ")}${ofRuns}`,
  );
}

const onlyOne = <T>(found: readonly T[]): T | undefined => (found.length === 1 ? found[0] : undefined);

function placeOf({ path }: RunFile, to: string | undefined): string {
  const name = basename(localName(path));
  if (to === undefined) return name;
  const isFolder = to.endsWith("/") || statSync(to, { throwIfNoEntry: false })?.isDirectory();
  return isFolder ? join(to, name) : to;
}

async function several(
  { bus, state, workspace, flags }: Reader,
  word: string,
  folder: string,
  target: DownloadTarget,
): Promise<void> {
  const { tables } = selectRuns([word], state, workspace, flags);
  const isJob = namesJobs(word);
  for (const table of tables) {
    const runs = isJob
      ? [...table.trials].map((trial) => ({ table, trial }))
      : childRuns([word], state, workspace, flags).filter((run) => run.table === table);
    const jobFolder = tables.length > 1 ? table.job : "";
    if (isJob) await target.putAll(folder, jobFolder, await jobFiles(bus, table, state, workspace));
    const repro = reproSpecs(table);
    for (let from = 0; from < runs.length; from += runsAtOnce) {
      const some = runs.slice(from, from + runsAtOnce);
      const evidence = await readEvidence(bus, some);
      for (const [i, run] of some.entries()) {
        const found = evidence[i];
        if (!found) continue;
        // One run's files go into the folder itself.
        const isOnly = runs.length === 1 && !isJob;
        const runFolder = isOnly ? jobFolder : [jobFolder, run.trial.run].filter((name) => name !== "").join("/");
        const files = filesOf(bus, run, found, repro(run.trial));
        await target.putAll(folder, runFolder, isJob ? files : await withCode(bus, files, table));
        if (found.files && found.files.list.leftOut !== "") target.leftOut(run.trial.run, found.files.list.leftOut);
      }
    }
  }
}
