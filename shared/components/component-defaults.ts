import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ComponentDefaults } from "../domain/runspec/component-library.ts";
import { nearestName } from "../domain/runspec/nearest-name.ts";
import type { Problem } from "../domain/runspec/problems.ts";
import type { Spec } from "../domain/runspec/spec.ts";
import { readSpec, renderProblems } from "../domain/runspec/spec-read.ts";
import { messageOf, SpecError } from "../errors.ts";
import { shellWord } from "../machine/shell-word.ts";

const componentPattern = /^([A-Za-z_][\w-]*)\/([A-Za-z_][\w-]*)$/;
/** Most bytes of a runspec. It is written by hand; anything larger is some other file. */
export const mostSpecBytes = 256 * 1024;
const expectYaml = ["expected a runspec in YAML"];

/** The folder with package.json: YAML files and fixtures lie below it, not beside compiled code. */
export function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "package.json"))) {
    const above = dirname(folder);
    if (above === folder) throw new Error(`no package.json above ${fileURLToPath(import.meta.url)}`);
    folder = above;
  }
  return folder;
}

/**
 * The defaults files on this machine.
 *
 * @param folders  the user's own folders, searched first: `<folder>/agents/My_Agent/My_Agent.yaml` or
 *                 `<folder>/agents/My_Agent.yaml` is agents/My_Agent
 */
export function componentDefaults(folders: readonly string[] = []): ComponentDefaults {
  const root = packageRoot();
  return {
    text(component) {
      const match = componentPattern.exec(component);
      const [, kind, name] = match ?? [];
      // The pattern excludes `..` and a second slash, so the file lies in a folder that is searched.
      if (kind === undefined || name === undefined) return undefined;
      const candidates = [
        ...folders.flatMap((folder) => inUserFolder(join(folder, kind), name)),
        shipped(root, kind, name),
      ];
      const file = candidates.find((candidate) => existsSync(candidate));
      return file === undefined ? undefined : readFileSync(file, "utf8");
    },
    names() {
      const names = [...folders.flatMap(namesIn), ...namesIn(join(root, "shared", "defaults"))];
      names.push(
        ...namesOf(join(root, "worker", "stages"), "processors"),
        ...namesIn(join(root, "worker", "components")),
      );
      return [...new Set(names)].filter((name) => componentPattern.test(name)).sort();
    },
  };
}

/** Paths of a component in a user's folder: its own folder, or its files; empty if the component is not there. */
export function ownComponentFiles(folder: string, component: string): string[] {
  const [, kind, name] = componentPattern.exec(component) ?? [];
  if (kind === undefined || name === undefined) return [];
  const place = join(folder, kind, name);
  if (existsSync(join(place, `${name}.yaml`))) return [place];
  const files = [".yaml", ".js", ".mjs"].map((ending) => place + ending);
  return existsSync(`${place}.yaml`) ? files.filter((file) => existsSync(file)) : [];
}

function inUserFolder(folder: string, name: string): string[] {
  return [join(folder, name, `${name}.yaml`), join(folder, `${name}.yaml`)];
}

function shipped(root: string, kind: string, name: string): string {
  if (kind === "root" || kind === "job_launchers") return join(root, "shared", "defaults", kind, `${name}.yaml`);
  if (kind === "processors") return join(root, "worker", "stages", name, `${name}.yaml`);
  return join(root, "worker", "components", kind, name, `${name}.yaml`);
}

/** The components in a folder that has folders such as `agents`. */
function namesIn(folder: string): string[] {
  return entriesOf(folder).flatMap((entry) =>
    entry.isDirectory() ? namesOf(join(folder, entry.name), entry.name) : [],
  );
}

/** The components in one such folder. */
function namesOf(folder: string, kind: string): string[] {
  return entriesOf(folder).flatMap((entry) => {
    const name = entry.isDirectory() ? entry.name : basename(entry.name, ".yaml");
    const isComponent = entry.isDirectory()
      ? existsSync(join(folder, name, `${name}.yaml`))
      : extname(entry.name) === ".yaml";
    return isComponent ? [`${kind}/${name}`] : [];
  });
}

