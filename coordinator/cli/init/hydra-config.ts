import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path/posix";
import { isMapping, isSetting, type Mapping, typeOf, yamlFile } from "./foreign-values.ts";
import type { FoundOption } from "./found-options.ts";

interface HydraValues {
  readonly options: readonly FoundOption[];
  readonly files: readonly string[];
  readonly remarks: readonly string[];
}

/** A value by its dotted name. */
type Values = ReadonlyMap<string, unknown>;

/** A group of the primary configuration: optimizer, of which adam is chosen. */
interface Group {
  readonly name: string;
  readonly choice: string;
  readonly choices: readonly string[];
}

const plainName = /^[A-Za-z_][\w-]*$/;
const deepest = 8;

/**
 * Reads the values of a Hydra configuration, which `arguments` overrides by dotted names, with those of the groups that
 * it chooses (`conf/optimizer/adam.yaml`). A group with several files is an option itself: `optimizer=sgd`. Values that
 * only some of these files have are left out, since Hydra would refuse them beside the others. Nothing is executed: the
 * rules of composition are Hydra's (1.1 and later).
 */
export function readHydra(
  folder: string,
  { path, name }: { readonly path: string | null; readonly name: string | null },
): HydraValues {
  const primary = (name ?? "config").replace(/\.yaml$/, "");
  // A folder above the script holds more than its configuration.
  const place = path !== null && /^(?:\.\.\/?)+$/.test(path) ? join(path, `${primary}.yaml`) : path;
  const files = place !== null && existsSync(join(folder, place)) ? [place] : [];
  const composing = new Composing(join(folder, path ?? "."));
  const values = composing.values(primary, "", 0);
  const { remarks } = composing;
  if (!values)
    return { options: [], files, remarks: [`its configuration ${join(path ?? ".", primary)}.yaml was not found`] };
  const groups = composing.groups(primary);
  const partial = new Set<string>();
  for (const { name: group, choices } of groups) {
    const alternatives = choices.map((choice) => composing.values(primary, "", 0, { group, choice }) ?? values);
    for (const key of alternatives.flatMap((each) => [...each.keys()]))
      if (alternatives.some((each) => !each.has(key))) partial.add(key);
  }
  if (partial.size > 0)
    remarks.add(`left out, since not every choice of its group has it: ${[...partial].sort().join(", ")}`);
  const chosen = groups.map(({ name: group, choice, choices }) => ({ ...optionOf(group, choice), choices }));
  const options = [...values].filter(([key]) => !partial.has(key)).map(([key, value]) => optionOf(key, value));
  return { options: [...chosen, ...options], files, remarks: [...remarks] };
}

function optionOf(name: string, value: unknown): FoundOption {
  const isMissing = value === "???";
  const isPlain = isSetting(value) && !isMissing;
  return {
    name,
    type: isPlain ? typeOf(value) : "other",
    preset: isPlain ? value : null,
    choices: null,
    isList: Array.isArray(value),
    isRequired: isMissing,
    style: "value",
    help: "",
  };
}

/** A folder of configurations, by Hydra's rules: later entries of `defaults` win, and `_self_` is last unless named. */
class Composing {
  /** A set, since a configuration is composed several times. */
  readonly remarks = new Set<string>();
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  /**
   * Undefined if there is no such file.
   *
   * @param config   path below the root, without .yaml
   * @param place    dotted name below which its values go; "": none
   * @param instead  the choice for one group, in place of the file's own
   */
  values(
    config: string,
    place: string,
    depth: number,
    instead?: { readonly group: string; readonly choice: string },
  ): Values | undefined {
    const root = this.#mapping(config);
    if (!root) return undefined;
    const own = this.#placeOf(config, place);
    const found = new Map<string, unknown>();
    for (const entry of defaultsOf(root)) {
      if (entry === "_self_") this.#flatten(root, own, found);
      else if (depth < deepest) {
        const choices = entry.group === instead?.group ? [instead.choice] : entry.choices;
        this.#add({ ...entry, choices }, config, own, found, depth);
      }
    }
    return found;
  }

