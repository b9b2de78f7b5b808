import type { CodeBundle } from "../domain/code-bundle.ts";
import { writeInside } from "../machine/inside.ts";
import { codeFilesIn } from "../wire/code-bundle.ts";

/**
 * Writes the files of a bundle below a folder.
 *
 * @throws BadMessage if the bundle is damaged; then nothing is written
 */
export function writeCode(folder: string, bundle: CodeBundle): void {
  const files = codeFilesIn(bundle);
  for (const { path, isExecutable, bytes } of files) {
    writeInside(folder, path, bytes, isExecutable ? 0o700 : 0o600);
  }
  makeModules(folder, files);
}

/** Marks .js files as ES modules, as components are; Node might see CommonJS. @param files  those in the folder */
export function makeModules(folder: string, files: readonly { readonly path: string }[]): void {
  const isSilent = !files.some(({ path }) => path === "package.json");
  if (isSilent && files.some(({ path }) => path.endsWith(".js")))
    writeInside(folder, "package.json", '{"type":"module"}\n');
}
