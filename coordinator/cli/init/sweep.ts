import type { Range, Setting } from "../../../shared/domain/hyperparameter.ts";
import { isMapping, isSetting, type Mapping, typeOf } from "./foreign-values.ts";
import type { FoundOption, FoundOptions } from "./found-options.ts";

/** Whether this is a sweep as W&B writes it. */
export const isSweep = (value: unknown): value is Mapping => isMapping(value) && isMapping(value["parameters"]);

/** The parts of a spec that a W&B sweep gives; the script may add files and metrics. */
export function readSweep(
  sweep: Mapping,
): Omit<FoundOptions, "files" | "style"> & { readonly style: "argparse" | "hydra" | null } {
  const remarks: string[] = [];
  const options: FoundOption[] = [];
  parameters(sweep["parameters"] as Mapping, "", options, remarks); // checked by isSweep
  const { method, metric, program, command, run_cap: cap } = sweep;
  const methods = { grid: "grid", random: "random" } as const;
  const known = method === "grid" || method === "random" ? methods[method] : "dgd";
  if (method === "bayes") remarks.push("method: bayes became hp_tuning: dgd, which models all results too");
  const ranges = options.filter(({ range }) => range !== undefined).map((option) => option.name);
  if (method === "grid" && ranges.length > 0)
    remarks.push(`a grid tries about ten marks of a range; to try others, list the values of ${ranges.join(", ")}`);
  if (isMapping(sweep["early_terminate"]))
    remarks.push("early_terminate was left out: see `pruning` in docs/runspec.md, such as pruning: asha");
  const { name, goal } = isMapping(metric) ? metric : {};
  if (typeof name === "string" && goal !== "minimize" && goal !== "maximize")
    remarks.push(`its metric ${name} has no goal, which W&B takes for minimize`);
  // As report() of nexus_swarm writes it: val/loss becomes val_loss.
  const reported = typeof name === "string" ? name.replace(/[^\p{L}\p{N}_.-]/gu, "_") : "";
  const isNamed = /^[A-Za-z_][\w.-]*$/.test(reported);
  if (typeof name === "string" && !isNamed)
    remarks.push(
      `its metric ${name} cannot be one of ours: letters, digits, dots and dashes; report it under another name`,
    );
  const words = Array.isArray(command) ? command.map(String) : [];
  const style = words.some((word) => /args_no_hyphens/.test(word))
    ? "hydra"
    : words.some((word) => /args_no_boolean_flags/.test(word))
      ? "argparse"
      : null;
  const others = words.filter((word) => !word.startsWith("${") && !/^python3?$/.test(word));
  if (others.length > 0) remarks.push(`words of its command that you may want in \`command\`: ${others.join(" ")}`);
  return {
    script: typeof program === "string" ? program : "train.py",
    style,
    options,
    metrics: {
      names: isNamed ? [reported] : [],
      goal: goal === "minimize" || (goal !== "maximize" && typeof name === "string") ? "minimize" : "maximize",
      pattern: null,
    },
    remarks,
    search: { method: known, totalRuns: typeof cap === "number" && Number.isInteger(cap) && cap > 0 ? cap : null },
  };
}

function parameters(node: Mapping, prefix: string, options: FoundOption[], remarks: string[]): void {
  for (const [key, value] of Object.entries(node)) {
    const name = prefix + key;
    if (!/^[A-Za-z_][\w.-]*$/.test(name)) {
      remarks.push(`${name} was left out: such a name cannot be an argument`);
      continue;
    }
    if (isMapping(value) && isMapping(value["parameters"])) {
      parameters(value["parameters"], `${name}.`, options, remarks);
      continue;
    }
    const option = isMapping(value) ? parameter(name, value, remarks) : undefined;
    if (option) options.push(option);
    else remarks.push(`${name} was left out: ${JSON.stringify(value)} is not understood here; write its dial by hand`);
  }
}

function parameter(name: string, given: Mapping, remarks: string[]): FoundOption | undefined {
  const base = { name, isList: false, isRequired: false, style: "value", help: "", choices: null } as const;
  const { value, values, distribution } = given;
  if (value !== undefined && isSetting(value)) return { ...base, type: typeOf(value), preset: value, isConstant: true };
  if (Array.isArray(values)) {
    const plain = values.filter(isSetting);
    if (plain.length !== values.length || plain.length === 0) return undefined;
    const first: Setting = plain[0] ?? null;
    return { ...base, type: typeOf(first), preset: first, choices: plain, isSearched: true };
  }
  const word = typeof distribution === "string" ? distribution : null;
  const range = rangeOf(given, word);
  if (!range) return undefined;
  if (word?.startsWith("q_")) {
    const found = quantised(name, range, given["q"] ?? 1, remarks);
    return found && { ...base, ...found, preset: null };
  }
  return { ...base, type: range.scale === "integer" ? "int" : "float", preset: null, range };
}

/** The most multiples that are listed; more become the range around them. */
const mostListed = 64;

/** The multiples of q that lie in a range: whole numbers if q is 1, otherwise a list. */
function quantised(
  name: string,
  { from, to, scale }: Range,
  q: unknown,
  remarks: string[],
): (Pick<FoundOption, "type" | "choices"> & { readonly range?: Range }) | undefined {
  if (typeof q !== "number" || !(q > 0)) return undefined;
  const [first, last] = [Math.ceil(from / q - 1e-9), Math.floor(to / q + 1e-9)];
  if (!(first < last)) return undefined;
  const multiple = (n: number): number => Number((n * q).toPrecision(12));
  const isWhole = Number.isInteger(q);
  const type = isWhole ? "int" : "float";
  if (q !== 1 && last - first < mostListed)
    return { type, choices: Array.from({ length: last - first + 1 }, (_, i) => multiple(first + i)) };
  if (q !== 1) remarks.push(`${name} may have any value of its range: its multiples of ${q} are too many to list`);
  const whole = scale === "log" ? "log_integer" : "integer";
  return { type, choices: null, range: { from: multiple(first), to: multiple(last), scale: isWhole ? whole : scale } };
}

function rangeOf({ min, max }: Mapping, distribution: string | null): Range | undefined {
  if (typeof min !== "number" || typeof max !== "number" || !(min < max)) return undefined;
  const areWhole = Number.isInteger(min) && Number.isInteger(max);
  switch (distribution) {
    case null:
      return { from: min, to: max, scale: areWhole ? "integer" : "linear" };
    case "int_uniform":
      return areWhole ? { from: min, to: max, scale: "integer" } : undefined;
    case "uniform":
    case "q_uniform":
      return { from: min, to: max, scale: "linear" };
    case "log_uniform_values":
    case "q_log_uniform_values":
    case "inv_log_uniform_values":
      return min > 0 ? { from: min, to: max, scale: "log" } : undefined;
    case "log_uniform": // its ends are exponents of e
      return { from: rounded(Math.exp(min), 3), to: rounded(Math.exp(max), 3), scale: "log" };
    case "q_log_uniform": // of exp(3.466) to exp(6.931) 32 and 1024 are meant
      return { from: rounded(Math.exp(min), 3), to: rounded(Math.exp(max), 4), scale: "log" };
    default:
      return undefined;
  }
}

const rounded = (value: number, digits: number): number => Number(value.toPrecision(digits));
