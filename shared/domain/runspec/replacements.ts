import type { Hyperparameter, Setting } from "../hyperparameter.ts";
import { type ProblemList, quoted } from "./problems.ts";
import type { Span } from "./source-text.ts";
import { contentOf, dereferenced, type ListNode, type MapNode, type Node } from "./yaml-tree.ts";

/** The value of a node after hyperparameters are chosen and strings replaced. */
export type Resolved = Setting | ListNode | MapNode;

/** One line of `string_replacements`, or one `--name value`. */
interface Replacement {
  /** `<name>`, or `$datastore`. */
  readonly key: string;
  /** What replaces the key; a string if it comes from the command line. */
  readonly value: string | Node;
  /** Where a file defines it; undefined if none does. */
  readonly at: Span | undefined;
}

const keyPattern = /^(<[A-Za-z_][\w.-]*>|\$datastore)$/;
/** Names that must not be left after replacement. `(?<name>...)` and `\k<name>` are parts of regular expressions. */
const unresolvedPattern = /(?<!\(\?|\\k)<[A-Za-z_][\w.-]*>|\$datastore/;

/**
 * Most characters of a text after any replacement. Names that each stand for two others double the text with every
 * line, until it exhausts the memory; and Linux passes no program an argument longer than 128 kB.
 */
export const longestText = 100_000;

/** The folder of data sets, relative to where the spec is executed, unless the spec has a `$datastore` line. */
const datastore: Replacement = { key: "$datastore", value: "../datastore", at: undefined };

/** The replacements of a spec, in the order in which they apply: a replacement may contain names listed below it. */
export class Replacements {
  readonly list: readonly Replacement[];
  readonly #hyperparameters: readonly Hyperparameter[];

  constructor(list: readonly Replacement[], hyperparameters: readonly Hyperparameter[]) {
    this.list = list;
    this.#hyperparameters = hyperparameters;
  }

  /** The value of a node, given one setting for each hyperparameter. Null for an alias to nothing (reported). */
  resolve(node: Node, settings: readonly Setting[]): Resolved {
    const value = literal(node, settings);
    return typeof value === "string" ? this.resolveText(value, settings) : value;
  }

  resolveText(text: string, settings: readonly Setting[]): Resolved {
    return isMarked(text) ? this.#replace(text, settings) : text;
  }

  /** Adds the numbers of the hyperparameters that the value of a scalar or alias depends on, and the keys it mentions. */
  dependencies(node: Node, into: Set<number>, mentioned: Set<string>): void {
    const seen = new Set<string>();
    this.#addDependencies(node, into, seen);
    for (const key of seen) mentioned.add(key);
  }

  /** The names through which a replacement contains itself, with its own first and last; undefined if it does not. */
  circle(key: string): string[] | undefined {
    const visited = new Set<string>();
    const follow = (from: string, path: readonly string[]): string[] | undefined => {
      for (const next of this.#namesIn(from)) {
        if (next === key) return [...path, next];
        if (visited.has(next)) continue;
        visited.add(next);
        const found = follow(next, [...path, next]);
        if (found) return found;
      }
      return undefined;
    };
    return follow(key, [key]);
  }

  /** Whether replacing a name would make a text longer than `longestText`; such a name is not replaced. */
  isTooLong(text: string, key: string, settings: readonly Setting[]): boolean {
    const value = this.list.find((each) => each.key === key)?.value;
    const replacement = value === undefined || typeof value === "string" ? value : literal(value, settings);
    if (replacement === undefined || (typeof replacement === "object" && replacement !== null)) return false;
    return lengthWith(text, key, String(replacement)) > longestText;
  }

  /** The first `<name>` left in a text. */
  static unresolved(text: string): string | undefined {
    return unresolvedPattern.exec(text)?.[0];
  }

  #replace(text: string, settings: readonly Setting[]): Resolved {
    let result = text;
    for (const { key, value } of this.list) {
      if (!result.includes(key)) continue;
      const replacement = typeof value === "string" ? value : literal(value, settings);
      if (result === key) {
        if (typeof replacement !== "string") return replacement;
        result = replacement;
      } else if (replacement === null || typeof replacement !== "object") {
        const inserted = String(replacement);
        if (lengthWith(result, key, inserted) > longestText) return result;
        result = result.replaceAll(key, () => inserted);
      }
      // A list inside other text stays unresolved, and so does a text that would be too long; both are reported.
    }
    return result;
  }

  /** The names that the value of a replacement contains, in the order of the list. */
  #namesIn(key: string): string[] {
    const value = this.list.find((each) => each.key === key)?.value;
    const content = value === undefined || typeof value === "string" ? value : dereferenced(value);
    const text = typeof content === "string" ? content : content?.kind === "scalar" ? content.value : undefined;
    return typeof text === "string" ? this.list.flatMap((each) => (text.includes(each.key) ? [each.key] : [])) : [];
  }

  #addDependencies(node: Node, into: Set<number>, seen: Set<string>): void {
    if (node.kind === "alias" && node.hyperparameter >= 0) {
      into.add(node.hyperparameter);
      for (const value of this.#hyperparameters[node.hyperparameter]?.values ?? [])
        this.#addTextDependencies(value, into, seen);
      return;
    }
    const target = dereferenced(node);
    if (target?.kind === "scalar") this.#addTextDependencies(target.value, into, seen);
  }

  #addTextDependencies(text: Setting, into: Set<number>, seen: Set<string>): void {
    if (typeof text !== "string" || !isMarked(text)) return;
    for (const { key, value } of this.list) {
      if (seen.has(key) || !text.includes(key)) continue;
      seen.add(key);
      if (typeof value === "string") this.#addTextDependencies(value, into, seen);
      else this.#addDependencies(value, into, seen);
    }
  }
}

