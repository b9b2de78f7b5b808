import { type Goal, maximised, minimised } from "../goal.ts";
import type { Hyperparameter, Setting } from "../hyperparameter.ts";
import type { ChosenSettings } from "../run.ts";
import { rootEntries } from "./check-root.ts";
import type { ComponentLibrary } from "./component-library.ts";
import type { Replacements } from "./replacements.ts";
import type { Spec, SpecSource } from "./spec.ts";
import { isMapping, isOff, type Tree } from "./tree.ts";
import { dereferenced, type Entry, type MapNode, type Node } from "./yaml-tree.ts";

/**
 * The whole runspec with chosen values in place of aliases, strings replaced, defaults filled in and every executed
 * `randint` drawn. Forward definitions and disabled stages are included, but nothing is drawn for them.
 *
 * @param settings     by name or in spec order; undefined: the tuned values
 * @param drawRandint  0 to 999,999,999 for a path such as `processing_stages.0.agent.random_seed`; called once per path
 * @throws RangeError if a setting is missing or not among the values of its hyperparameter
 */
export function expandSpec(
  spec: Spec,
  settings: ChosenSettings | readonly Setting[] | undefined,
  drawRandint: (path: string) => number,
): Tree {
  const chosen =
    settings === undefined ? spec.hyperparameters.map(({ tuned }) => tuned) : inOrder(spec.hyperparameters, settings);
  return new Expansion(spec.source, chosen, drawRandint).root(spec.source, spec.hyperparameters);
}

/** The spec with its lists extended by the chosen values: a running search may have values that the text lacks. */
export function withChosen(spec: Spec, chosen: ChosenSettings): Spec {
  const isListed = ({ name, values }: Hyperparameter): boolean => values.includes(chosen[name] ?? null);
  if (spec.hyperparameters.every((each) => !Object.hasOwn(chosen, each.name) || isListed(each))) return spec;
  const hyperparameters = spec.hyperparameters.map((each) =>
    Object.hasOwn(chosen, each.name) && !isListed(each)
      ? { ...each, values: [...each.values, chosen[each.name] ?? null] }
      : each,
  );
  return { ...spec, hyperparameters };
}

/**
 * Only the processing stages, as `stagesOf(expandSpec(...))` gives them, in a fraction of the time.
 *
 * @throws RangeError like `expandSpec`
 */
export function expandStages(
  spec: Pick<Spec, "hyperparameters" | "source">,
  settings: ChosenSettings | readonly Setting[],
  drawRandint: (path: string) => number,
): ExpandedStage[] {
  const chosen = inOrder(spec.hyperparameters, settings);
  const { root, rootDefaults } = spec.source;
  const section = rootEntries(root, rootDefaults).find(({ key }) => key === stagesKey);
  const stages = section ? new Expansion(spec.source, chosen, drawRandint).stages(section.value) : [];
  return stagesOf({ [stagesKey]: stages });
}

/** The stage by whose first metric runs are judged: the last enabled one, by the tuned values; undefined if none is. */
export function lastStage(spec: Pick<Spec, "hyperparameters" | "source">): ExpandedStage | undefined {
  const tuned = spec.hyperparameters.map((each) => each.tuned);
  return expandStages(spec, tuned, () => 0).findLast(({ enabled }) => enabled);
}

/** What a job is judged by: `goal` and `metrics` of the last enabled stage. */
export function goalOfSpec(spec: Pick<Spec, "hyperparameters" | "source">): Goal {
  const last = lastStage(spec)?.spec;
  const metrics = last?.["metrics"];
  const [metric] = Array.isArray(metrics) ? metrics : [];
  if (last?.["goal"] !== "minimize" || typeof metric !== "string") return maximised;
  return minimised(
    metric,
    spec.hyperparameters.map(({ name }) => name),
  );
}

const stagesKey = "processing_stages";

/** One processing stage of an expanded spec. */
export interface ExpandedStage {
  /** From 1. */
  readonly number: number;
  readonly component: string;
  /** Whether it is executed. */
  readonly enabled: boolean;
  readonly spec: { readonly component: string; readonly [property: string]: Tree };
}

/**
 * The stages of an expanded spec, in the order of execution.
 *
 * @throws TypeError if the tree is not an expanded spec
 */
export function stagesOf(expanded: Tree): ExpandedStage[] {
  const stages = property(expanded, stagesKey);
  if (!Array.isArray(stages)) throw new TypeError("not an expanded spec: it has no list of processing_stages");
  return stages.map((item: Tree, i) => {
    const spec = property(item, "processing_stage");
    if (!isMapping(spec)) throw new TypeError(`not an expanded spec: processing stage ${i + 1} is not a mapping`);
    const component = String(property(spec, "component"));
    return { number: i + 1, component, enabled: !isOff(property(spec, "enabled")), spec: { ...spec, component } };
  });
}

function property(tree: Tree, key: string): Tree | undefined {
  return isMapping(tree) ? tree[key] : undefined;
}

function inOrder(hyperparameters: readonly Hyperparameter[], settings: ChosenSettings | readonly Setting[]): Setting[] {
  const given = isList(settings) ? settings.length : Object.keys(settings).length;
  if (given !== hyperparameters.length) {
    throw new RangeError(`${given} settings for ${hyperparameters.length} hyperparameters`);
  }
  return hyperparameters.map(({ name, values }, i) => {
    const setting = isList(settings) ? settings[i] : settings[name];
    if (setting === undefined) throw new RangeError(`no setting for hyperparameter "${name}"`);
    if (!values.includes(setting))
      throw new RangeError(`${String(setting)} is not a value of hyperparameter "${name}"`);
    return setting;
  });
}

