import type { Hyperparameter, Setting } from "../hyperparameter.ts";
import { firstMarks } from "../ranges/first-marks.ts";
import { nearestName } from "./nearest-name.ts";
import { expectedOneOf, nearestHint, type ProblemList, quoted, shown } from "./problems.ts";
import { type Resolve, readRange, readTunedInRange } from "./range-line.ts";
import type { WrittenCondition } from "./read-conditions.ts";
import type { Span } from "./source-text.ts";
import { commentHint } from "./syntax-hints.ts";
import {
  type AliasNode,
  contentOf,
  dereferenced,
  type Entry,
  type ListNode,
  type Node,
  type YamlDocument,
} from "./yaml-tree.ts";

/** The hyperparameters of a spec and their places in the text. */
export interface HyperparameterSection {
  readonly hyperparameters: readonly Hyperparameter[];
  /** By hyperparameter: the place of its `&name`. */
  readonly anchors: readonly Span[];
  /** By hyperparameter: the places of its values. */
  readonly valueSpans: readonly (readonly Span[])[];
  /** By hyperparameter: the conditions of its `only_when`, checked later, once all names are known. */
  readonly onlyWhen: readonly (readonly WrittenCondition[])[];
  /** Names that lack their `&`, so that their aliases are not reported too. */
  readonly unanchored: ReadonlySet<string>;
}

const valueKeys = ["ordered_tuning_values", "unordered_tuning_values"] as const;
const neededKeys = [...valueKeys, "range", "tuned_value"];
const lineKeys = [...neededKeys, "only_when"];
const threeLines = "a hyperparameter is three lines: `- name: &lr`, `ordered_tuning_values: [...]`, `tuned_value: ...`";
const orRange = "instead of the list, a range can be given: `range: {from: 1.0e-5, to: 1.0e-2, scale: log}`";

interface Item {
  readonly name: string;
  readonly anchor: Span;
  /** The lines after the name, at either indentation. */
  readonly lines: readonly Entry[];
}

/**
 * Reads the `hyperparameters` section, and marks every alias to a hyperparameter with its number.
 *
 * In the tutorial's layout the two lines below `- name: &lr` are indented further than `name`, so the anchor names
 * their mapping. If they are level with `name`, they are its siblings and the anchor names an empty value. Both layouts
 * are read.
 *
 * @param resolve  applies string replacements to the numbers of ranges
 */
export function readHyperparameters(
  document: YamlDocument,
  section: Node,
  resolve: Resolve,
  problems: ProblemList,
): HyperparameterSection {
  const unanchored = new Set<string>();
  const items: Item[] = [];
  for (const node of listItems(section, problems)) {
    const item = readItem(document, node, unanchored, problems);
    if (item !== undefined) items.push(item);
  }
  items.forEach((item, number) => {
    const named = document.anchors.get(item.name);
    if (named?.at.start !== item.anchor.start) return;
    for (const alias of document.aliases) {
      if (alias.target === named.node) alias.hyperparameter = number;
    }
  });
  const read = items.map((item) => readLines(item, resolve, problems));
  return {
    hyperparameters: read.map(({ hyperparameter }) => hyperparameter),
    anchors: items.map(({ anchor }) => anchor),
    valueSpans: read.map(({ spans }) => spans),
    onlyWhen: read.map(({ onlyWhen }) => onlyWhen),
    unanchored,
  };
}

export const noHyperparameters: HyperparameterSection = {
  hyperparameters: [],
  anchors: [],
  valueSpans: [],
  onlyWhen: [],
  unanchored: new Set(),
};

function listItems(section: Node, problems: ProblemList): readonly Node[] {
  const node = contentOf(section);
  if (node === undefined) return [];
  if (node.kind === "list") return node.items;
  problems.add(section, "hyperparameters is not a list", threeLines);
  return [];
}

