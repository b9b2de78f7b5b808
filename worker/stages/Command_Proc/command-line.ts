import { existsSync } from "node:fs";
import { join } from "node:path";
import { pythonJson } from "../../../shared/domain/python-json.ts";
import type { StageContext } from "../stage.ts";
import type { Argument, CommandSpec, OptionStyle } from "./command-spec.ts";

/**
 * The words, then the options. A word that names a file of the job's code, or a file or folder of its data, becomes a
 * path.
 */
export function commandLine(
  { command, parameters, options }: Pick<CommandSpec, "command" | "parameters" | "options">,
  { codeFolder, inputsFolder }: Pick<StageContext, "codeFolder" | "inputsFolder">,
): string[] {
  const folders = [codeFolder, inputsFolder].filter((folder) => folder !== null);
  const words = command.map((word) => {
    const places = word === "" ? [] : folders.map((folder) => join(folder, word));
    return places.find((place) => existsSync(place)) ?? word;
  });
  return [...words, ...Object.entries(parameters).flatMap(([name, value]) => option(options, name, value))];
}

/**
 * Advice for a last line that complains of `--flag true`, which argparse and click do not accept; "" for other lines.
 */
export function flagHint({ options, parameters }: Pick<CommandSpec, "options" | "parameters">, line: string): string {
  const hasFlags = Object.values(parameters).some((value) => typeof value === "boolean");
  if (options !== "plain" || !hasFlags) return "";
  const style = [
    { style: "argparse", complaint: /unrecognized arguments:.*\b(true|false)\b/ },
    { style: "click", complaint: /unexpected extra arguments? \(.*\b(true|false)\b/i },
  ].find(({ complaint }) => complaint.test(line))?.style;
  return style === undefined ? "" : `; its flags take no value: write as_options: ${style} in the stage`;
}

/** An argument as text, for an environment variable or an option. */
export const textOf = (value: Argument): string =>
  value === null ? "" : typeof value === "object" ? pythonJson(value) : String(value);

function option(style: OptionStyle, name: string, value: Argument): string[] {
  const flag = `--${name}`;
  const list = typeof value === "object" && value !== null ? value : undefined;
  switch (style) {
    case "none":
      return [];
    case "plain":
      return [flag, textOf(value)];
    case "hydra":
      return [`${name}=${hydraText(value)}`];
    case "argparse":
      if (value === null || value === false) return [];
      if (value === true) return [flag];
      // argparse would take -Infinity and -1e-7 for options of their own.
      if (!list && textOf(value).startsWith("-")) return [`${flag}=${textOf(value)}`];
      return [flag, ...(list ?? [value]).map(textOf)];
    case "click":
      if (value === null) return [];
      if (typeof value === "boolean") return [value ? flag : `--no-${name}`];
      return (list ?? [value]).flatMap((each) => [flag, textOf(each)]);
    default: {
      const never: never = style;
      throw new RangeError(`unknown style ${String(never)}`);
    }
  }
}

/** Hydra's own grammar: null, lists in brackets, and quotes around text that it would not read as plain text. */
function hydraText(value: Argument): string {
  if (value === null) return "null";
  if (typeof value === "object") return `[${value.map(hydraText).join(",")}]`;
  if (typeof value === "number") return String(value).replace("Infinity", "inf").replace("NaN", "nan");
  if (typeof value !== "string" || /^[\w./:+-]+$/.test(value)) return String(value);
  return `'${value.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
