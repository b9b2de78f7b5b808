import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { writeCode } from "../../../shared/components/code-files.ts";
import { loadSpecFile } from "../../../shared/components/component-defaults.ts";
import type { Hyperparameter } from "../../../shared/domain/hyperparameter.ts";
import { defaultOwnSearch, type OwnSearchSettings } from "../../../shared/domain/search/own-search.ts";
import { exitCode, UsageError } from "../../../shared/errors.ts";
import type { Output } from "../../operator/output.ts";
import { checkSearch, type Finding } from "../../own-search/check/suite.ts";
import { launchIn } from "../../own-search/own-searches.ts";
import { collectCode } from "../submit/collect-code.ts";

export interface CheckSearchOptions {
  readonly seed?: number | undefined;
  /** Seconds for an answer; default: as the spec says, or 60. */
  readonly answerTime?: number | undefined;
  readonly json?: boolean | undefined;
}

interface Found {
  readonly settings: OwnSearchSettings;
  /** Folder of the files that the command names. */
  readonly codeFolder: string;
  readonly hyperparameters: readonly Hyperparameter[] | null;
  readonly where: readonly string[];
}

/**
 * Checks a search against what a coordinator relies on, and prints a line for each promise.
 *
 * @param words  a module, a spec with `hp_tuning: own`, or a program and its words
 */
export async function checkOwnSearch(
  words: readonly string[],
  { seed = 1, answerTime, json = false }: CheckSearchOptions,
  output: Output,
): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "nexus-search-"));
  try {
    const { settings, codeFolder, hyperparameters, where } = searchIn(words, folder);
    const work = join(folder, "work");
    const answerSeconds = answerTime ?? settings.answerSeconds;
    let broken = 0;
    const tell = findingText();
    const holdsAll = await checkSearch(
      { launch: () => launchIn({ codeFolder, work }, settings), hyperparameters, where, seed, answerSeconds },
      (finding) => {
        const { problem } = finding;
        if (problem !== "") broken += 1;
        if (json) output.result(`${JSON.stringify({ type: "promise", v: 1, holds: problem === "", ...finding })}\n`);
        else output.result(tell(finding));
      },
    );
    if (!json) output.result(holdsAll ? "everything holds: a spec may name it\n" : `${broken} broken\n`);
    return holdsAll ? exitCode.done : exitCode.failure;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Words each finding, in order. A problem already printed, perhaps a stack trace, is not repeated. */
export function findingText(): (finding: Finding) => string {
  const told = new Map<string, string>();
  let before = "";
  return ({ promise, problem, note }) => {
    if (problem === "") return `holds   ${promise}${note === "" ? "" : ` (${note})`}\n`;
    const first = told.get(problem);
    const text =
      first === undefined ? problem : problem === before ? "the same error" : `the same error as of "${first}"`;
    if (first === undefined) told.set(problem, promise);
    before = problem;
    return `BROKEN  ${promise}\n        ${text.replaceAll("\n", "\n        ")}\n`;
  };
}

/** A module as a spec in its folder names it. @param path  absolute */
export const moduleAt = (path: string): { readonly module: string; readonly folder: string } => ({
  module: basename(path),
  folder: dirname(path),
});

function searchIn(words: readonly string[], folder: string): Found {
  const [first = ""] = words;
  if (words.length === 1 && /\.ya?ml$/.test(first)) return inSpec(first, folder);
  const own = (settings: Partial<OwnSearchSettings>, codeFolder: string): Found => ({
    settings: { ...defaultOwnSearch, ...settings },
    codeFolder,
    hyperparameters: null,
    where: [],
  });
  if (words.length === 1 && /\.m?js$/.test(first)) {
    if (!existsSync(first))
      throw new UsageError(`${first}: there is no such file; expected a module, a spec or a program`);
    const { module, folder: codeFolder } = moduleAt(resolve(first));
    return own({ module }, codeFolder);
  }
  return own({ command: words }, process.cwd());
}

/** The search as a coordinator gets it: with the code that travels with the job, and nothing else. */
function inSpec(file: string, folder: string): Found {
  const { spec } = loadSpecFile(file, {}, { tail: "nothing was checked" });
  const { search } = spec.settings;
  if (!search) {
    throw new UsageError(
      `${file}: its job_launcher names no search; expected hp_tuning: own and search: {command: [...]} or {module: FILE}`,
    );
  }
  const codeFolder = join(folder, "code");
  const code = collectCode(spec);
  if (code) writeCode(codeFolder, code);
  return { settings: search, codeFolder, hyperparameters: spec.hyperparameters, where: spec.settings.where };
}
