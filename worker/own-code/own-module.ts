import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { SpecError } from "../../shared/errors.ts";

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
