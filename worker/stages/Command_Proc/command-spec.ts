import type { Metric } from "../../../shared/domain/run.ts";
import { nearestName } from "../../../shared/domain/runspec/nearest-name.ts";
import { shown } from "../../../shared/domain/runspec/problems.ts";
import { messageOf } from "../../../shared/errors.ts";
import { mostMetrics } from "../../../shared/wire/limits.ts";
import type { ComponentSpec } from "../../components/component-spec.ts";
import { PropertyError } from "../../components/property-error.ts";
import type { FileSource } from "./files/metric-files.ts";

type Plain = string | number | boolean | null;
export type Argument = Plain | readonly Plain[];

/** How arguments become words: not at all, as `--x 1` whatever their type, or as the named library reads them. */
export type OptionStyle = "none" | "plain" | "argparse" | "click" | "hydra";

/** The checked properties that Command_Proc.yaml describes. */
export interface CommandSpec {
  readonly command: readonly string[];
  readonly parameters: Readonly<Record<string, Argument>>;
  readonly options: OptionStyle;
  /** Environment variables of the program that the spec sets. */
  readonly env: Readonly<Record<string, string>>;
  readonly metrics: readonly Metric[];
  /** Regular expressions that find metrics in lines that are not JSON; may be empty. */
  readonly patterns: readonly string[];
  /** Where the program writes metrics; undefined if in no file. */
  readonly file: FileSource | undefined;
  readonly seed: number;
  /** Whether the program looks for the file that NEXUS_SHOULD_STOP names, and then ends by itself. */
  readonly asksShouldStop: boolean;
}

const aggregations = ["last", "max", "min", "mean"] as const;
/** Names that every run already uses. */
const taken = ["hrs", "iters"];
/** The hours are one, too. */
const mostNames = mostMetrics - 1;
const name = /^[A-Za-z_][\w.-]{0,59}$/;

/** @throws SpecError that names the property, what was found and what was expected */
export function readCommand(spec: ComponentSpec): CommandSpec {
  const command = list(spec, "command").map(String);
  if (command.length === 0 || command[0] === "")
    refuse("command", spec["command"], "a list such as [python3, train.py]");
  const names = list(spec, "metrics").map(String);
  const isName = (each: string): boolean => name.test(each) && !taken.includes(each);
  if (names.length === 0 || !names.every(isName) || new Set(names).size !== names.length)
    refuse(
      "metrics",
      spec["metrics"],
      `a list of different names, letters, digits, dots and dashes, not ${taken.join(" or ")}`,
    );
  if (names.length > mostNames) refuse("metrics", names.length, `at most ${mostNames} names`);
  const goal = oneOf(spec, "goal", ["maximize", "minimize"] as const);
  const aggregation = oneOf(spec, "summary", aggregations);
  const { decimals, random_seed: seed } = spec;
  if (typeof decimals !== "number" || !Number.isInteger(decimals) || decimals < 0 || decimals > 15)
    return refuse("decimals", decimals, "a whole number from 0 to 15");
  if (typeof seed !== "number") return refuse("random_seed", seed, "a number, or randint");
  return {
    command,
    parameters: parameters(spec["arguments"]),
    asksShouldStop: flag(spec, "asks_should_stop"),
    options: optionStyle(spec["as_options"]),
    env: variables(spec["env"]),
    metrics: names.map((short, i) => ({
      short,
      long: short,
      decimals,
      higherIsBetter: i > 0 || goal === "maximize",
      aggregation,
    })),
    patterns: patterns(spec["metric_pattern"], names),
    file: fileSource(spec, names),
    seed,
  };
}

function optionStyle(found: unknown): OptionStyle {
  if (found === true || found === 1) return "plain";
  if (found === false || found === 0) return "none";
  const libraries = ["argparse", "click", "hydra"] as const;
  const library = libraries.find((each) => each === found);
  return (
    library ?? refuse("as_options", found, `true, false, or one of ${libraries.join(", ")}`, nearest(found, libraries))
  );
}

/** Older specs lack these properties. */
function fileSource(spec: ComponentSpec, metrics: readonly string[]): FileSource | undefined {
  const path = spec["metrics_file"] ?? null;
  const columns = spec["file_columns"] ?? {};
  const expected = "a mapping of metrics, or iters, to the names of columns, such as {accuracy: val/acc, iters: step}";
  if (typeof columns !== "object" || Array.isArray(columns)) return refuse("file_columns", columns, expected);
  for (const [metric, column] of Object.entries(columns)) {
    if (typeof column !== "string" || column === "") refuse(`file_columns.${metric}`, column, expected);
    if (metric !== "iters" && !metrics.includes(metric))
      refuse("file_columns", columns, `names among the metrics (${metrics.join(", ")}) or iters, not ${metric}`);
  }
  if (path === null)
    return Object.keys(columns).length === 0
      ? undefined
      : refuse("metrics_file", path, "a file, since file_columns is set");
  const isInside =
    typeof path === "string" && path !== "" && !/^([/\\]|[A-Za-z]:)/.test(path) && !path.split(/[/\\]/).includes("..");
  if (!isInside)
    return refuse(
      "metrics_file",
      path,
      "a file or folder in the run's working folder, such as metrics.csv or lightning_logs",
    );
  return { path, columns: columns as FileSource["columns"] }; // each was checked
}