function readItem(
  document: YamlDocument,
  node: Node,
  unanchored: Set<string>,
  problems: ProblemList,
): Item | undefined {
  const first = node.kind === "map" ? node.entries[0] : undefined;
  if (node.kind !== "map" || first === undefined) {
    problems.add(node, "this is not a hyperparameter", threeLines);
    return undefined;
  }
  if (first.key !== "name") {
    const hint = node.byKey.has("name") ? [] : nearestHint(first.key, ["name"]);
    problems.add(first.at, `a hyperparameter does not start with ${quoted(first.key)}`, threeLines, ...hint);
  }
  const named = node.byKey.get("name") ?? node.entries.find((entry) => anchorOf(entry.value) !== undefined);
  if (named === undefined) return undefined;
  const name = anchorOf(named.value);
  if (name === undefined) {
    addMissingAnchor(named, unanchored, problems);
    return undefined;
  }
  const anchor = anchorSpan(document, named.value, name);
  if (!/^[A-Za-z_][\w.-]*$/.test(name) || name === "__proto__") {
    const expected =
      name === "__proto__"
        ? "JavaScript keeps this name for itself; choose another one"
        : "expected a letter from a to z or a _, and after it such letters, digits, _, - and .";
    problems.add(anchor, `${quoted(name)} cannot name a hyperparameter`, expected);
  }
  return { name, anchor, lines: [...linesBelow(named, problems), ...node.entries.filter((entry) => entry !== named)] };
}

/** The lines that are indented further than `name`. */
function linesBelow({ value }: Entry, problems: ProblemList): readonly Entry[] {
  if (value.kind === "map") return value.entries;
  if (value.kind !== "scalar" || !value.isEmpty) {
    problems.add(value, "nothing may follow the &name of a hyperparameter on its line", threeLines);
  }
  return [];
}

function addMissingAnchor({ at, value }: Entry, unanchored: Set<string>, problems: ProblemList): void {
  const name = value.kind === "scalar" && typeof value.value === "string" ? value.value : undefined;
  if (name === undefined) {
    problems.add(at, "this hyperparameter has no name", threeLines);
    return;
  }
  unanchored.add(name);
  problems.add(value, `${quoted(name)} lacks the & that lets the spec refer to it`, `write \`- name: &${name}\``);
}

function anchorOf(node: Node): string | undefined {
  return node.kind === "alias" ? undefined : node.anchor;
}

function anchorSpan(document: YamlDocument, node: Node, name: string): Span {
  const defined = document.anchors.get(name);
  // The other case is a second definition of the name, which has been reported.
  return defined?.node === node ? defined.at : { source: document, start: node.start, end: node.start + 1 };
}

interface Lines {
  readonly hyperparameter: Hyperparameter;
  readonly spans: readonly Span[];
  readonly onlyWhen: readonly WrittenCondition[];
}

function readLines(item: Item, resolve: Resolve, problems: ProblemList): Lines {
  const lines = new Map<string, Entry>();
  const unknown: Entry[] = [];
  for (const entry of item.lines) {
    if (!lineKeys.includes(entry.key)) unknown.push(entry);
    else if (!lines.has(entry.key)) lines.set(entry.key, entry);
    else problems.add(entry.at, `${entry.key} is given twice`, "keep one of them");
  }
  for (const entry of unknown) {
    const missing = missingKeys(lines);
    // Read the entry as the key that was most likely meant, so that one slip is one problem.
    const meant =
      nearestName(entry.key, [...missing, "only_when"]) ??
      (missing.length === neededKeys.length ? undefined : missing[0]);
    const message = `unknown key ${quoted(entry.key)} in hyperparameter ${quoted(item.name)}`;
    const hint = meant === undefined ? [] : [`did you mean ${quoted(meant)}?`];
    problems.add(entry.at, message, expectedOneOf(lineKeys), ...hint);
    if (meant !== undefined) lines.set(meant, entry);
  }
  const [ordered, unordered, range, tuned, conditions] = lineKeys.map((key) => lines.get(key));
  const [given, second] = [ordered, unordered, range].filter((line) => line !== undefined);
  if (second !== undefined) {
    const both = range === undefined ? "two lists of values" : "both a list of values and a range";
    problems.add(second.at, `hyperparameter ${quoted(item.name)} has ${both}`, "keep one of them");
  }
  const lacking = [...(given === undefined ? ["list of values"] : []), ...(tuned === undefined ? ["tuned_value"] : [])];
  if (lacking.length > 0) {
    const belowRange = "write the line `tuned_value` below the range: what a run outside of a search uses";
    const hints = given === undefined ? [threeLines, orRange] : [given === range ? belowRange : threeLines];
    problems.add(item.anchor, `hyperparameter ${quoted(item.name)} has no ${lacking.join(" and no ")}`, ...hints);
  }
  if (given !== undefined && tuned !== undefined && tuned.at.start < given.at.start && unknown.length === 0) {
    if (given !== range) problems.add(tuned.at, "tuned_value comes before the list of values", threeLines);
    else problems.add(tuned.at, "tuned_value comes before the range", "write the line `tuned_value` below the range");
  }
  const onlyWhen = conditions === undefined ? [] : readOnlyWhen(item.name, conditions, problems);
  const read =
    given !== undefined && given === range
      ? readMarks(item.name, given, tuned, resolve, problems)
      : readListed(item.name, given, tuned, ordered !== undefined, problems);
  const { spans } = read;
  if (onlyWhen.length === 0) return { ...read, onlyWhen };
  const hyperparameter = { ...read.hyperparameter, onlyWhen: onlyWhen.map(({ text }) => text) };
  return { hyperparameter, spans, onlyWhen };
}

