import type { Hyperparameter, Setting } from "../hyperparameter.ts";
import { type ComponentLibrary, defaultsFile } from "./component-library.ts";
import type { HyperparameterSection } from "./hyperparameter-section.ts";
import { expectedOneOf, nearestHint, type ProblemList, quoted, shown } from "./problems.ts";
import { longestText, Replacements, type Resolved } from "./replacements.ts";
import { placeOf, type Span } from "./source-text.ts";
import { dereferenced, type Entry, type MapNode, type Node } from "./yaml-tree.ts";

/** How a part is used: executed by runs; idle (forward definitions, disabled stages); fixed for all runs of the job. */
export type Use = "executed" | "idle" | "fixed";

/** A spec that expands to more nodes counts as endless; the tutorial's has about 120. */
const mostNodes = 200_000;
/** Maximum number of combinations of settings for a value that depends on several hyperparameters. */
const mostCombinations = 10_000;

/** Walks a spec in every configuration that makes a difference; finds mistakes and what is used. */
export class SpecCheck {
  readonly hyperparameters: readonly Hyperparameter[];
  readonly replacements: Replacements;
  /** Numbers of the hyperparameters that something executed depends on. */
  readonly used = new Set<number>();
  /** Every `<name>` in a string of the spec or of the defaults. */
  readonly mentioned = new Set<string>();
  /** Whether an executed part contains `randint`. */
  hasRandint = false;
  readonly #section: HyperparameterSection;
  readonly #library: ComponentLibrary;
  readonly #problems: ProblemList;
  /** The configuration being checked: bound hyperparameters go through their values, the others stay tuned. */
  readonly #settings: Setting[];
  readonly #bound = new Set<number>();
  /** Collections being walked; one that contains itself would never end. */
  readonly #active = new Set<Node>();
  #visited = 0;
  #isTooLong = false;

  constructor(
    section: HyperparameterSection,
    replacements: Replacements,
    library: ComponentLibrary,
    problems: ProblemList,
  ) {
    this.hyperparameters = section.hyperparameters;
    this.replacements = replacements;
    this.#section = section;
    this.#library = library;
    this.#problems = problems;
    this.#settings = section.hyperparameters.map(({ tuned }) => tuned);
  }

  /** Checks a node and everything that it expands to. */
  walk(node: Node, use: Use): void {
    if (node.kind === "scalar" || node.kind === "alias") {
      this.eachValue(node, use, (value, at) => {
        if (typeof value === "object" && value !== null) this.walk(value, use);
        else this.#checkValue(value, at, use);
      });
    } else if (this.#enter(node)) {
      if (node.kind === "list") for (const item of node.items) this.walk(item, use);
      else if (node.byKey.has("component")) this.component(node, use);
      else for (const entry of node.entries) this.walk(entry.value, use);
      this.#active.delete(node);
    }
  }

  /** Checks a mapping that names a component, once for each component that it may name. */
  component(node: MapNode, use: Use, alsoAllowed: readonly string[] = []): void {
    this.eachComponent(node, use, (defaults, name) => {
      for (const entry of node.entries) {
        if (entry.key === "component") continue;
        const usual = defaults?.byKey.get(entry.key);
        if (defaults !== undefined && usual === undefined && !alsoAllowed.includes(entry.key)) {
          this.#addUnknownProperty(name, node, entry, [...defaults.byKey.keys(), ...alsoAllowed]);
        } else if (usual !== undefined) {
          this.#checkNamesComponent(entry, usual.value);
        }
        this.walk(entry.value, use);
      }
      for (const { key, value } of defaults?.entries ?? []) {
        if (key !== "component" && !node.byKey.has(key)) this.walk(value, use);
      }
    });
  }

  /** Visits each component that a mapping may name; reports unknown ones and visits them without defaults. */
  eachComponent(node: MapNode, use: Use, visit: (defaults: MapNode | undefined, name: string) => void): void {
    const named = node.byKey.get("component");
    if (named === undefined) return;
    this.eachValue(named.value, use, (value, at) => {
      if (isUnknownAlias(named.value)) return visit(undefined, "");
      if (typeof value === "string" && Replacements.unresolved(value) !== undefined) {
        this.#checkValue(value, at, use);
        return visit(undefined, value);
      }
      visit(this.#library.find(value, at), String(value));
    });
  }

  /** Visits each value that a scalar or alias can have, with the place where that value is written. */
  eachValue(node: Node, use: Use, visit: (value: Resolved, at: Span) => void): void {
    const dependencies = new Set<number>();
    this.replacements.dependencies(node, dependencies, this.mentioned);
    if (use === "fixed" && dependencies.size > 0) {
      const name = this.hyperparameters[Math.min(...dependencies)]?.name;
      const hint = "it is the same for all runs of the job; write the value";
      this.#problems.add(node, `hyperparameter *${name} cannot decide this`, hint);
      return;
    }
    if (use === "executed") for (const number of dependencies) this.used.add(number);
    const free = [...dependencies].filter((number) => !this.#bound.has(number));
    const count = (number: number): number => this.hyperparameters[number]?.values.length ?? 0;
    const combinations = free.reduce((product, number) => product * count(number), 1);
    if (combinations > mostCombinations) {
      const message = `${this.#aliases(free).join(", ")} give this ${combinations} different values`;
      this.#problems.add(node, message, `at most ${mostCombinations} are possible`);
      return;
    }
    this.#eachChoice(free, () => visit(this.replacements.resolve(node, this.#settings), this.#written(node)));
  }

  #addUnknownProperty(component: string, node: MapNode, { key, at }: Entry, known: readonly string[]): void {
    const names = [...new Set(known)].filter((name) => name !== "component");
    const file = defaultsFile(component.slice(component.indexOf("/") + 1));
    const hints = [expectedOneOf(names), ...nearestHint(key, names), ...this.#chosenBy(node, component)];
    this.#problems.add(at, `${file} contains no ${quoted(key)} property`, ...hints);
  }

  /** A hint that names the hyperparameters which choose this component, if any do. */
  #chosenBy(node: MapNode, component: string): string[] {
    const dependencies = new Set<number>();
    const named = node.byKey.get("component");
    if (named !== undefined) this.replacements.dependencies(named.value, dependencies, this.mentioned);
    return dependencies.size === 0 ? [] : [`${this.#aliases(dependencies).join(" and ")} can make this ${component}`];
  }

  #aliases(numbers: Iterable<number>): string[] {
    return Array.from(numbers, (number) => `*${this.hyperparameters[number]?.name}`);
  }

