import type { Metric } from "../../../shared/domain/run.ts";
import { SpecError } from "../../../shared/errors.ts";
import type { ComponentSpec } from "../../components/component-spec.ts";

/** The checked properties that Command_Proc.yaml describes. */
export interface CommandSpec {
  readonly command: readonly string[];
  readonly parameters: Readonly<Record<string, string | number | boolean | null>>;
  readonly asOptions: boolean;
  /** Variables of the program's environment that the spec sets. */
  readonly env: Readonly<Record<string, string>>;
  readonly metrics: readonly Metric[];
  readonly seed: number;
}

const aggregations = ["last", "max", "min", "mean"] as const;
/** Names that every run already uses. */
const taken = ["hrs", "iters"];
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
  const goal = oneOf(spec, "goal", ["maximize", "minimize"] as const);
  const aggregation = oneOf(spec, "summary", aggregations);
  const { decimals, random_seed: seed } = spec;
  if (typeof decimals !== "number" || !Number.isInteger(decimals) || decimals < 0 || decimals > 15)
    return refuse("decimals", decimals, "a whole number from 0 to 15");
  if (typeof seed !== "number") return refuse("random_seed", seed, "a number, or randint");
  return {
    command,
    parameters: parameters(spec["arguments"]),
    asOptions: spec["as_options"] === true || spec["as_options"] === 1,
    env: variables(spec["env"]),
    metrics: names.map((short, i) => ({
      short,
      long: short,
      decimals,
      higherIsBetter: i > 0 || goal === "maximize",
      aggregation,
    })),
    seed,
  };
}

function parameters(found: unknown): CommandSpec["parameters"] {
  const expected = "a mapping of names to texts, numbers, true, false or null";
  if (typeof found !== "object" || found === null || Array.isArray(found)) return refuse("arguments", found, expected);
  for (const [key, value] of Object.entries(found)) {
    const isPlain = value === null || ["string", "number", "boolean"].includes(typeof value);
    if (!isPlain || !name.test(key)) refuse(`arguments.${key}`, value, expected);
  }
  return found as CommandSpec["parameters"];
}

/** Specs from before this property lack it. */
function variables(found: unknown): CommandSpec["env"] {
  const expected = "a mapping of names (letters, digits, _) to texts, numbers, true or false";
  if (found === undefined || found === null) return {};
  if (typeof found !== "object" || Array.isArray(found)) return refuse("env", found, expected);
  const entries = Object.entries(found).map(([key, value]): [string, string] => {
    const isPlain = ["string", "number", "boolean"].includes(typeof value) && !String(value).includes("\0");
    if (!isPlain || !/^[A-Za-z_]\w{0,127}$/.test(key)) refuse(`env.${key}`, value, expected);
    if (key.startsWith("NEXUS_")) refuse(`env.${key}`, value, "a name without NEXUS_, which marks our own");
    return [key, String(value)];
  });
  return Object.fromEntries(entries);
}

function list(spec: ComponentSpec, property: string): readonly unknown[] {
  const found = spec[property];
  return Array.isArray(found) ? found : refuse(property, found, "a list");
}

function oneOf<const T extends string>(spec: ComponentSpec, property: string, words: readonly T[]): T {
  const found = words.find((word) => word === spec[property]);
  return found ?? refuse(property, spec[property], `one of ${words.join(", ")}`);
}

function refuse(property: string, found: unknown, expected: string): never {
  throw new SpecError(`processors/Command_Proc: ${property}: expected ${expected}, found ${JSON.stringify(found)}`);
}
