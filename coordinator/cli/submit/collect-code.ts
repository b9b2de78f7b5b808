import { chmodSync, constants, copyFileSync, mkdirSync, statSync } from "node:fs";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { makeModules } from "../../../shared/components/code-files.ts";
import { ownComponentFiles } from "../../../shared/components/component-defaults.ts";
import type { CodeBundle, CodeFile } from "../../../shared/domain/code-bundle.ts";
import { counted } from "../../../shared/domain/counted.ts";
import { printable } from "../../../shared/domain/printable.ts";
import type { Spec } from "../../../shared/domain/runspec/spec.ts";
import { usedComponents } from "../../../shared/domain/runspec/spec-read.ts";
import { sizeText } from "../../../shared/domain/size-text.ts";
import { UsageError } from "../../../shared/errors.ts";
import { linkInside, readInside } from "../../../shared/machine/inside.ts";
import { mostPiecedBytes, mostPiecedFiles } from "../../../shared/wire/bundles/pieced-bundle.ts";
import { mostCodeFiles, mostZippedBytes, packCode } from "../../../shared/wire/code-bundle.ts";
import { FoundFiles } from "./found-files.ts";

/** Code larger than this goes in pieces, without zipping it to see whether it fits the job's record. */
const mostPackedBytes = 16e6;

/**
 * The code that travels with a job of this spec: the folders of its own components, and what its job_launcher lists under `code`
 * and names under `search`, all relative to the spec. Nothing of it has been read. Undefined if there is none.
 *
 * @throws UsageError that says which entry is wrong, or what is too large and what to leave out
 */
export function findCode(spec: Spec): FoundFiles | undefined {
  const folder = resolve(dirname(spec.file));
  const found = new FoundFiles(folder, { ignore: spec.settings.ignore, obeysGit: true });
  for (const component of Object.keys(usedComponents(spec))) {
    for (const path of ownComponentFiles(folder, component)) {
      const link = linkInside(folder, nameOf(folder, path));
      if (link !== undefined) throw new UsageError(`${spec.file}: ${component}: ${linkProblem(link)}`);
      found.add(path);
    }
  }
  for (const entry of spec.settings.code) addEntry(found, spec, "code", entry);
  for (const path of searchFiles(spec, folder)) found.add(path);
  if (found.count === 0) return undefined;
  checkSize(found, spec.file, "code", "inputs");
  return found;
}

/** The data that travels with a job (`inputs`). .gitignore files usually name data, so they do not count here. */
export function findInputs(spec: Spec): FoundFiles | undefined {
  const { inputs, ignore } = spec.settings;
  if (inputs.length === 0) return undefined;
  const found = new FoundFiles(resolve(dirname(spec.file)), { ignore, obeysGit: false });
  for (const entry of inputs) addEntry(found, spec, "inputs", entry);
  if (found.count === 0)
    throw new UsageError(`${spec.file}: inputs: there is no file in ${inputs.map(printable).join(", ")}`);
  checkSize(found, spec.file, "inputs", "");
  return found;
}

function addEntry(found: FoundFiles, { file }: Spec, setting: "code" | "inputs", entry: string): void {
  const path = resolve(found.folder, entry);
  const problem = entryProblem(found.folder, path);
  if (problem !== undefined)
    throw new UsageError(
      `${file}: ${setting}: "${entry}": ${problem}\n  expected a file or folder, relative to the folder of the spec`,
    );
  found.add(path);
}

/** @throws UsageError if it is more than may travel. @param elsewhere  the setting that may take a part; "": none */
function checkSize(found: FoundFiles, file: string, setting: "code" | "inputs", elsewhere: string): void {
  const { count, bytes } = found;
  if (count <= mostPiecedFiles && bytes <= mostPiecedBytes) return;
  const largest = found.largest();
  const named = largest.map(({ name, text }) => `${name} (${text})`).join(", ");
  const [first] = largest;
  throw new UsageError(
    `${file}: ${setting}: ${sizeText(bytes)} in ${counted(count, "file")}; nothing was read\n` +
      `  expected at most ${sizeText(mostPiecedBytes)} in ${mostPiecedFiles} files; the largest: ${named}\n` +
      `  leave out what the runs do not need, in job_launcher:  ignore: [${first?.name ?? "data/"}]` +
      (elsewhere === ""
        ? ""
        : `\n  or list data that they read under \`${elsewhere}\`, or put it where the workers can read it`),
  );
}

/** The code as it stands in the job's record, zipped; undefined if it is too large for that. */
export function packFound(found: FoundFiles): CodeBundle | undefined {
  if (found.count > mostCodeFiles || found.bytes > mostPackedBytes) return undefined;
  const files = found.files.map(({ path }): CodeFile => ({ path, ...readInside(found.folder, path) }));
  const bundle = packCode(files);
  return bundle.zipped.length <= mostZippedBytes ? bundle : undefined;
}

/**
 * Finds and zips the code for a reader that needs it as a whole: a search that runs beside the coordinator.
 *
 * @throws UsageError if it is too large to stand in the job's record
 */
export function collectCode(spec: Spec): CodeBundle | undefined {
  const found = findCode(spec);
  if (!found) return undefined;
  const bundle = packFound(found);
  if (bundle) return bundle;
  const named = found.largest().map(({ name, text }) => `${name} (${text})`);
  throw new UsageError(
    `${spec.file}: its ${counted(found.count, "code file")} take${found.count === 1 ? "s" : ""} ${sizeText(found.bytes)}; the largest: ${named.join(", ")}\n` +
      `  expected at most ${mostCodeFiles} files, zipped at most ${sizeText(mostZippedBytes)}: list fewer under \`code\`, and put data where the workers can read it`,
  );
}

/** Copies the code to another folder, as `writeCode` writes it. */
export function copyCode({ folder, files }: FoundFiles, to: string): void {
  for (const { path, isExecutable } of files) {
    mkdirSync(dirname(join(to, path)), { recursive: true });
    copyFileSync(join(folder, path), join(to, path), constants.COPYFILE_FICLONE);
    chmodSync(join(to, path), isExecutable ? 0o700 : 0o600);
  }
  makeModules(to, files);
}

/** What the setting `search` names beside the spec: its module, and words of its command that are files there. */
function searchFiles({ file, settings: { search } }: Spec, folder: string): string[] {
  if (search === null) return [];
  if (search.module !== null) {
    const path = resolve(folder, search.module);
    const problem = entryProblem(folder, path);
    if (problem !== undefined) throw new UsageError(`${file}: search: module "${search.module}": ${problem}`);
    return [path];
  }
  return (search.command ?? []).flatMap((word) => {
    const path = resolve(folder, word);
    const isFile = word !== "" && !word.startsWith("-") && statSync(path, { throwIfNoEntry: false })?.isFile() === true;
    return isFile && entryProblem(folder, path) === undefined ? [path] : [];
  });
}

function entryProblem(folder: string, path: string): string | undefined {
  const below = relative(folder, path);
  // Absolute: on another drive of Windows.
  if (below === ".." || below.startsWith(`..${sep}`) || isAbsolute(below))
    return "it is outside the folder of the spec";
  const link = path === folder ? undefined : linkInside(folder, nameOf(folder, path));
  if (link !== undefined) return linkProblem(link);
  return statSync(path, { throwIfNoEntry: false }) ? undefined : "there is no such file or folder beside the spec";
}

const nameOf = (folder: string, path: string): string => relative(folder, path).split(sep).join("/");

const linkProblem = (link: string): string =>
  `"${printable(link)}" is a link, which could lead anywhere; put the files themselves beside the spec`;
