import { nearestName } from "./nearest-name.ts";
import { type ProblemList, quoted } from "./problems.ts";
import type { Span } from "./source-text.ts";
import { composeYaml, type MapNode } from "./yaml-tree.ts";

const namePattern = /^[A-Za-z_][\w-]*\/[A-Za-z_][\w-]*$/;

/** Where the defaults of components come from. */
export interface ComponentDefaults {
  /** The YAML text of a component's defaults; undefined if there is no such component. */
  text(component: string): string | undefined;
  /** All components, for "did you mean". */
  names(): readonly string[];
}

/** The defaults of all components that a spec may use; each file is parsed once. */
export class ComponentLibrary {
  readonly #defaults: ComponentDefaults;
  readonly #problems: ProblemList;
  /** By component; undefined: missing or unusable, and already reported. */
  readonly #read = new Map<string, MapNode | undefined>();
  readonly #texts: Record<string, string> = {};

  constructor(defaults: ComponentDefaults, problems: ProblemList) {
    this.#defaults = defaults;
    this.#problems = problems;
  }

  /** The defaults of the component that the spec names at `at`; undefined, and reported, if there are none. */
  find(name: unknown, at: Span): MapNode | undefined {
    if (typeof name !== "string" || !namePattern.test(name)) {
      const hint = typeof name === "string" ? this.#nearest(name) : [];
      const expected = "expected a folder and a name, such as agents/AAC_Agent";
      this.#problems.add(at, "this does not name a component", expected, ...hint);
      return undefined;
    }
    if (!this.#read.has(name)) this.#read.set(name, this.#compose(name));
    const defaults = this.#read.get(name);
    if (defaults === undefined && !Object.hasOwn(this.#texts, name)) this.#addUnknown(name, at);
    return defaults;
  }

  /** Defaults that `find` returned before. */
  known(name: string): MapNode | undefined {
    return this.#read.get(name);
  }

  /** Component -> text of its defaults, for all components found so far. */
  texts(): Readonly<Record<string, string>> {
    return this.#texts;
  }

  #compose(name: string): MapNode | undefined {
    const text = this.#defaults.text(name);
    if (text === undefined) return undefined;
    this.#texts[name] = text;
    const before = this.#problems.size;
    const { root, aliases } = composeYaml(defaultsFile(name), text, this.#problems);
    for (const alias of aliases) {
      if (alias.target === undefined) this.#problems.add(alias, `*${alias.name} names nothing in this file`);
    }
    if (root?.kind === "map") return root;
    if (this.#problems.size === before) {
      const start = { source: { file: defaultsFile(name), text }, start: 0, end: 1 };
      const expected = "expected lines such as `property: value`";
      this.#problems.add(start, `the defaults of ${name} are not a mapping`, expected);
    }
    return undefined;
  }

  #addUnknown(name: string, at: Span): void {
    const folder = name.slice(0, name.indexOf("/") + 1);
    const names = this.#defaults.names();
    const siblings = names.filter((other) => other.startsWith(folder));
    const hints =
      siblings.length > 0 ? [`${folder} has: ${siblings.join(", ")}`] : [`no component folder is called ${folder}`];
    this.#problems.add(at, `there is no component ${quoted(name)}`, ...hints, ...this.#nearest(name));
  }

  #nearest(name: string): string[] {
    const names = this.#defaults.names();
    const nearest = nearestName(name, names) ?? names.find((other) => other.endsWith(`/${name}`));
    return nearest === undefined ? [] : [`did you mean ${quoted(nearest)}?`];
  }
}

/** The file name of a component's defaults in messages. */
export function defaultsFile(component: string): string {
  return `${component}.yaml`;
}