function literal(node: Node, settings: readonly Setting[]): Resolved {
  if (node.kind === "alias") {
    if (node.hyperparameter >= 0) return settings[node.hyperparameter] ?? null;
    return node.target === undefined ? null : literal(node.target, settings);
  }
  return node.kind === "scalar" ? node.value : node;
}

/** Length of a text once every `key` in it is replaced. */
function lengthWith(text: string, key: string, replacement: string): number {
  const gain = replacement.length - key.length;
  let length = text.length;
  for (let at = text.indexOf(key); gain > 0 && at >= 0; at = text.indexOf(key, at + key.length)) length += gain;
  return length;
}

function isMarked(text: string): boolean {
  return text.includes("<") || text.includes("$");
}

/** Reads `string_replacements`; the command line overrides it, and names that the file does not list come last. */
export function readReplacements(
  section: Node | undefined,
  commandLine: Readonly<Record<string, string>>,
  hyperparameters: readonly Hyperparameter[],
  problems: ProblemList,
): Replacements {
  const list = new Map<string, Replacement>();
  for (const replacement of section === undefined ? [] : readSection(section, problems)) {
    list.set(replacement.key, replacement);
  }
  for (const [name, value] of Object.entries(commandLine)) {
    const key = `<${name}>`;
    list.set(key, { key, value, at: list.get(key)?.at });
  }
  if (!list.has(datastore.key)) list.set(datastore.key, datastore);
  return new Replacements([...list.values()], hyperparameters);
}

function readSection(section: Node, problems: ProblemList): Replacement[] {
  const node = contentOf(section);
  if (node === undefined) return [];
  if (node.kind !== "map") {
    problems.add(section, "string_replacements is not a mapping", "write lines such as `<name>: value`");
    return [];
  }
  return node.entries.flatMap(({ key, at, value }) => {
    if (keyPattern.test(key)) return [{ key, value, at }];
    const hint = keyPattern.test(`<${key}>`) ? [`did you mean ${quoted(`<${key}>`)}?`] : [];
    const expected = "expected a name in angle brackets, such as <environment>";
    problems.add(at, `${quoted(key)} cannot be replaced`, expected, ...hint);
    return [];
  });
}
