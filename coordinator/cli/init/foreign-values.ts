import { readFileSync, statSync } from "node:fs";
import type { Setting } from "../../../shared/domain/hyperparameter.ts";
import { plainYaml } from "../../../shared/domain/runspec/plain-yaml.ts";
import { messageOf, UsageError } from "../../../shared/errors.ts";

export type Mapping = Readonly<Record<string, unknown>>;

export const isMapping = (value: unknown): value is Mapping =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const isSetting = (value: unknown): value is Setting =>
  value === null || ["string", "number", "boolean"].includes(typeof value);

const mostBytes = 1_000_000;

/**
 * Reads a YAML file that another tool wrote, of at most 1 MB.
 *
 * @throws UsageError if it cannot be read
 */
export function yamlFile(file: string): unknown {
  try {
    if (statSync(file).size > mostBytes) throw new Error("it is larger than 1 MB");
    return plainYaml(readFileSync(file, "utf8"));
  } catch (cause) {
    throw new UsageError(`${file} cannot be read as YAML: ${messageOf(cause).split("\n", 1)[0]}`, { cause });
  }
}

export const typeOf = (value: Setting): "int" | "float" | "str" | "bool" | "other" =>
  typeof value === "boolean"
    ? "bool"
    : typeof value === "number"
      ? Number.isInteger(value)
        ? "int"
        : "float"
      : typeof value === "string"
        ? "str"
        : "other";
