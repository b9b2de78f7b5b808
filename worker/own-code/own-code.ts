import { existsSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { writeCode } from "../../shared/components/code-files.ts";
import type { CodeBundle } from "../../shared/domain/code-bundle.ts";
import { SpecError } from "../../shared/errors.ts";

/** Folder for the code that jobs bring along: one subfolder per bundle, named by its checksum. */
const codeOf = (stateDir: string): string => join(stateDir, "code");

/**
 * Writes the code of a job to its folder, once, and returns the folder. A folder of that name is always complete.
 *
 * @throws BadMessage if the bundle does not match its checksum
 */
export function unpackCode(stateDir: string, bundle: CodeBundle): string {
  const folder = join(codeOf(stateDir), bundle.sha256);
  if (existsSync(folder)) return folder;
  const part = `${folder}.part`;
  rmSync(part, { recursive: true, force: true });
  writeCode(part, bundle);
  renameSync(part, folder);
  return folder;
}

/** Deletes what earlier processes of this worker kept. */
export const dropCode = (stateDir: string): void => rmSync(codeOf(stateDir), { recursive: true, force: true });

/** This machine has no code for a component that a spec names; a job may bring it. */
export class NotAComponent extends SpecError {}

/**
 * The default export of a user's component: `processors/My_Proc/My_Proc.js` or `processors/My_Proc.js` (or .mjs) in the code of the
 * job. Undefined if there is no such file.
 *
 * @throws SpecError that names the file, if its default export is not a function
 */
export async function ownModule(codeFolder: string, component: string): Promise<unknown> {
  const [kind = "", name = ""] = component.split("/", 2);
  const places = [join(codeFolder, kind, name, name), join(codeFolder, kind, name)];
  const file = places.flatMap((place) => [`${place}.js`, `${place}.mjs`]).find((path) => existsSync(path));
  if (file === undefined) return undefined;
  const module = (await import(pathToFileURL(file).href)) as { default?: unknown };
  if (typeof module.default === "function") return module.default;
  throw new SpecError(
    `${file}: expected \`export default function\`, found ` +
      (module.default === undefined ? "no default export" : typeof module.default),
  );
}
