import type { SpecCheck, Use } from "./check.ts";
import { nearestName } from "./nearest-name.ts";
import { expectedOneOf, nearestHint, type ProblemList, quoted, shown, yaml11Hint } from "./problems.ts";
import { isOff, isOn } from "./tree.ts";
import { contentOf, dereferenced, type Entry, type MapNode, type Node } from "./yaml-tree.ts";

/** Sections that any runspec may have, with any root component. */
export const sections = ["hyperparameters", "string_replacements", "forward_definitions", "processing_stages"];

/** The job_launcher mappings: the spec's own, and the defaults for keys that it leaves out. */
export interface Launcher {
  readonly given: MapNode | undefined;
  readonly defaults: MapNode | undefined;
}

/** Checks the whole spec, section by section. Returns the input of `readSettings`. */
export function checkRoot(
  check: SpecCheck,
  root: MapNode,
  defaults: MapNode | undefined,
  problems: ProblemList,
): Launcher {
  const known = [...new Set(["component", ...(defaults?.byKey.keys() ?? []), ...sections])];
  let launcher: Launcher = { given: undefined, defaults: undefined };
  for (const entry of rootEntries(root, defaults)) {
    switch (entry.key) {
      case "component":
      case "hyperparameters":
        break;
      case "string_replacements":
        for (const { value } of mapEntries(entry.value)) check.walk(value, "idle");
        break;
      case "forward_definitions":
        check.walk(entry.value, "idle");
        break;
      case "processing_stages":
        checkStages(check, entry, problems);
        break;
      case "job_launcher":
        launcher = checkLauncher(check, entry, problems);
        break;
      default:
        if (defaults !== undefined && !known.includes(entry.key)) addUnknownSection(entry, known, problems);
        check.walk(entry.value, "executed");
    }
  }
  if (!root.byKey.has("processing_stages") && defaults?.byKey.has("processing_stages") !== true) {
    const misspelt = root.entries.some(({ key }) => nearestName(key, sections) === "processing_stages");
    const hint = "add a section of that name with one `- processing_stage:`";
    if (!misspelt) problems.add(root, "the spec has no processing_stages, so nothing would run", hint);
  }
  return launcher;
}

/** `component`, then the defaults that the spec does not override, then the rest of the spec. */
export function rootEntries(root: MapNode, defaults: MapNode | undefined): readonly Entry[] {
  const named = root.entries.filter(({ key }) => key === "component");
  const left = defaults?.entries.filter(({ key }) => key !== "component" && !root.byKey.has(key)) ?? [];
  return [...named, ...left, ...root.entries.filter(({ key }) => key !== "component")];
}

function mapEntries(node: Node): readonly Entry[] {
  const target = dereferenced(node);
  return target?.kind === "map" ? target.entries : [];
}

function addUnknownSection({ key, at, value }: Entry, known: readonly string[], problems: ProblemList): void {
  const nearest = nearestHint(key, known);
  const anchor = value.kind === "alias" ? undefined : value.anchor;
  const hint =
    anchor !== undefined && nearest.length === 0
      ? `what is only there to be used as *${anchor} goes below forward_definitions`
      : expectedOneOf(known);
  problems.add(at, `unknown key ${quoted(key)}`, hint, ...nearest);
}

function checkLauncher(check: SpecCheck, { value }: Entry, problems: ProblemList): Launcher {
  const given = contentOf(value);
  if (given?.kind !== "map" || !given.byKey.has("component")) {
    if (given === undefined) check.walk(value, "fixed");
    else problems.add(value, "job_launcher names no component", "start it with `component: job_launchers/XT`");
    return { given: undefined, defaults: undefined };
  }
  let found: MapNode | undefined;
  check.eachComponent(given, "fixed", (defaults, name) => {
    found = defaults;
    if (defaults === undefined || name === "job_launchers/XT") return;
    const at = given.byKey.get("component")?.value ?? given;
    problems.add(at, `${quoted(name)} cannot launch a job`, "expected job_launchers/XT");
  });
  check.walk(given, "fixed");
  return { given, defaults: found };
}

const stageShape = "expected `- processing_stage:` and below it `component: processors/RL_Proc`";

function checkStages(check: SpecCheck, { at, value }: Entry, problems: ProblemList): void {
  const list = dereferenced(value);
  if (list?.kind !== "list" || list.items.length === 0) {
    problems.add(at, "processing_stages is not a list of stages", stageShape);
    return;
  }
  const before = problems.size;
  let isAnyEnabled = false;
  for (const item of list.items) {
    const stage = stageOf(item, problems);
    if (stage === undefined) continue;
    const use: Use = checkEnabled(check, stage, problems) ? "executed" : "idle";
    if (use === "executed") isAnyEnabled = true;
    check.component(stage, use, ["enabled"]);
  }
  if (!isAnyEnabled && problems.size === before) {
    problems.add(at, "no processing stage is enabled, so nothing would run", "write `enabled: 1` in one of them");
  }
}

function stageOf(item: Node, problems: ProblemList): MapNode | undefined {
  const node = dereferenced(item);
  if (node?.kind !== "map") {
    if (node !== undefined) problems.add(item, "this is not a processing stage", stageShape);
    return undefined;
  }
  for (const { key, at } of node.entries) {
    if (key === "processing_stage") continue;
    const hint = nearestHint(key, ["processing_stage"]);
    problems.add(at, `unknown key ${quoted(key)} in processing_stages`, stageShape, ...hint);
  }
  const entry = node.byKey.get("processing_stage");
  const stage = entry === undefined ? undefined : dereferenced(entry.value);
  if (entry === undefined || (stage === undefined && entry.value.kind === "alias")) return undefined;
  if (stage?.kind !== "map" || !stage.byKey.has("component")) {
    problems.add(entry.at, "this stage names no component", stageShape);
    return undefined;
  }
  return stage;
}

/** Whether the stage is enabled in any configuration. */
function checkEnabled(check: SpecCheck, stage: MapNode, problems: ProblemList): boolean {
  let isEnabled = false;
  check.eachComponent(stage, "idle", (defaults, name) => {
    if (defaults !== undefined && !name.startsWith("processors/")) {
      const at = stage.byKey.get("component")?.value ?? stage;
      problems.add(at, `${quoted(name)} cannot process a stage`, "expected a component of the folder processors");
    }
    const entry = stage.byKey.get("enabled") ?? defaults?.byKey.get("enabled");
    if (entry === undefined) {
      isEnabled = true;
      return;
    }
    check.eachValue(entry.value, "idle", (value, at) => {
      if (isOn(value)) isEnabled = true;
      else if (!isOff(value)) {
        const isSingle = typeof value !== "object" || value === null;
        const message = `enabled is ${isSingle ? shown(value) : "not a single value"}`;
        problems.add(at, message, "expected 1, 0, true or false", ...(isSingle ? yaml11Hint(value) : []));
      }
    });
  });
  return isEnabled;
}