function readListed(
  name: string,
  given: Entry | undefined,
  tuned: Entry | undefined,
  ordered: boolean,
  problems: ProblemList,
): Omit<Lines, "onlyWhen"> {
  const { values, spans, isWhole } = given === undefined ? noValues : readValues(name, given, problems);
  const tunedValue = tuned === undefined ? undefined : readTuned(name, tuned, values, isWhole, problems);
  // Null is a value. Undefined means that a problem was reported; then any value will do.
  const hyperparameter = { name, ordered, values, tuned: tunedValue === undefined ? (values[0] ?? null) : tunedValue };
  return { hyperparameter, spans };
}

/** The conditions of `only_when`: a text, or a list of texts. */
function readOnlyWhen(name: string, { at, value }: Entry, problems: ProblemList): WrittenCondition[] {
  const node = definition(value, problems);
  if (node === undefined) return [];
  const items = node.kind === "list" ? node.items : [node];
  return items.flatMap((item): WrittenCondition[] => {
    const each = definition(item, problems);
    if (each === undefined) return [];
    if (each.kind === "scalar" && typeof each.value === "string" && each.value !== "") {
      return [{ text: each.value, at: each }];
    }
    const expected = 'expected a condition in quotes, or a list of them: only_when: "*layers > 0"';
    problems.add(
      each.kind === "scalar" && each.isEmpty ? at : each,
      `only_when of hyperparameter ${quoted(name)} is no condition`,
      expected,
    );
    return [];
  });
}

/** Reads a range as a dial of its first marks; each mark's span is the range, because no line lists the marks. */
function readMarks(
  name: string,
  given: Entry,
  tuned: Entry | undefined,
  resolve: Resolve,
  problems: ProblemList,
): Omit<Lines, "onlyWhen"> {
  const range = readRange(name, given, resolve, problems);
  const number = tuned === undefined ? undefined : readTunedInRange(name, tuned, range, resolve, problems);
  const values = range === undefined ? [number ?? 0] : firstMarks(range, number);
  const hyperparameter = { name, ordered: true, values, tuned: number ?? values[0] ?? null };
  return {
    hyperparameter: range === undefined ? hyperparameter : { ...hyperparameter, range },
    spans: values.map(() => given.value),
  };
}

/** The lines that a hyperparameter still lacks. */
function missingKeys(lines: ReadonlyMap<string, Entry>): string[] {
  const isListed = [...valueKeys, "range"].some((key) => lines.has(key));
  return neededKeys.filter((key) => !lines.has(key) && !(isListed && key !== "tuned_value"));
}

interface Values {
  readonly values: readonly Setting[];
  readonly spans: readonly Span[];
  /** Whether every value could be read, so that a tuned value can be compared with them. */
  readonly isWhole: boolean;
}

const noValues: Values = { values: [], spans: [], isWhole: false };

function readValues(name: string, { at, value }: Entry, problems: ProblemList): Values {
  const node = definition(value, problems);
  if (node === undefined) return noValues;
  if (node.kind !== "list") {
    const found = node.kind === "scalar" && !node.isEmpty ? node : at;
    problems.add(found, `the values of hyperparameter ${quoted(name)} are not a list`, "write them as [1, 2, 3]");
    return noValues;
  }
  if (node.items.length === 0) {
    problems.add(node, `hyperparameter ${quoted(name)} has no values to choose from`, "list at least one");
    return noValues;
  }
  return readItems(name, node, problems);
}