/** Older specs lack this property. */
function patterns(found: unknown, metrics: readonly string[]): readonly string[] {
  const sources = found === undefined || found === null ? [] : Array.isArray(found) ? found : [found];
  return sources.map((source) => {
    const expected = "a regular expression with groups named as the metrics, such as 'accuracy: (?<accuracy>[\\d.]+)'";
    if (typeof source !== "string" || source === "") return refuse("metric_pattern", source, expected);
    try {
      new RegExp(source);
    } catch (error) {
      return refuse("metric_pattern", source, `${expected} (${messageOf(error)})`);
    }
    const groups = [...source.matchAll(/\(\?<([A-Za-z_$][\w$]*)>/g)].map(([, group = ""]) => group);
    const unknown = groups.find((group) => group !== "iters" && !metrics.includes(group));
    if (unknown !== undefined)
      return refuse(
        "metric_pattern",
        source,
        `groups named as the metrics (${metrics.join(", ")}) or iters, not ${unknown}`,
      );
    if (!groups.some((group) => metrics.includes(group))) return refuse("metric_pattern", source, expected);
    return source;
  });
}

function parameters(found: unknown): CommandSpec["parameters"] {
  const expected = "a mapping of names to texts, numbers, true, false or null, or lists of these";
  if (typeof found !== "object" || found === null || Array.isArray(found)) return refuse("arguments", found, expected);
  for (const [key, value] of Object.entries(found)) {
    const isRight = Array.isArray(value) ? value.every(isPlain) : isPlain(value);
    if (!name.test(key))
      refuseName("arguments", key, "a letter or _, then letters, digits, _, dots and dashes, at most 60");
    if (!isRight) refuse(`arguments.${key}`, value, expected);
  }
  return found as CommandSpec["parameters"];
}

const isPlain = (value: unknown): boolean => value === null || ["string", "number", "boolean"].includes(typeof value);

/** Older specs lack this property. */
function variables(found: unknown): CommandSpec["env"] {
  const expected = "a mapping of names to texts, numbers, true or false";
  if (found === undefined || found === null) return {};
  if (typeof found !== "object" || Array.isArray(found)) return refuse("env", found, expected);
  const entries = Object.entries(found).map(([key, value]): [string, string] => {
    const isPlain = ["string", "number", "boolean"].includes(typeof value) && !String(value).includes("\0");
    if (!/^[A-Za-z_]\w{0,127}$/.test(key))
      refuseName("env", key, "letters, digits and _, at most 128, not a digit first");
    if (!isPlain) refuse(`env.${key}`, value, expected);
    if (key.startsWith("NEXUS_")) refuse(`env.${key}`, value, "a name without NEXUS_, which marks our own");
    return [key, String(value)];
  });
  return Object.fromEntries(entries);
}

/** Older specs lack this property. */
function flag(spec: ComponentSpec, property: string): boolean {
  const found = spec[property] ?? false;
  if (found === true || found === 1) return true;
  return found === false || found === 0 ? false : refuse(property, found, "true or false");
}

function list(spec: ComponentSpec, property: string): readonly unknown[] {
  const found = spec[property];
  return Array.isArray(found) ? found : refuse(property, found, "a list");
}

function oneOf<const T extends string>(spec: ComponentSpec, property: string, words: readonly T[]): T {
  const given = spec[property];
  return (
    words.find((word) => word === given) ?? refuse(property, given, `one of ${words.join(", ")}`, nearest(given, words))
  );
}

/** Ends an error with the word that was most likely meant; "" if none is near. */
function nearest(given: unknown, words: readonly string[]): string {
  const name = typeof given === "string" ? nearestName(given, words) : undefined;
  return name === undefined ? "" : `; did you mean ${name}?`;
}

function refuse(property: string, found: unknown, expected: string, hint = ""): never {
  throw objection(property, found, `expected ${expected}, found ${shown(found)}${hint}`);
}

function refuseName(property: string, found: string, expected: string): never {
  throw objection(property, found, `the name ${shown(found)} cannot be used; expected ${expected}`, found);
}

const objection = (property: string, found: unknown, text: string, key?: string): PropertyError => {
  const base = { component: "processors/Command_Proc", property, text: `${property}: ${text}`, found: shown(found) };
  return new PropertyError([key === undefined ? base : { ...base, key }]);
};
