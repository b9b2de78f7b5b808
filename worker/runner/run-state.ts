import { lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Summary } from "../../shared/domain/run.ts";
import { pathProblem } from "../../shared/wire/artifacts.ts";
import * as check from "../../shared/wire/check.ts";
import { decode, encode } from "../../shared/wire/codec.ts";

/** Everything that a run needs in order to go on elsewhere. */
export interface SavedRun {
  /** The stage that was at work, from 1, and its iterations. */
  readonly stage: number;
  readonly iters: number;
  /** Hours of training in the run so far, over all attempts. */
  readonly hours: number;
  /** Of this stage's first metric so far. */
  readonly summary: Summary;
  /** Last values by column, of all stages so far. */
  readonly metrics: Readonly<Record<string, number>>;
  /** What the stage handed over. */
  readonly state: Uint8Array;
}

/** The files in a run's folder, by their path within it: a later stage may read what an earlier one wrote. */
export type SavedFiles = Readonly<Record<string, Uint8Array>>;

const stateVersion = 1;
/** Of all files together: a run with more goes on without them, which is said. */
const mostFileBytes = 32 * 1024 ** 2;
/** Written anew by every attempt. */
const notSaved: ReadonlySet<string> = new Set(["console.txt", "repro_spec.yaml"]);

const savedShape = check.shape({
  v: check.whole(),
  stage: check.whole(1),
  iters: check.whole(),
  hours: check.number,
  summary: check.shape({ value: check.number, count: check.number }),
  metrics: check.record(check.number),
  state: check.bytes,
  files: check.record(check.bytes),
});

export const encodeRun = (run: SavedRun, files: SavedFiles): Uint8Array => encode({ v: stateVersion, ...run, files });

/** Another worker made it: it is checked like everything from outside. */
export function decodeRun(bytes: Uint8Array): { readonly run: SavedRun; readonly files: SavedFiles } {
  const { v, files, ...run } = savedShape(decode(bytes), "checkpoint");
  if (v !== stateVersion) {
    throw new check.BadMessage(
      `checkpoint version ${v}; this program reads version ${stateVersion}: update the older side`,
    );
  }
  for (const path of Object.keys(files)) {
    const problem = pathProblem(path);
    if (problem !== undefined) throw new check.BadMessage(`checkpoint.files: ${JSON.stringify(path)}: ${problem}`);
  }
  return { run, files };
}

/** Reads what lies in the run's folder; null when that is too much to travel. */
export function readFiles(directory: string): SavedFiles | null {
  const files: Record<string, Uint8Array> = {};
  let bytes = 0;
  const walk = (folder: string): void => {
    for (const name of namesIn(join(directory, folder))) {
      const path = folder === "" ? name : `${folder}/${name}`;
      const stat = lstatSync(join(directory, path), { throwIfNoEntry: false });
      if (!stat || notSaved.has(path) || pathProblem(path) !== undefined) continue;
      if (stat.isDirectory()) walk(path);
      else if (stat.isFile() && bytes <= mostFileBytes) {
        bytes += stat.size;
        if (bytes <= mostFileBytes) files[path] = readFileSync(join(directory, path));
      }
    }
  };
  walk("");
  return bytes <= mostFileBytes ? files : null;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    // A run that has written nothing has no folder.
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}

export function writeFiles(directory: string, files: SavedFiles): void {
  for (const [path, bytes] of Object.entries(files)) {
    const file = join(directory, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, bytes);
  }
}
