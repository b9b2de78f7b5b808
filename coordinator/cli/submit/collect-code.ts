import { lstatSync, readdirSync, statSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { ownComponentFiles } from "../../../shared/components/component-defaults.ts";
import type { CodeBundle, CodeFile } from "../../../shared/domain/code-bundle.ts";
import { printable } from "../../../shared/domain/printable.ts";
import type { Spec } from "../../../shared/domain/runspec/spec.ts";
import { usedComponents } from "../../../shared/domain/runspec/spec-read.ts";
import { sizeText } from "../../../shared/domain/size-text.ts";
import { UsageError } from "../../../shared/errors.ts";
import { linkInside, readInside } from "../../../shared/machine/inside.ts";
import { pathProblem } from "../../../shared/wire/artifacts.ts";
import { mostCodeFiles, mostZippedBytes, packCode } from "../../../shared/wire/code-bundle.ts";

/** Folders and files that are never code. */
const passedOver = (name: string): boolean =>
  name.startsWith(".") || name === "node_modules" || name === "__pycache__" || name.endsWith(".pyc");

/**
 * The code that travels with a job of this spec: the folders of its own components, and what its job_launcher lists under `code`,
 * both relative to the spec. Undefined if there is none.
 *
 * @throws UsageError that says which entry is wrong, or what is too large
 */
export function collectCode(spec: Spec): CodeBundle | undefined {
  const folder = resolve(dirname(spec.file));
  const found = new Map<string, string>();
  for (const component of Object.keys(usedComponents(spec))) {
    for (const path of ownComponentFiles(folder, component)) {
      const link = linkInside(folder, nameOf(folder, path));
      if (link !== undefined) throw new UsageError(`${spec.file}: ${component}: ${linkProblem(link)}`);
      add(found, folder, path);
    }
  }
  for (const entry of spec.settings.code) {
    const path = resolve(folder, entry);
    const problem = entryProblem(folder, path);
    if (problem !== undefined)
      throw new UsageError(
        `${spec.file}: code: "${entry}": ${problem}\n  expected a file or folder, relative to the folder of the spec`,
      );
    add(found, folder, path);
  }
  if (found.size === 0) return undefined;
  const limit = `at most ${mostCodeFiles} files, zipped at most ${sizeText(mostZippedBytes)}`;
  const hint = `expected ${limit}: list fewer under \`code\`, and put data where the workers can read it`;
  if (found.size > mostCodeFiles) throw new UsageError(`${spec.file}: ${found.size} code files\n  ${hint}`);
  const bundle = packCode([...found.keys()].map((path): CodeFile => ({ path, ...readInside(folder, path) })));
  if (bundle.zipped.length <= mostZippedBytes) return bundle;
  const largest = [...found]
    .map(([path, file]) => ({ path, size: statSync(file).size }))
    .sort((a, b) => b.size - a.size);
  const named = largest.slice(0, 3).map(({ path, size }) => `${path} (${sizeText(size)})`);
  throw new UsageError(
    `${spec.file}: its ${found.size} code files take ${sizeText(bundle.zipped.length)} zipped; the largest: ${named.join(", ")}\n  ${hint}`,
  );
}

function entryProblem(folder: string, path: string): string | undefined {
  if (path !== folder && !path.startsWith(folder + sep)) return "it is outside the folder of the spec";
  const link = path === folder ? undefined : linkInside(folder, nameOf(folder, path));
  if (link !== undefined) return linkProblem(link);
  return statSync(path, { throwIfNoEntry: false }) ? undefined : "there is no such file or folder beside the spec";
}

const nameOf = (folder: string, path: string): string => relative(folder, path).split(sep).join("/");

const linkProblem = (link: string): string =>
  `"${printable(link)}" is a link, which could lead anywhere; put the files themselves beside the spec`;

/** Adds a file, or all files below a folder. Links are skipped, since they may lead anywhere. */
function add(found: Map<string, string>, folder: string, path: string): void {
  const stat = lstatSync(path);
  if (stat.isDirectory()) {
    for (const name of readdirSync(path).sort()) if (!passedOver(name)) add(found, folder, join(path, name));
  } else if (stat.isFile()) {
    const name = nameOf(folder, path);
    const problem = pathProblem(name);
    if (problem !== undefined) throw new UsageError(`${path} cannot be shipped: its name has ${problem}`);
    found.set(name, path);
  }
}
