import { join } from "node:path";
import { UsageError } from "../../shared/errors.ts";
import { readIfThere, writeSecretFile } from "../../shared/machine/secret-file.ts";
import type { WorkspacePaths } from "../../shared/machine/workspace.ts";

/** Where the package is served: `auto` is the port after the broker's, or another one that is free. */
export type PackageChoice = "auto" | "none" | number;

const fileOf = (paths: WorkspacePaths): string => join(paths.dir, "package-port");

/** What was typed at this start, or else remembered from an earlier one, or else auto. @throws UsageError */
export function packageChoice(paths: WorkspacePaths, typed: string | undefined): PackageChoice {
  if (typed === undefined) return read(readIfThere(fileOf(paths))?.trim() ?? "auto") ?? "auto";
  const choice = read(typed);
  if (choice === undefined)
    throw new UsageError(
      `--package ${typed}: expected a port from 1 to 65535, auto (the one after the broker's) or none`,
    );
  return choice;
}

/** Writes nothing if that is remembered already: on a full disk the start goes on, and can say what is wrong. */
export function rememberPackage(paths: WorkspacePaths, choice: PackageChoice): void {
  if (choice !== packageChoice(paths, undefined)) writeSecretFile(fileOf(paths), `${choice}\n`);
}

function read(text: string): PackageChoice | undefined {
  if (text === "auto" || text === "none") return text;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : undefined;
}
