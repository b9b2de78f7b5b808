import { readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import type { RunTable } from "../../shared/domain/run-table.ts";
import { nearestName } from "../../shared/domain/spec/nearest-name.ts";
import type { WorkspaceState } from "../../shared/domain/workspace-state.ts";
import { exitCode, NexusError, NotFoundError, UsageError } from "../../shared/errors.ts";
import type { Bus } from "../../shared/ports.ts";
import { pathProblem } from "../../shared/wire/artifacts.ts";
import { BadMessage } from "../../shared/wire/check.ts";
import { sha256Of } from "../../shared/wire/sealed-chunks.ts";
import { type ChosenRun, readEvidence } from "./curves.ts";
import { exportLines } from "./export.ts";
import { childRuns, oneRun } from "./one-run.ts";
import type { Output } from "./output.ts";
import { reproSpecs } from "./repro-of.ts";
import { filesOf, type RunFile } from "./run-files.ts";
import { selectRuns } from "./run-list.ts";
import { listing } from "./run-listing.ts";
import { type GlobalOptions, readWorkspaceOver, scopeOf, withLink } from "./scope.ts";
import { printable } from "./table.ts";
import { writeWhole } from "./whole-file.ts";

export interface DownloadOptions {
  /** Folder, or for one file its name; the name of what is downloaded, here, when left out. */
  readonly to?: string | undefined;
  /** Replaces files that are there with another content. */
  readonly overwrite?: boolean | undefined;
}

/** Runs whose evidence is in memory at once. */
const runsAtOnce = 50;

/** `nexus download run662.7 [file]`, `nexus download job278`: files of one run or of a whole job, verified. */
export async function download(
  globals: GlobalOptions,
  word: string,
  file: string | undefined,
  options: DownloadOptions,
  output: Output,
): Promise<void> {
  const scope = scopeOf(globals);
  const { name } = scope.paths;
  await withLink(scope, "viewer", async ({ bus }) => {
    const state = await readWorkspaceOver(bus);
    const target = new Target(options.overwrite ?? false);
    if (file !== undefined) {
      const path = await oneFile(bus, oneRun(word, state, name), file, options.to, target);
      output.note(`${path} written and verified\n`);
    } else {
      const folder = options.to ?? word.replace(/^.*\//, "").replace(/\.\*$/, "");
      await several(bus, word, state, name, folder, target);
      output.note(target.summary(folder));
    }
    target.failIfIncomplete();
  });
}

async function oneFile(
  bus: Bus,
  run: ChosenRun,
  name: string,
  to: string | undefined,
  target: Target,
): Promise<string> {
  const [evidence] = await readEvidence(bus, [run]);
  const files = evidence ? filesOf(bus, run, evidence, reproSpecs(run.table)(run.trial)) : [];
  const paths = files.map(({ path }) => path);
  const found = files.find(({ path }) => path === name) ?? onlyOne(files.filter(({ path }) => basename(path) === name));
  if (!found) {
    const nearest = nearestName(name, paths);
    const hint = nearest === undefined ? "" : `; did you mean ${nearest}?`;
    throw new NotFoundError(
      `${run.trial.run} has no file ${name}${hint}\n  it has: ${paths.map(printable).join(", ")}`,
    );
  }
  const isFolder = to !== undefined && (to.endsWith("/") || statSync(to, { throwIfNoEntry: false })?.isDirectory());
  const path = to === undefined ? basename(found.path) : isFolder ? join(to, basename(found.path)) : to;
  await target.put(path, found);
  return path;
}

const onlyOne = <T>(found: readonly T[]): T | undefined => (found.length === 1 ? found[0] : undefined);

async function several(
  bus: Bus,
  word: string,
  state: WorkspaceState,
  workspace: string,
  folder: string,
  target: Target,
): Promise<void> {
  const { tables } = selectRuns([word], state, workspace);
  const isJob = /^(\w+\/)?job/.test(word);
  for (const table of tables) {
    const runs = isJob
      ? table.trials.map((trial) => ({ table, trial }))
      : childRuns([word], state, workspace).filter((run) => run.table === table);
    const jobFolder = tables.length > 1 ? join(folder, table.job) : folder;
    if (isJob) await jobFiles(table, state, workspace, jobFolder, target);
    const repro = reproSpecs(table);
    for (let from = 0; from < runs.length; from += runsAtOnce) {
      const some = runs.slice(from, from + runsAtOnce);
      const evidence = await readEvidence(bus, some);
      for (const [i, run] of some.entries()) {
        const found = evidence[i];
        if (!found) continue;
        // One run's files lie in the folder itself.
        const runFolder = runs.length === 1 && !isJob ? jobFolder : join(jobFolder, run.trial.run);
        for (const file of filesOf(bus, run, found, repro(run.trial))) {
          await target.put(join(runFolder, ...file.path.split("/")), file);
        }
        if (found.files && found.files.list.leftOut !== "") target.leftOut(run.trial.run, found.files.list.leftOut);
      }
    }
  }
}

/** What a job has besides its runs: its spec, the defaults that came along with it, the table of its runs. */
async function jobFiles(
  table: RunTable,
  state: WorkspaceState,
  workspace: string,
  folder: string,
  target: Target,
): Promise<void> {
  const { text, sources } = table.submitted;
  const made = (path: string, content: string): Promise<void> =>
    target.put(join(folder, path), { path, sha256: undefined, content: async () => Buffer.from(content) });
  await made("spec.yaml", text);
  await made("runs.csv", [...exportLines(listing({ runs: [table.job] }, state, workspace), "csv")].join(""));
  for (const [component, defaults] of Object.entries(sources)) {
    const path = `components/${component}.yaml`;
    if (pathProblem(path) === undefined) await made(path, defaults);
  }
}

/** Where files go, and how that went. */
class Target {
  readonly #overwrite: boolean;
  #written = 0;
  #there = 0;
  #bytes = 0;
  readonly #different: string[] = [];
  readonly #damaged: string[] = [];
  readonly #leftOut: string[] = [];

  constructor(overwrite: boolean) {
    this.#overwrite = overwrite;
  }

  /** Writes a file, unless it is there already. */
  async put(path: string, file: RunFile): Promise<void> {
    const before = contentOf(path);
    if (before && file.sha256 === sha256Of(before)) {
      this.#there += 1;
      return;
    }
    let content: Uint8Array;
    try {
      content = await file.content();
    } catch (error) {
      if (!(error instanceof BadMessage)) throw error;
      this.#damaged.push(`${path}: ${error.message}`);
      return;
    }
    if (before?.equals(content)) {
      this.#there += 1;
    } else if (before && !this.#overwrite) {
      this.#different.push(path);
    } else {
      writeWhole(path, [content], path);
      this.#written += 1;
      this.#bytes += content.length;
    }
  }

  leftOut(run: string, why: string): void {
    this.#leftOut.push(`${run}: ${printable(why)}`);
  }

  summary(folder: string): string {
    const size =
      this.#bytes < 2 ** 20 ? `${(this.#bytes / 1024).toFixed(1)} kB` : `${(this.#bytes / 2 ** 20).toFixed(1)} MB`;
    const there = this.#there === 0 ? "" : `, ${this.#there} were there already`;
    const lines = [`${this.#written} files (${size}) written to ${folder} and verified${there}`];
    if (this.#leftOut.length > 0) lines.push("never uploaded by the run:", ...this.#leftOut.map((each) => `  ${each}`));
    return `${lines.join("\n")}\n`;
  }

  /** @throws when something is not as it should be; what could be written is there */
  failIfIncomplete(): void {
    if (this.#damaged.length > 0) {
      throw new NexusError(
        "DAMAGED",
        exitCode.failure,
        `not stored as uploaded (${this.#damaged.length}):\n  ${this.#damaged.join("\n  ")}\n  all other files were written`,
      );
    }
    const [first, ...more] = this.#different;
    if (first === undefined) return;
    const others = more.length === 0 ? "" : ` and ${more.length} more`;
    throw new UsageError(
      `${first}${others} is there with another content, and was left as it is\n  to replace it: --overwrite`,
    );
  }
}

function contentOf(path: string): Buffer | undefined {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ? readFileSync(path) : undefined;
}