  #eachChoice(free: readonly number[], visit: () => void): void {
    const [number, ...rest] = free;
    if (number === undefined) {
      visit();
      return;
    }
    const tuned = this.#settings[number] ?? null;
    this.#bound.add(number);
    for (const value of this.hyperparameters[number]?.values ?? []) {
      this.#settings[number] = value;
      this.#eachChoice(rest, visit);
    }
    this.#settings[number] = tuned;
    this.#bound.delete(number);
  }

  /** The place where a value is written: a hyperparameter's in its list, any other in the node itself. */
  #written(node: Node): Span {
    if (node.kind !== "alias" || node.hyperparameter < 0) return node;
    const position = this.hyperparameters[node.hyperparameter]?.values.indexOf(
      this.#settings[node.hyperparameter] ?? null,
    );
    return this.#section.valueSpans[node.hyperparameter]?.[position ?? -1] ?? node;
  }

  #checkValue(value: Setting, at: Span, use: Use): void {
    if (typeof value !== "string") return;
    if (value === "randint" && use === "executed") this.hasRandint = true;
    const name = Replacements.unresolved(value);
    if (name === undefined) return;
    if (this.replacements.isTooLong(value, name, this.#settings)) {
      this.#addTooLong(at);
      return;
    }
    if (this.#addCircle(name)) return;
    const message = value === name ? `nothing replaces ${name}` : `nothing replaces ${name} in ${quoted(value)}`;
    this.#problems.add(at, message, ...this.#unresolvedHints(name));
  }

  /** Reported once, because everything that contains the text is too long as well. */
  #addTooLong(at: Span): void {
    if (this.#isTooLong) return;
    this.#isTooLong = true;
    const most = longestText.toLocaleString("en-GB");
    const hint = "a name that stands for several others multiplies them; write fewer of them";
    this.#problems.add(at, `string_replacements make this longer than ${most} characters`, hint);
  }

  /** Reports a replacement that contains itself, at its definition, once for all places that use it. */
  #addCircle(name: string): boolean {
    const circle = this.replacements.circle(name);
    const at = this.replacements.list.find(({ key }) => key === name)?.at;
    if (circle === undefined || at === undefined) return false;
    const through = circle.length > 2 ? ` through ${circle.slice(1, -1).join(", ")}` : "";
    const message = `${name} contains itself${through}, so it can never be replaced`;
    this.#problems.add(at, message, "use another name in what it stands for");
    return true;
  }

  #unresolvedHints(name: string): string[] {
    const defined = this.replacements.list.find(({ key }) => key === name);
    if (defined === undefined) {
      const keys = this.replacements.list.map(({ key }) => key);
      const hint = `add a line \`${name}: ...\` to string_replacements, or give --${name.slice(1, -1)}`;
      return [hint, ...nearestHint(name, keys)];
    }
    const line = defined.at === undefined ? "" : ` (line ${placeOf(defined.at).line})`;
    return [
      typeof defined.value === "object" && dereferenced(defined.value)?.kind !== "scalar"
        ? `${name}${line} is not a single value, so it can only replace a whole value`
        : `string_replacements apply from top to bottom; move ${name}${line} below the lines that use it`,
    ];
  }

  /** Reports a mapping without `component` if the default is a component: its properties could not be checked. */
  #checkNamesComponent(entry: Entry, usual: Node): void {
    const given = dereferenced(entry.value);
    if (given?.kind !== "map" || given.byKey.has("component") || usual.kind !== "map") return;
    const named = usual.byKey.get("component")?.value;
    if (named === undefined) return;
    const name = this.replacements.resolve(named, this.#settings);
    const hint = typeof name === "object" ? [] : [`start it with \`component: ${shown(name).replaceAll('"', "")}\``];
    this.#problems.add(entry.at, `${quoted(entry.key)} names no component`, ...hint);
  }

  #enter(node: Node): boolean {
    this.#visited += 1;
    if (this.#visited === mostNodes + 1) {
      this.#problems.add(node, `the spec expands to more than ${mostNodes} values`, "are there aliases to aliases?");
    }
    if (this.#visited > mostNodes) return false;
    if (this.#active.has(node)) {
      const hint = "give the inner one fewer properties, or null";
      this.#problems.add(node, "this contains itself, so it would never end", hint);
      return false;
    }
    this.#active.add(node);
    return true;
  }
}

function isUnknownAlias(node: Node): boolean {
  return node.kind === "alias" && node.hyperparameter < 0 && node.target === undefined;
}
