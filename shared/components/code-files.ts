import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { CodeBundle } from "../domain/code-bundle.ts";
import { codeFilesIn } from "../wire/code-bundle.ts";

/**
 * Writes the files of a bundle below a folder.
 *
 * @throws BadMessage if the bundle is damaged; nothing is written then
 */
export function writeCode(folder: string, bundle: CodeBundle): void {
  const files = codeFilesIn(bundle);
  for (const { path, isExecutable, bytes } of files) {
    const file = join(folder, ...path.split("/"));
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(file, bytes, { mode: isExecutable ? 0o700 : 0o600 });
  }
  // Components are ES modules; without this, node would take a .js file for CommonJS.
  const isSilent = !files.some(({ path }) => path === "package.json");
  if (isSilent && files.some(({ path }) => path.endsWith(".js")))
    writeFileSync(join(folder, "package.json"), '{"type":"module"}\n', { mode: 0o600 });
}
