import type { Setting } from "../hyperparameter.ts";
import { SpecCheck } from "./check.ts";
import { checkRoot, type Launcher, sections } from "./check-root.ts";
import { type ComponentDefaults, ComponentLibrary, defaultsFile } from "./component-library.ts";
import { Expansion, goalOfSpec } from "./expand.ts";
import { type HyperparameterSection, noHyperparameters, readHyperparameters } from "./hyperparameter-section.ts";
import { editableSettings } from "./job-settings.ts";
import { nearestName } from "./nearest-name.ts";
import { type Problem, ProblemList, quoted } from "./problems.ts";
import { checkActivity } from "./read-conditions.ts";
import { readSettings } from "./read-settings.ts";
import { type Resolved, readReplacements } from "./replacements.ts";
import { placeOf } from "./source-text.ts";
import type { Spec } from "./spec.ts";
import { wastefulSearch } from "./warnings.ts";
import { composeYaml, type MapNode, type Node, type YamlDocument } from "./yaml-tree.ts";

export { type ExpandedStage, expandSpec, expandStages, goalOfSpec, stagesOf, withChosen } from "./expand.ts";
export { renderProblems } from "./problems.ts";
export { reproSpec } from "./repro.ts";

export interface SpecInput {
  /** File name as the user gave it, for messages. */
  readonly file: string;
  readonly text: string;
  /** From `--name value`: name -> what replaces `<name>`. */
  readonly commandLine?: Readonly<Record<string, string>>;
  readonly defaults: ComponentDefaults;
  /** By hyperparameter: values added to a running search, which are checked as if the spec listed them. */
  readonly moreValues?: Readonly<Record<string, readonly Setting[]>>;
}

export type SpecReading =
  | { readonly ok: true; readonly spec: Spec; readonly warnings: readonly Problem[] }
  | {
      readonly ok: false;
      readonly problems: readonly Problem[];
      /** For `renderProblems`: file name -> text, of every file that may have a problem. */
      readonly texts: Readonly<Record<string, string>>;
    };

/** Reads a runspec and checks it in every configuration. Reports all its problems at once. */
export function readSpec(input: SpecInput): SpecReading {
  const { file, text, defaults } = input;
  const problems = new ProblemList();
  const library = new ComponentLibrary(defaults, problems);
  const spec = read(input, library, problems);
  if (spec !== undefined && problems.size === 0) return { ok: true, ...spec };
  return { ok: false, problems: problems.sorted(file), texts: { ...defaultsTexts(library), [file]: text } };
}

/** The defaults that a job carries: component -> text, for all components that any configuration may use. */
export function usedComponents(spec: Spec): Readonly<Record<string, string>> {
  return spec.source.library.texts();
}

/** The defaults that a job carried: the counterpart of `usedComponents`. */
export function carriedDefaults(texts: Readonly<Record<string, string>>): ComponentDefaults {
  return {
    text: (component) => (Object.hasOwn(texts, component) ? texts[component] : undefined),
    names: () => Object.keys(texts),
  };
}

function read(
  { file, text, commandLine = {}, moreValues = {} }: SpecInput,
  library: ComponentLibrary,
  problems: ProblemList,
): { spec: Spec; warnings: Problem[] } | undefined {
  const document = composeYaml(file, text, problems);
  const root = rootOf(document, problems);
  if (root === undefined) return undefined;
  const listed = root.byKey.get("hyperparameters")?.value;
  const replaced = root.byKey.get("string_replacements")?.value;
  // For the numbers of ranges, which depend on no hyperparameter. Problems of the section are reported below.
  const known = readReplacements(replaced, commandLine, [], new ProblemList());
  const inRanges = new Set<string>();
  const resolve = (node: Node): Resolved => {
    known.dependencies(node, new Set(), inRanges);
    return known.resolve(node, []);
  };
  const inFile = listed === undefined ? noHyperparameters : readHyperparameters(document, listed, resolve, problems);
  const section = withMoreValues(inFile, moreValues);
  addUnknownAliases(document, section, problems);
  checkActivity(section, problems);
  const replacements = readReplacements(replaced, commandLine, section.hyperparameters, problems);
  const rootDefaults = findRoot(root, library, problems);
  const check = new SpecCheck(section, replacements, library, problems);
  for (const key of inRanges) check.mentioned.add(key);
  const launcher = checkRoot(check, root, rootDefaults, problems);
  addUnusedArguments(commandLine, check, launcher, problems);
  const tuned: Setting[] = section.hyperparameters.map((hyperparameter) => hyperparameter.tuned);
  const expansion = new Expansion({ replacements, library }, tuned, () => 0);
  const { hyperparameters } = section;
  const source = rootDefaults && { root, rootDefaults, replacements, library };
  const goal = source && problems.size === 0 ? goalOfSpec({ hyperparameters, source }) : null;
  const settings = readSettings(launcher, expansion, hyperparameters, problems, goal);
  if (source === undefined || problems.size > 0) return undefined;
  const spec: Spec = { file, text, commandLine, hyperparameters, settings, hasRandint: check.hasRandint, source };
  return { spec, warnings: wastefulSearch(document, root, section, check, settings, launcher).sorted(file) };
}