  /** Groups of the primary configuration that have several files. */
  groups(config: string): Group[] {
    return defaultsOf(this.#mapping(config) ?? {}).flatMap((entry) => {
      if (entry === "_self_" || entry.choices.length !== 1 || entry.group === "") return [];
      const [choice = ""] = entry.choices;
      const folder = join(this.#root, entry.group);
      const names = (existsSync(folder) ? readdirSync(folder) : [])
        .filter((file) => file.endsWith(".yaml"))
        .map((file) => file.slice(0, -".yaml".length));
      if (names.length < 2 || !names.includes(choice)) return [];
      if (entry.at !== null || !plainName.test(entry.group)) {
        this.remarks.add(`its group ${entry.group} is ${choice}; such a name cannot be an argument`);
        return [];
      }
      return [{ name: entry.group, choice, choices: names.sort() }];
    });
  }

  #add(
    { group, choices, at, isOptional }: Entry,
    config: string,
    place: string,
    found: Map<string, unknown>,
    depth: number,
  ) {
    const isAbsolute = group.startsWith("/");
    const folder = isAbsolute ? "." : dirname(config);
    const name = group.replace(/^\//, "");
    const below = name === "" || isAbsolute ? "" : place;
    for (const choice of choices) {
      const file = join(folder, name, choice);
      const inner = [below, (at ?? name).replaceAll("/", ".")]
        .filter((part) => part !== "" && part !== "_here_")
        .join(".");
      const values = this.values(file, at === "_global_" ? "" : name === "" ? place : inner, depth + 1);
      if (values) for (const [key, value] of values) found.set(key, value);
      else if (!isOptional) this.remarks.add(`its configuration ${file}.yaml was not found`);
    }
  }

  #mapping(config: string): Mapping | undefined {
    const file = join(this.#root, `${config}.yaml`);
    if (config.startsWith("..") || !existsSync(file)) return undefined;
    const read = yamlFile(file) ?? {};
    if (isMapping(read)) return read;
    this.remarks.add(`${config}.yaml is no mapping`);
    return {};
  }

  /** `# @package optimizer.inner` at the head of a file says where its values go. */
  #placeOf(config: string, place: string): string {
    const head = /^\s*#\s*@package\s+(\S+)/.exec(readFileSync(join(this.#root, `${config}.yaml`), "utf8"))?.[1];
    return head === undefined || head === "_group_" ? place : head === "_global_" ? "" : head;
  }

  #flatten(node: Mapping, place: string, found: Map<string, unknown>, depth = 0): void {
    for (const [key, value] of Object.entries(node)) {
      if (depth === 0 && (key === "defaults" || key === "hydra")) continue;
      const path = place === "" ? key : `${place}.${key}`;
      if (!plainName.test(key)) this.remarks.add(`${path} was left out: such a name cannot be an argument`);
      else if (isMapping(value) && depth < deepest) this.#flatten(value, path, found, depth + 1);
      // A value that refers to another is no option of its own; _target_ and the like are instructions to Hydra.
      else if (/^_\w+_$/.test(key) || (typeof value === "string" && value.includes("${"))) found.delete(path);
      else found.set(path, value);
    }
  }
}

/** A line of `defaults`. */
interface Entry {
  /** "": a configuration beside this one. */
  readonly group: string;
  readonly choices: readonly string[];
  /** Where its values go instead: `- optimizer@inner: adam`. */
  readonly at: string | null;
  readonly isOptional: boolean;
}

function defaultsOf(root: Mapping): ("_self_" | Entry)[] {
  const listed: readonly unknown[] = Array.isArray(root["defaults"]) ? root["defaults"] : [];
  const entries = listed.flatMap((each): ("_self_" | Entry)[] => {
    if (each === "_self_") return [each];
    if (typeof each === "string") {
      const cut = each.lastIndexOf("/");
      return [{ group: each.slice(0, Math.max(cut, 0)), choices: [each.slice(cut + 1)], at: null, isOptional: false }];
    }
    if (!isMapping(each)) return [];
    return Object.entries(each).flatMap(([key, choice]) => {
      const [, optional, name = "", at] = /^(optional )?(?!override )([^@]+)(?:@(.+))?$/.exec(key) ?? [];
      const choices = (Array.isArray(choice) ? choice : [choice]).filter((one) => typeof one === "string");
      if (choices.length === 0 || /^\/?hydra\//.test(name) || name === "") return [];
      return [
        {
          group: name,
          choices: choices.map((one) => one.replace(/\.yaml$/, "")),
          at: at ?? null,
          isOptional: optional !== undefined,
        },
      ];
    });
  });
  return entries.includes("_self_") ? entries : [...entries, "_self_"];
}
