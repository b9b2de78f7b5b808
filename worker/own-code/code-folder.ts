import { existsSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { writeCode } from "../../shared/components/code-files.ts";
import type { CodeBundle } from "../../shared/domain/code-bundle.ts";

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