function withMoreValues(
  section: HyperparameterSection,
  moreValues: Readonly<Record<string, readonly Setting[]>>,
): HyperparameterSection {
  const hyperparameters = section.hyperparameters.map((each) => {
    const more = Object.hasOwn(moreValues, each.name) ? (moreValues[each.name] ?? []) : [];
    return more.length === 0 ? each : { ...each, values: [...each.values, ...more] };
  });
  return { ...section, hyperparameters };
}

const firstLine = "a runspec begins with the line `component: root/Root_Component`";

function rootOf(document: YamlDocument, problems: ProblemList): MapNode | undefined {
  const start = { source: document, start: 0, end: 1 };
  const isRunspec = (key: string) => nearestName(key, ["component", ...sections]) !== undefined;
  if (document.root?.kind === "map" && document.root.entries.some(({ key }) => isRunspec(key))) return document.root;
  if (problems.size > 0) return undefined;
  if (document.root === undefined) problems.addUnquoted(start, "the file is empty", firstLine);
  else problems.add(document.root, "this is not a runspec", firstLine);
  return undefined;
}

function findRoot(root: MapNode, library: ComponentLibrary, problems: ProblemList): MapNode | undefined {
  const named = root.byKey.get("component");
  if (named === undefined) {
    const misspelt = root.entries.find(({ key }) => nearestName(key, ["component"]) !== undefined);
    // A misspelt `component` is reported as an unknown key.
    if (misspelt === undefined) problems.add(root, "the root component is missing", firstLine);
    return library.find("root/Root_Component", root);
  }
  const { value } = named;
  if (value.kind === "scalar" && typeof value.value === "string" && value.value.startsWith("root/")) {
    return library.find(value.value, value);
  }
  problems.add(value, "this is not a root component", firstLine);
  return undefined;
}

function addUnknownAliases(document: YamlDocument, section: HyperparameterSection, problems: ProblemList): void {
  const hyperparameters = new Set(section.hyperparameters.map(({ name }) => name));
  for (const alias of document.aliases) {
    if (alias.target !== undefined || section.unanchored.has(alias.name)) continue;
    const later = document.anchors.get(alias.name);
    if (later !== undefined) {
      const message = `*${alias.name} is used before &${alias.name} (line ${placeOf(later.at).line})`;
      problems.add(alias, message, "move the definition above its first use");
      continue;
    }
    const nearest = nearestName(alias.name, document.anchors.keys());
    const found = nearest === undefined ? undefined : document.anchors.get(nearest);
    const kind = nearest === undefined || hyperparameters.has(nearest) ? "hyperparameter" : "definition";
    const rest =
      found === undefined ? anchorsThere(hyperparameters) : `; nearest is *${nearest} (line ${placeOf(found.at).line})`;
    problems.addUnquoted(alias, `*${alias.name} names no ${kind}${rest}`);
  }
}

function anchorsThere(hyperparameters: ReadonlySet<string>): string {
  const names = [...hyperparameters].map((name) => `*${name}`);
  return names.length === 0 ? "; the spec defines none" : `; there are: ${names.join(", ")}`;
}

/** Reports arguments that replace nothing. They are most likely misspelt, and the run would silently differ. */
function addUnusedArguments(
  commandLine: Readonly<Record<string, string>>,
  { replacements, mentioned }: SpecCheck,
  launcher: Launcher,
  problems: ProblemList,
): void {
  const isSetting = (name: string): boolean =>
    name !== "component" && [launcher.given, launcher.defaults].some((section) => section?.byKey.has(name));
  for (const [name, value] of Object.entries(commandLine)) {
    const key = `<${name}>`;
    const isListed = replacements.list.some((replacement) => replacement.key === key && replacement.at !== undefined);
    if (isListed || mentioned.has(key)) continue;
    const others = replacements.list.flatMap(({ key: other, at }) => (at === undefined ? [] : [other.slice(1, -1)]));
    const nearest = nearestName(name, others);
    const hint = isSetting(name)
      ? settingHint(name, value)
      : [nearest === undefined ? `put ${key} in the spec where the value belongs` : `did you mean --${nearest}?`];
    problems.addWithoutLine("command line", `--${name} replaces nothing: ${quoted(key)} is not in the spec`, ...hint);
  }
}

function defaultsTexts(library: ComponentLibrary): Record<string, string> {
  return Object.fromEntries(Object.entries(library.texts()).map(([name, text]) => [defaultsFile(name), text]));
}

/** The hint for an argument that names a setting of the job: settings are written in the spec. */
function settingHint(name: string, value: string): string[] {
  const inSpec = `it is a setting of the job: write \`${name}: ${value}\` below job_launcher in the spec`;
  if (!editableSettings.includes(name)) return [inSpec];
  return [inSpec, `or, after the job has been submitted, type nexus edit job1 --${name.replaceAll("_", "-")} ${value}`];
}