function readItems(name: string, list: ListNode, problems: ProblemList): Values {
  const values: Setting[] = [];
  const spans: Span[] = [];
  const before = problems.size;
  for (const item of list.items) {
    const node = definition(item, problems);
    if (node === undefined) continue;
    if (node.kind !== "scalar" || Number.isNaN(node.value)) {
      const hints = problems.size === before ? wholeListHint(node) : [];
      problems.add(item, `this cannot be a value of hyperparameter ${quoted(name)}`, singleValue, ...hints);
    } else if (values.includes(node.value)) {
      problems.add(item, `${shown(node.value)} is listed twice in hyperparameter ${quoted(name)}`, "keep one of them");
    } else {
      values.push(node.value);
      spans.push(item);
    }
  }
  const hasCommas = !addMissingCommas(list, values, problems);
  return { values, spans, isWhole: hasCommas && values.length === list.items.length };
}

/** Reports `[1 2 3]`, which YAML reads as a list of one text; returns whether it was that. */
function addMissingCommas(list: ListNode, [value]: readonly Setting[], problems: ProblemList): boolean {
  const [item] = list.items;
  if (list.items.length !== 1 || item === undefined || typeof value !== "string") return false;
  if (!/^[-+.\d]\S*(\s+[-+.\d]\S*)+$/.test(value)) return false;
  const hint = `put commas between values: [${value.split(/\s+/).join(", ")}]`;
  problems.add(item, `${quoted(value)} is a single value, a text`, hint);
  return true;
}

function readTuned(
  name: string,
  { at, value }: Entry,
  values: readonly Setting[],
  isWhole: boolean,
  problems: ProblemList,
): Setting | undefined {
  const node = definition(value, problems);
  if (node === undefined) return undefined;
  if (node.kind !== "scalar") {
    // If the list has such items too, they have been reported with what to write instead.
    if (!isWhole) return undefined;
    const message = `the tuned value of hyperparameter ${quoted(name)} is not one of its values`;
    problems.add(value, message, expectedValue(values));
    return undefined;
  }
  if (node.isEmpty) {
    const message = `hyperparameter ${quoted(name)} has an empty tuned_value`;
    problems.add(at, message, ...(values.length === 0 ? [] : [expectedValue(values)]), ...commentHint(at));
    return undefined;
  }
  if (values.includes(node.value)) return node.value;
  if (isWhole) {
    const message = `tuned_value ${shown(node.value)} is not among the values of hyperparameter ${quoted(name)}`;
    problems.add(value, message, expectedValue(values), ...nearestValue(node.value, values));
  }
  return undefined;
}

const singleValue = "expected a number, a word, true, false or null";

/** A hint on how to choose between whole lists or mappings. */
function wholeListHint({ kind }: Exclude<Node, AliasNode>): string[] {
  if (kind === "scalar") return [];
  const [what, example] = kind === "list" ? ["lists", "[1, 2]"] : ["mappings", "{a: 1}"];
  const lines = `\`<small>: ${example}\` below string_replacements`;
  return [
    `to choose between whole ${what}, give each a name, such as ${lines}, and list the names: ['<small>', '<large>']`,
  ];
}

/** A hint names at most this many values in full. */
const mostNamed = 20;

function expectedValue(values: readonly Setting[]): string {
  if (values.length <= mostNamed) return expectedOneOf(values.map(shown));
  const first = values.slice(0, mostNamed / 2).map(shown);
  return `expected one of ${values.length} values: ${first.join(", ")}, ... ${shown(values.at(-1))}`;
}

function nearestValue(typed: Setting, values: readonly Setting[]): string[] {
  const sameText = values.find((value) => typeof value !== typeof typed && String(value) === String(typed));
  if (sameText !== undefined) return [`${shown(sameText)} is listed, which is not the same as ${shown(typed)}`];
  const texts = values.filter((value) => typeof value === "string");
  if (typeof typed === "string") return nearestHint(typed, texts);
  if (typeof typed !== "number") return [];
  const numbers = values.filter((value) => typeof value === "number");
  const [nearest] = numbers.sort((a, b) => Math.abs(a - typed) - Math.abs(b - typed));
  return nearest === undefined ? [] : [`the nearest is ${shown(nearest)}`];
}

/**
 * The value of a line in a definition; undefined, and reported, if it is unreadable or an alias to a hyperparameter or
 * nothing.
 */
function definition(node: Node, problems: ProblemList): Exclude<Node, AliasNode> | undefined {
  if (node.kind === "alias" && node.hyperparameter >= 0) {
    const message = `*${node.name} is a hyperparameter, which cannot be used in the definition of one`;
    problems.add(node, message, "write the value");
    return undefined;
  }
  const found = dereferenced(node);
  return found?.kind === "scalar" && found.isUnread ? undefined : found;
}
