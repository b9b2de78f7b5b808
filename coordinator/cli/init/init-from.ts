import { existsSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { UsageError } from "../../../shared/errors.ts";
import { shellWord } from "../../../shared/machine/shell-word.ts";
import type { Output } from "../../operator/output.ts";
import { treatmentOf } from "./dials.ts";
import { findMetrics } from "./find-metrics.ts";
import { yamlFile } from "./foreign-values.ts";
import type { FoundMetrics, FoundOption, FoundOptions } from "./found-options.ts";
import { readHydra } from "./hydra-config.ts";
import { notWritten } from "./init.ts";
import { readScript, type ScriptReading } from "./script-reading.ts";
import { dialName, specText } from "./spec-text.ts";
import { isSweep, readSweep } from "./sweep.ts";
import { trainerMetrics } from "./trainer-metrics.ts";

/** Whether `nexus init FILE` names an existing file: a script, or a sweep. */
export const isToBeRead = (file: string): boolean =>
  /\.py$/.test(file) || (/\.ya?ml$/.test(file) && existsSync(file) && isSweepFile(file));

/** A file that is not YAML is not a sweep. */
function isSweepFile(file: string): boolean {
  try {
    return isSweep(yamlFile(file));
  } catch (error) {
    if (error instanceof UsageError) return false;
    throw error;
  }
}

/**
 * Writes a spec for a training script or a sweep. Nothing in them is executed, and no existing file is touched.
 *
 * @throws UsageError that says what cannot be read or written
 */
export function initFrom(source: string, wanted: string | undefined, output: Output): void {
  if (!existsSync(source) || !statSync(source).isFile())
    throw new UsageError(
      `${source}: there is no such file; expected a training script (train.py) or a sweep (sweep.yaml)`,
    );
  const folder = dirname(source);
  const target = wanted ?? join(folder, "search.yaml");
  const found = source.endsWith(".py") ? ofScript(source) : ofSweep(source);
  const placed = placedBeside(found, folder, target);
  const { options, remarks } = unambiguous(placed);
  const treated = options.map((option) => ({ option, treatment: treatmentOf(option) }));
  const text = specText({ ...placed, remarks }, treated, shellWord(target));
  try {
    writeFileSync(target, text, { flag: "wx" });
  } catch (cause) {
    throw notWritten(target, `nexus init ${shellWord(source)}`, cause);
  }
  const dials = treated.filter(({ treatment }) => treatment.kind === "dial").map(({ option }) => option.name);
  const metric = placed.metrics.names[0];
  output.note(
    `${target} written: ${dials.length === 0 ? "no dial was found" : `dials ${dials.join(", ")}`}; ` +
      `${metric === undefined ? "no metric was found" : `${placed.metrics.goal} ${metric}`}. ` +
      `Read it, change it, and try one run:\n  nexus check ${shellWord(target)}\n`,
  );
  for (const remark of remarks) output.note(`note: ${remark}\n`);
}

const wandbNote = ({ usesWandb }: ScriptReading): string[] =>
  usesWandb
    ? ["it logs to W&B: with `import nexus_swarm.wandb as wandb` a search gives it its config and sees what it logs"]
    : [];

/** Metrics that the script itself prints or reports win over those that the Trainer prints for it. */
function metricsOf(read: ScriptReading): FoundMetrics & { readonly remarks: readonly string[] } {
  const own = findMetrics(read.prints, read.metrics);
  return own.names.length > 0 || !read.trainer ? { ...own, remarks: [] } : trainerMetrics(read.trainer);
}

/** Libraries whose switches are --x and --no-x. */
const clickLike: ReadonlySet<ScriptReading["kind"]> = new Set(["click", "typer", "tyro"]);

function ofScript(source: string): FoundOptions {
  const read = readScript(source);
  const remarks = read.unknown.map(({ line, text, why }) => `line ${line}: ${text}: ${why}`);
  const { remarks: ofTrainer, ...metrics } = metricsOf(read);
  remarks.push(...ofTrainer);
  const script = basename(source);
  if (read.kind === "hydra" && read.hydra) {
    const hydra = readHydra(dirname(source), read.hydra);
    const files = [...read.files, ...hydra.files.filter((file) => !read.files.includes(file))];
    return { script, style: "hydra", options: hydra.options, files, metrics, remarks: [...hydra.remarks, ...remarks] };
  }
  if (read.kind === "wandb")
    return {
      script,
      style: null,
      options: read.options,
      files: read.files,
      metrics,
      remarks: [...wandbNote(read), ...remarks],
    };
  if (read.options.length === 0)
    remarks.unshift(
      "no option of argparse, click, typer, HfArgumentParser, tyro, fire or Hydra was found; a run also gets each argument as NEXUS_name and in parameters.json",
    );
  remarks.push(...wandbNote(read));
  const [hasFlags, hasPairs] = (["flag", "pair"] as const).map((kind) =>
    read.options.some(({ style }) => style === kind),
  );
  const isClick = clickLike.has(read.kind);
  const style = read.options.length === 0 ? null : hasFlags || !(hasPairs || isClick) ? "argparse" : "click";
  // A switch that is on by default needs its --no-x, which only click's style writes.
  const options = read.options.filter((option) => style !== "argparse" || option.style !== "pair");
  for (const { name } of read.options.filter((option) => !options.includes(option)))
    remarks.push(
      `${name} was left out: beside switches without a --no- form, as_options cannot write its --no-${name}`,
    );
  return { script, style, options, files: read.files, metrics, remarks };
}

function ofSweep(source: string): FoundOptions {
  const sweep = readSweep(yamlFile(source) as Parameters<typeof readSweep>[0]); // isToBeRead
  const remarks = [...sweep.remarks];
  const script = join(dirname(source), sweep.script);
  if (!script.endsWith(".py") || !existsSync(script)) {
    remarks.push(`its program ${sweep.script} was not found beside it`);
    return { ...sweep, files: [], remarks };
  }
  const read = readScript(script);
  const named = sweep.metrics.names;
  const own = findMetrics(read.prints, read.metrics);
  const isPrinted = own.pattern === null || named.length === 0 || own.pattern.includes(`(?<${named[0]}>`);
  const metrics = named.length === 0 ? own : { ...sweep.metrics, pattern: isPrinted ? own.pattern : null };
  remarks.push(...wandbNote(read));
  const style =
    sweep.style ??
    (["argparse", "hf", "fire"].includes(read.kind)
      ? "argparse"
      : read.kind === "hydra"
        ? "hydra"
        : clickLike.has(read.kind)
          ? "click"
          : null);
  const files = read.files.map((file) => join(dirname(sweep.script), file));
  return { ...sweep, style, files, metrics: onlyNamed(metrics), remarks };
}

/** A pattern may name only metrics that the spec lists. */
function onlyNamed(metrics: FoundOptions["metrics"]): FoundOptions["metrics"] {
  if (metrics.pattern === null) return metrics;
  const groups = [...metrics.pattern.matchAll(/\(\?<(\w+)>/g)].flatMap(([, group = ""]) =>
    group === "iters" ? [] : [group],
  );
  return { ...metrics, names: [...new Set([...metrics.names, ...groups])] };
}

/**
 * Makes paths relative to the spec, which may lie above the script. Leaves out files outside of its folder, and says so.
 *
 * @throws UsageError if the spec lies elsewhere
 */
function placedBeside(found: FoundOptions, folder: string, target: string): FoundOptions {
  const path = relative(resolve(dirname(target)), resolve(folder));
  if (path.startsWith("..") || isAbsolute(path))
    throw new UsageError(
      `${target} is not in the folder of ${found.script}, nor above it; code travels only from beside or below its spec`,
    );
  const placed = (name: string): string => join(path, name).split(sep).join("/");
  const files = found.files.map(placed);
  const isOutside = (name: string): boolean => name === ".." || name.startsWith("../");
  const remarks = files
    .filter(isOutside)
    .map((name) => `${name} does not travel, since it is outside of the spec's folder: write the spec above it`);
  return {
    ...found,
    script: placed(found.script),
    files: files.filter((name) => !isOutside(name)),
    remarks: [...found.remarks, ...remarks],
  };
}

/** Leaves out names that a spec cannot have, and says so. Of options with the same hyperparameter name, keeps the first. */
function unambiguous({ options, remarks }: FoundOptions): Pick<FoundOptions, "options" | "remarks"> {
  const kept = new Map<string, FoundOption>();
  const leftOut: string[] = [];
  for (const option of options) {
    const { name } = option;
    const key = dialName(name);
    const first = kept.get(key);
    if (!/^[A-Za-z_][\w.-]{0,59}$/.test(name)) leftOut.push(`${name} was left out: such a name cannot be an argument`);
    else if (first === undefined) kept.set(key, option);
    else if (first.name !== name)
      leftOut.push(`${name} was left out: ${first.name} has the same name as a hyperparameter, ${key}`);
  }
  return { options: [...kept.values()], remarks: [...remarks, ...leftOut] };
}