function entriesOf(folder: string) {
  const isFolder = statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true;
  return isFolder ? readdirSync(folder, { withFileTypes: true }) : [];
}

interface LoadOptions {
  /** The user's own component folders; by default that of the spec. */
  readonly folders?: readonly string[];
  /** End of the message's last line, after the count; default: "nothing was submitted". */
  readonly tail?: string;
}

/** Reads and checks a runspec file. @throws SpecError that lists every problem */
export function loadSpecFile(
  path: string,
  commandLine: Readonly<Record<string, string>> = {},
  options: LoadOptions = {},
): { readonly spec: Spec; readonly warnings: readonly Problem[] } {
  const tail = options.tail ?? "nothing was submitted";
  const text = readText(path, tail);
  const reading = readSpec({
    file: path,
    text,
    commandLine,
    defaults: componentDefaults(options.folders ?? [dirname(path)]),
  });
  if (!reading.ok) throw new SpecError(renderProblems(reading.problems, reading.texts, tail));
  return reading;
}

function readText(path: string, tail: string): string {
  const bytes = readBytes(path, tail);
  if (path.endsWith(".py"))
    throw fileError(path, tail, "a script, not a runspec", [`to write a spec for it: nexus init ${shellWord(path)}`]);
  const zero = bytes.indexOf(0);
  if (zero >= 0) throw fileError(path, tail, `not a text file (byte ${zero} is zero)`, expectYaml);
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes);
  } catch (cause) {
    throw fileError(path, tail, "not a text file in UTF-8", expectYaml, cause);
  }
}

function readBytes(path: string, tail: string): Buffer {
  try {
    const stat = statSync(path);
    if (stat.isDirectory()) throw fileError(path, tail, "a folder, not a runspec", []);
    // A pipe or a device might never end.
    if (!stat.isFile()) throw fileError(path, tail, "not a regular file", expectYaml);
    if (stat.size > mostSpecBytes) {
      const size = `${Math.ceil(stat.size / 1024)} KiB, which is too large for a runspec`;
      throw fileError(path, tail, size, [`expected at most ${mostSpecBytes / 1024} KiB`]);
    }
    return readFileSync(path);
  } catch (cause) {
    if (cause instanceof SpecError) throw cause;
    throw unreadable(path, tail, cause);
  }
}

function unreadable(path: string, tail: string, cause: unknown): SpecError {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  if (code === "ENOENT" || code === "ENOTDIR")
    return fileError(path, tail, "there is no such file", similarFile(path), cause);
  if (code === "EACCES" || code === "EPERM") return fileError(path, tail, "you may not read this file", [], cause);
  return fileError(path, tail, `cannot be read: ${messageOf(cause)}`, [], cause);
}

/** `did you mean specs/maze_dgd.yaml?`, if the folder has a file with a similar name. */
function similarFile(path: string): string[] {
  const folder = dirname(path);
  const files = entriesOf(folder).filter((entry) => entry.isFile() && /\.ya?ml$/.test(entry.name));
  // Compared without the ending, which all share.
  const stems = new Map(files.map(({ name }) => [name.replace(/\.ya?ml$/, ""), name]));
  const stem = nearestName(basename(path).replace(/\.ya?ml$/, ""), stems.keys());
  const nearest = stem === undefined ? undefined : stems.get(stem);
  return nearest === undefined ? [] : [`did you mean ${join(folder, nearest)}?`];
}

function fileError(path: string, tail: string, found: string, hints: readonly string[], cause?: unknown): SpecError {
  const problem = { place: { file: path, line: 0, column: 0 }, message: found, hints, length: 0 };
  return new SpecError(renderProblems([problem], {}, tail), cause === undefined ? {} : { cause });
}
