import { existsSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { writeCode } from "../../shared/components/code-files.ts";
import type { CodeBundle } from "../../shared/domain/code-bundle.ts";
import { SpecError } from "../../shared/errors.ts";

/** Where this worker keeps the code that jobs bring along, a folder for each bundle, named by its sum. */
const codeOf = (stateDir: string): string => join(stateDir, "code");

/**
 * Writes a job's code where its runs find it, once; returns the folder. Whole or not at all: a folder of that name is complete.
 *
 * @throws BadMessage when the bundle is not what it says
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

/** What earlier processes of this worker have kept; its jobs are asked for anew. */
export const dropCode = (stateDir: string): void => rmSync(codeOf(stateDir), { recursive: true, force: true });

/** No code is here of a component that a spec names; it may come with a job. */
export class NotAComponent extends SpecError {}

/**
 * The default export of a component of the user's own: `processors/My_Proc/My_Proc.js`, or `processors/My_Proc.js`, also with
 * .mjs, below the folder of the job's code. Undefined where it has none of that name.
 *
 * @throws SpecError that names the file, where it exports no function
 */
export async function ownModule(codeFolder: string, component: string): Promise<unknown> {
  const [kind = "", name = ""] = component.split("/", 2);
  const places = [join(codeFolder, kind, name, name), join(codeFolder, kind, name)];
  const file = places.flatMap((place) => [`${place}.js`, `${place}.mjs`]).find((path) => existsSync(path));
  if (file === undefined) return undefined;
  const module = (await import(pathToFileURL(file).href)) as { default?: unknown };
  if (typeof module.default === "function") return module.default;
  throw new SpecError(
    `${file}: expected \`export default function\`, found ${module.default === undefined ? "no default export" : typeof module.default}`,
  );
}
