import { existsSync } from "node:fs";
import { join } from "node:path";
import { isMapping, isSetting, type Mapping, typeOf, yamlFile } from "./foreign-values.ts";
import type { FoundOption } from "./found-options.ts";

interface HydraValues {
  readonly options: readonly FoundOption[];
  readonly files: readonly string[];
  readonly remarks: readonly string[];
}

/** The values of a Hydra configuration, which `arguments` overrides by their dotted names. */
export function readHydra(
  folder: string,
  { path, name }: { readonly path: string | null; readonly name: string | null },
): HydraValues {
  const files = path === null || path.startsWith("..") ? [] : [path];
  const relative = join(path ?? ".", `${(name ?? "config").replace(/\.yaml$/, "")}.yaml`);
  const file = join(folder, relative);
  if (!existsSync(file)) return { options: [], files, remarks: [`its configuration ${relative} was not found`] };
  const remarks: string[] = [];
  const options: FoundOption[] = [];
  const root = yamlFile(file);
  if (!isMapping(root)) return { options, files, remarks: [`${relative} is no mapping`] };
  if (Array.isArray(root["defaults"]))
    for (const each of root["defaults"]) {
      if (!isMapping(each)) continue;
      for (const [group, choice] of Object.entries(each))
        remarks.push(`its group ${group} is ${String(choice)}; what stands in ${group}/*.yaml was not read`);
    }
  flatten(root, "", options, remarks);
  return { options, files, remarks };
}

const name = /^[A-Za-z_][\w-]*$/;
const deepest = 8;

function flatten(node: Mapping, prefix: string, options: FoundOption[], remarks: string[], depth = 0): void {
  for (const [key, value] of Object.entries(node)) {
    if (depth === 0 && (key === "defaults" || key === "hydra")) continue;
    const path = prefix + key;
    if (!name.test(key)) remarks.push(`${path} was left out: such a name cannot be an argument`);
    else if (isMapping(value) && depth < deepest) flatten(value, `${path}.`, options, remarks, depth + 1);
    else if (typeof value === "string" && value.includes("${"))
      continue; // it follows from another value
    else {
      const isMissing = value === "???";
      const isPlain = isSetting(value) && !isMissing;
      options.push({
        name: path,
        type: isPlain ? typeOf(value) : "other",
        preset: isPlain ? value : null,
        choices: null,
        isList: Array.isArray(value),
        isRequired: isMissing,
        style: "value",
        help: "",
      });
    }
  }
}
