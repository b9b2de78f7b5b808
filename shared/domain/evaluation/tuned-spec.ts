import { type Configuration, type Hyperparameter, type Setting, settingsOf } from "../hyperparameter.ts";
import { ProblemList } from "../runspec/problems.ts";
import { composeYaml, dereferenced, type Entry, type MapNode, type Node } from "../runspec/yaml-tree.ts";
import {
  edited,
  insertionAfter,
  itemInsertion,
  replacement,
  type TextEdit,
  writtenText,
  yamlText,
} from "./yaml-edits.ts";

/** A change that cannot be written into a spec's text; the message says which and why. */
export class UnwritableSpec extends Error {
  override readonly name = "UnwritableSpec";
}

/**
 * The spec's text with a configuration's settings as tuned values; everything else stays byte for byte. A value is written as in the
 * list. A missing `tuned_value` is added below the list. A value that was added to the running search is added to the list, at its
 * place on the dial.
 *
 * @param hyperparameters  those of the job, which give the configuration's positions their meaning
 * @throws UnwritableSpec if the spec's layout does not allow it
 */
export function withTunedValues(
  text: string,
  hyperparameters: readonly Hyperparameter[],
  configuration: Configuration,
): string {
  const lines = hyperparameterLines(text);
  const settings = settingsOf(hyperparameters, configuration);
  const edits = hyperparameters.flatMap((hyperparameter, i) => {
    const found = lines.get(hyperparameter.name);
    if (!found) throw new UnwritableSpec(`the spec has no hyperparameter "${hyperparameter.name}"`);
    return editsOf(text, hyperparameter, settings[i] ?? null, found);
  });
  return edited(text, edits);
}

/**
 * The spec's text with properties of its job launcher set: existing ones get the new value, others go below the first.
 *
 * @throws UnwritableSpec if the spec has no launcher section, or its layout does not allow it
 */
export function withLauncher(text: string, properties: Readonly<Record<string, Setting>>): string {
  const section = rootOf(text).byKey.get("job_launcher");
  const launcher = section && dereferenced(section.value);
  const [first] = launcher?.kind === "map" ? launcher.entries : [];
  if (launcher?.kind !== "map" || !first) throw new UnwritableSpec("the spec has no job_launcher section");
  const edits = Object.entries(properties).map(([name, value]) => {
    const entry = launcher.byKey.get(name);
    if (!entry) return insertionAfter(text, launcher, first, `${name}: ${yamlText(value)}`);
    const edit = replacement(text, entry, yamlText(value));
    if (!edit) throw new UnwritableSpec(`${name} of the job launcher is written in a way that cannot be replaced`);
    return edit;
  });
  return edited(text, edits);
}

/** The properties that the spec itself gives its job launcher. */
export function launcherProperties(text: string): ReadonlySet<string> {
  const section = rootOf(text).byKey.get("job_launcher");
  const launcher = section && dereferenced(section.value);
  return new Set(launcher?.kind === "map" ? launcher.byKey.keys() : []);
}

export interface Lines {
  readonly map: MapNode;
  /** The list of values, or the range. */
  readonly list: Entry;
  readonly tuned: Entry | undefined;
}

function editsOf(
  text: string,
  hyperparameter: Hyperparameter,
  setting: Setting,
  { map, list, tuned }: Lines,
): TextEdit[] {
  const { name } = hyperparameter;
  if (list.key === "range")
    return [
      ...widened(text, hyperparameter, setting, list),
      ...tunedEdit(text, name, setting, yamlText(setting), { map, list, tuned }),
    ];
  const values = dereferenced(list.value);
  if (values?.kind !== "list") throw new UnwritableSpec(`hyperparameter "${name}" has no list of values`);
  const listed = values.items.find((item) => settingIn(item) === setting);
  const written = (listed && writtenText(text, listed)) ?? yamlText(setting);
  const added = listed
    ? []
    : [itemInsertion(text, values, placeBefore(values.items, hyperparameter, setting), written)];
  return [...added, ...tunedEdit(text, name, setting, written, { map, list, tuned })];
}