function isList(settings: ChosenSettings | readonly Setting[]): settings is readonly Setting[] {
  return Array.isArray(settings);
}

/** One expansion. It walks the parsed nodes, because a coordinator expands every run. */
export class Expansion {
  readonly #replacements: Replacements;
  readonly #library: ComponentLibrary;
  readonly #settings: readonly Setting[];
  readonly #draw: (path: string) => number;
  /** Whether the current part is executed, so that its randints are drawn. */
  #isDrawing = true;
  readonly #path: (string | number)[] = [];

  constructor(
    { replacements, library }: Pick<SpecSource, "replacements" | "library">,
    settings: readonly Setting[],
    draw: (path: string) => number,
  ) {
    this.#replacements = replacements;
    this.#library = library;
    this.#settings = settings;
    this.#draw = draw;
  }

  root({ root, rootDefaults }: SpecSource, hyperparameters: readonly Hyperparameter[]): Tree {
    const tree: Record<string, Tree> = {};
    for (const entry of rootEntries(root, rootDefaults)) tree[entry.key] = this.#section(entry, hyperparameters);
    return tree;
  }

  value(node: Node): Tree {
    if (node.kind === "alias" && node.hyperparameter < 0)
      return node.target === undefined ? null : this.value(node.target);
    switch (node.kind) {
      case "scalar":
      case "alias": {
        const value = this.#replacements.resolve(node, this.#settings);
        if (typeof value === "object" && value !== null) return this.value(value);
        return value === "randint" && this.#isDrawing ? this.#draw(this.#path.join(".")) : value;
      }
      case "list":
        return node.items.map((item, i) => this.#within(i, item));
      case "map": {
        const named = node.byKey.get("component");
        return named === undefined ? this.#entries(node.entries, {}) : this.#component(node, this.value(named.value));
      }
      default: {
        const never: never = node;
        return never;
      }
    }
  }

  /** The component's name, then the defaults that the spec does not override, then the spec's properties. */
  #component(node: MapNode, component: Tree): Tree {
    const tree: Record<string, Tree> = { component };
    for (const { key, value } of this.#library.known(String(component))?.entries ?? []) {
      if (key !== "component" && !node.byKey.has(key)) tree[key] = this.#within(key, value);
    }
    return this.#entries(node.entries, tree);
  }

  #entries(entries: readonly Entry[], tree: Record<string, Tree>): Tree {
    for (const { key, value } of entries) {
      if (key !== "component" || !Object.hasOwn(tree, key)) tree[key] = this.#within(key, value);
    }
    return tree;
  }

  #section({ key, value }: Entry, hyperparameters: readonly Hyperparameter[]): Tree {
    switch (key) {
      case "hyperparameters":
        return hyperparameters.map((_, i) => ({ name: this.#settings[i] ?? null }));
      case "string_replacements":
        return this.#stringReplacements();
      case "processing_stages":
        return this.stages(value);
      case "forward_definitions":
      case "job_launcher":
        return this.#undrawn(() => this.#within(key, value));
      default:
        return this.#within(key, value);
    }
  }

  #stringReplacements(): Tree {
    const tree: Record<string, Tree> = {};
    for (const { key, value } of this.#replacements.list) {
      const resolved = typeof value === "string" ? this.#replacements.resolveText(value, this.#settings) : value;
      const isNode = typeof resolved === "object" && resolved !== null;
      tree[key] = isNode ? this.#undrawn(() => this.value(resolved)) : resolved;
    }
    return tree;
  }

  /** The list of processing stages. */
  stages(node: Node): Tree {
    const section = stagesKey;
    const list = dereferenced(node);
    if (list?.kind !== "list") return [];
    return list.items.map((item, i) => {
      const entry = dereferenced(item);
      const given = entry?.kind === "map" ? entry.byKey.get("processing_stage")?.value : undefined;
      const stage = given === undefined ? undefined : dereferenced(given);
      if (stage?.kind !== "map") return null;
      // The path leaves out the key `processing_stage`, which every item has.
      const spec = () => this.#within(section, stage, i);
      return { processing_stage: this.#isEnabled(stage) ? spec() : this.#undrawn(spec) };
    });
  }

  #isEnabled(stage: MapNode): boolean {
    const named = stage.byKey.get("component")?.value;
    const defaults = named === undefined ? undefined : this.#library.known(String(this.value(named)));
    const enabled = stage.byKey.get("enabled") ?? defaults?.byKey.get("enabled");
    return enabled === undefined || !isOff(this.value(enabled.value));
  }

  #within(key: string | number, node: Node, index?: number): Tree {
    this.#path.push(key);
    if (index !== undefined) this.#path.push(index);
    const tree = this.value(node);
    this.#path.length -= index === undefined ? 1 : 2;
    return tree;
  }

  #undrawn(expand: () => Tree): Tree {
    const before = this.#isDrawing;
    this.#isDrawing = false;
    const tree = expand();
    this.#isDrawing = before;
    return tree;
  }
}
