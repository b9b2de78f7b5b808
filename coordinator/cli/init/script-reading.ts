import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import { join } from "node:path";
import { packageRoot } from "../../../shared/components/component-defaults.ts";
import type { Setting } from "../../../shared/domain/hyperparameter.ts";
import { UsageError } from "../../../shared/errors.ts";
import { pythons } from "../transfer/tool-python.ts";
import type { PrintedLine } from "./find-metrics.ts";
import type { FoundOption } from "./found-options.ts";
import type { TrainerReading } from "./trainer-metrics.ts";

/** What python/src/nexus_swarm/_read_script.py says of a script. */
export interface ScriptReading {
  readonly kind: "" | "argparse" | "click" | "typer" | "hf" | "tyro" | "fire" | "hydra" | "wandb";
  readonly options: readonly FoundOption[];
  readonly unknown: readonly { readonly line: number; readonly text: string; readonly why: string }[];
  readonly prints: readonly PrintedLine[];
  /** Names that it reports as JSON, or logs. */
  readonly metrics: readonly string[];
  readonly hydra: { readonly path: string | null; readonly name: string | null } | null;
  /** What Hugging Face's Trainer prints for it. */
  readonly trainer: TrainerReading | null;
  /** Files and folders beside it that it imports. */
  readonly files: readonly string[];
  readonly usesWandb: boolean;
}

/** As the reader writes an option. */
interface WrittenOption {
  readonly name: string;
  readonly type: string;
  readonly default: Setting | readonly Setting[];
  readonly choices: readonly Setting[] | null;
  readonly multiple: boolean;
  readonly required: boolean;
  readonly style: FoundOption["style"];
  readonly help: string;
}

/** It only parses; a large script takes a second. */
const mostMs = 30_000;
const mostBytes = 4_000_000;

/**
 * Reads a Python script with Python's own parser. The script is neither executed nor imported.
 *
 * @throws UsageError if there is no Python, or the script cannot be parsed
 */
export function readScript(file: string, env: NodeJS.ProcessEnv = process.env): ScriptReading {
  const reader = join(packageRoot(), "python", "src", "nexus_swarm", "_read_script.py");
  // -I: nothing beside the script, and nothing that the environment names, is imported.
  const { stdout, stderr, error, status } = executed(["-I", reader, file], env);
  if (isMissing(error))
    throw new UsageError(
      env["NEXUS_PYTHON"]
        ? `NEXUS_PYTHON=${env["NEXUS_PYTHON"]} is not a program; correct it, or unset it`
        : `${file} is read by python3, which is not in PATH\n  install Python 3, or write a first spec and change it: nexus init search.yaml`,
    );
  if (error || status !== 0)
    throw new UsageError(
      `${file} could not be read: ${error?.message ?? (stderr.trim().split("\n").at(-1) || `Python ended with ${status}`)}`,
    );
  // Our own script wrote it.
  const read = JSON.parse(stdout) as Omit<ScriptReading, "options"> & {
    readonly error?: string;
    readonly options: readonly WrittenOption[];
  };
  if (read.error !== undefined) throw new UsageError(`${file} is no Python that can be read: ${read.error}`);
  return { ...read, options: read.options.map(optionOf) };
}

/** What the first Python that there is says to these words. */
function executed(words: readonly string[], env: NodeJS.ProcessEnv): SpawnSyncReturns<string> {
  const say = (python: string): SpawnSyncReturns<string> =>
    spawnSync(python, words, { encoding: "utf8", env, timeout: mostMs, maxBuffer: mostBytes });
  const [first, ...others] = pythons(env);
  return others.reduce((said, python) => (isMissing(said.error) ? say(python) : said), say(first));
}

const isMissing = (error: NodeJS.ErrnoException | undefined): boolean => error?.code === "ENOENT";

const types = ["int", "float", "str", "bool", "boolText"] as const;

function optionOf({
  name,
  type,
  default: preset,
  choices,
  multiple,
  required,
  style,
  help,
}: WrittenOption): FoundOption {
  return {
    name,
    type: types.find((each) => each === type) ?? "other",
    preset: Array.isArray(preset) ? null : (preset as Setting), // a list is the other case
    choices,
    isList: multiple || Array.isArray(preset),
    isRequired: required,
    style,
    help: help.split("\n", 1)[0] ?? "",
  };
}