function tunedEdit(
  text: string,
  name: string,
  setting: Setting,
  written: string,
  { map, list, tuned }: Lines,
): TextEdit[] {
  if (!tuned) return [insertionAfter(text, map, list, `tuned_value: ${written}`)];
  // A tuned value that says the same stays as written: 1.0e-3 for 0.001.
  if (settingIn(tuned.value) === setting && !isEmpty(tuned.value)) return [];
  const edit = replacement(text, tuned, written);
  if (!edit) throw new UnwritableSpec(`the tuned_value of "${name}" is written in a way that cannot be replaced`);
  return [edit];
}

/** Edits that write the range's present ends, if it was widened since and the text's is too narrow for the setting. */
function widened(text: string, { name, range }: Hyperparameter, setting: Setting, { value }: Entry): TextEdit[] {
  const node = dereferenced(value);
  if (node?.kind !== "map" || !range || typeof setting !== "number") return [];
  const ends = (["from", "to"] as const).flatMap((key) => {
    const entry = node.byKey.get(key);
    const end = entry && settingIn(entry.value);
    return entry && typeof end === "number" ? [{ entry, end, now: range[key] }] : [];
  });
  const isInside = (setting === 0 && range.zero === true) || !ends.some(({ end, now }) => isBetween(setting, now, end));
  if (isInside) return [];
  return ends.flatMap(({ entry, end, now }) => {
    if (end === now) return [];
    const edit = replacement(text, entry, yamlText(now));
    if (!edit) throw new UnwritableSpec(`the range of "${name}" is written in a way that cannot be replaced`);
    return [edit];
  });
}

/** Whether the value lies between `now`, included, and `end`, excluded. */
const isBetween = (value: number, now: number, end: number): boolean =>
  now < end ? value >= now && value < end : value <= now && value > end;

/** Index of the last list item that comes before the setting on the dial; -1 if none does. */
export function placeBefore(items: readonly Node[], { values, dial }: Hyperparameter, setting: Setting): number {
  const order = dial ?? [...values.keys()];
  const rank = (value: Setting | undefined): number => order.findIndex((position) => values[position] === value);
  const own = rank(setting);
  return items.reduce((place, item, i) => {
    const there = rank(settingIn(item));
    return there >= 0 && there < own ? i : place;
  }, -1);
}

export function settingIn(node: Node): Setting | undefined {
  const value = dereferenced(node);
  return value?.kind === "scalar" ? value.value : undefined;
}

const isEmpty = (node: Node): boolean => node.kind === "scalar" && node.isEmpty;

/** The lines of each hyperparameter, in both layouts: indented further than `name`, or level with it. */
export function hyperparameterLines(text: string): ReadonlyMap<string, Lines> {
  const section = rootOf(text).byKey.get("hyperparameters");
  const list = section && dereferenced(section.value);
  const lines = new Map<string, Lines>();
  for (const item of list?.kind === "list" ? list.items : []) {
    if (item.kind !== "map") continue;
    const named = item.byKey.get("name");
    const name = named && named.value.kind !== "alias" ? named.value.anchor : undefined;
    if (!named || name === undefined) continue;
    const map = named.value.kind === "map" ? named.value : item;
    const values = ["ordered_tuning_values", "unordered_tuning_values", "range"].map((key) => map.byKey.get(key));
    const list = values.find((each) => each !== undefined);
    if (list) lines.set(name, { map, list, tuned: map.byKey.get("tuned_value") });
  }
  return lines;
}

function rootOf(text: string): MapNode {
  const problems = new ProblemList();
  const { root } = composeYaml("spec", text, problems);
  if (root?.kind === "map" && problems.size === 0) return root;
  throw new UnwritableSpec("the spec is not valid YAML");
}
