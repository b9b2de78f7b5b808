import { type Range, type RangeScale, rangeScales, type Setting } from "../hyperparameter.ts";
import { contains, isLog, isWhole, placeOf } from "../ranges/range.ts";
import { expectedOneOf, nearestHint, type ProblemList, quoted, shown, yaml11Hint } from "./problems.ts";
import type { Resolved } from "./replacements.ts";
import { dereferenced, type Entry, type MapNode, type Node } from "./yaml-tree.ts";

/** Returns the value of a node after string replacement; hyperparameters have no values yet. */
export type Resolve = (node: Node) => Resolved;

const keys = ["from", "to", "scale", "zero"];
const shape = "write it as `range: {from: 1.0e-5, to: 1.0e-2, scale: log}`";

/** Reads `range: {from: 1.0e-5, to: 1.0e-2, scale: log}`; reports what is wrong with it and then returns undefined. */
export function readRange(
  name: string,
  { at, value }: Entry,
  resolve: Resolve,
  problems: ProblemList,
): Range | undefined {
  const before = problems.size;
  const of = `the range of hyperparameter ${quoted(name)}`;
  if (isNoDefinition(value, problems)) return undefined;
  const node = mapping(value);
  if (node === undefined) {
    const place = value.kind === "scalar" && value.isEmpty ? at : value;
    problems.add(place, `${of} is not a mapping`, shape, ...endsIn(value));
    return undefined;
  }
  for (const { key, at: place } of node.entries) {
    if (keys.includes(key)) continue;
    problems.add(place, `unknown key ${quoted(key)} in ${of}`, expectedOneOf(keys), ...nearestHint(key, keys));
  }
  const from = readEnd(node, "from", of, resolve, problems);
  const to = readEnd(node, "to", of, resolve, problems);
  const lacking = ["from", "to"].filter((key) => !node.byKey.has(key));
  if (lacking.length > 0 && problems.size === before)
    problems.add(at, `${of} has no ${lacking.join(" and no ")}`, shape);
  const scale = readScale(node, of, resolve, problems);
  const zero = readZero(node, of, resolve, problems);
  if (from === undefined || to === undefined || scale === undefined || zero === undefined) return undefined;
  if (problems.size > before) return undefined;
  const range: Range = { from, to, scale, ...(zero ? { zero } : {}) };
  checkRange(range, node, of, problems);
  return problems.size === before ? range : undefined;
}

function mapping(node: Node): MapNode | undefined {
  const target = dereferenced(node);
  return target?.kind === "map" ? target : undefined;
}

/** A hint for `range: [1, 2]` and `range: 1..2`. */
function endsIn(node: Node): string[] {
  const target = dereferenced(node);
  const texts =
    target?.kind === "list"
      ? target.items.map((item) => (item.kind === "scalar" ? String(item.value) : ""))
      : target?.kind === "scalar"
        ? String(target.value).split(/\s*(?:\.\.+|,|\bto\b)\s*/)
        : [];
  const numbers = texts.map((text) => numberIn(text));
  const [from, to] = numbers;
  if (numbers.length !== 2 || from === undefined || to === undefined) return [];
  return [`did you mean {from: ${shown(from)}, to: ${shown(to)}}?`];
}

/** A number as YAML writes it; undefined if the text is none. */
function numberIn(text: string): number | undefined {
  return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text.trim()) ? Number(text) : undefined;
}

function readEnd(
  node: MapNode,
  key: "from" | "to",
  of: string,
  resolve: Resolve,
  problems: ProblemList,
): number | undefined {
  const entry = node.byKey.get(key);
  if (entry === undefined || isNoDefinition(entry.value, problems)) return undefined;
  const number = readNumber(entry.value, resolve);
  if (typeof number === "number") return number;
  problems.add(placeIn(entry), `${key} is ${number} in ${of}`, "expected a finite number, such as 1.0e-5");
  return undefined;
}

/**
 * Whether the node has no value: unreadable (reported before), an alias to nothing (reported once all names are known),
 * or an alias to a hyperparameter (reported here).
 */
function isNoDefinition(node: Node, problems: ProblemList): boolean {
  if (node.kind !== "alias") return node.kind === "scalar" && node.isUnread === true;
  if (node.hyperparameter >= 0) {
    const message = `*${node.name} is a hyperparameter, which cannot be used in the definition of one`;
    problems.add(node, message, "write the value");
  }
  return node.hyperparameter >= 0 || node.target === undefined;
}

/** The number in a node; otherwise a text that says what is there. Command-line arguments are texts, even numbers. */
function readNumber(node: Node, resolve: Resolve): number | string {
  const value = resolve(node);
  const number = typeof value === "string" ? (numberIn(value) ?? Number.NaN) : value;
  if (typeof number === "number" && Number.isFinite(number)) return number;
  const target = dereferenced(node);
  if (target?.kind === "scalar" && target.isEmpty) return "empty";
  return typeof value === "object" && value !== null ? `a ${value.kind === "list" ? "list" : "mapping"}` : shown(value);
}

const placeIn = ({ at, value }: Entry): Node | Entry["at"] => (value.kind === "scalar" && value.isEmpty ? at : value);

function readScale(node: MapNode, of: string, resolve: Resolve, problems: ProblemList): RangeScale | undefined {
  const entry = node.byKey.get("scale");
  if (entry === undefined) return "linear";
  if (isNoDefinition(entry.value, problems)) return undefined;
  const typed = wordIn(entry.value, resolve);
  const scale = rangeScales.find((each) => each === typed);
  if (scale !== undefined) return scale;
  const hint = typeof typed === "string" ? nearestScale(typed) : [];
  problems.add(placeIn(entry), `scale is ${shown(typed)} in ${of}`, expectedOneOf(rangeScales), ...hint);
  return undefined;
}

/** Other systems' names for our scales. */
const otherWords: Readonly<Record<string, RangeScale>> = {
  int: "integer",
  uniform: "linear",
  lin: "linear",
  float: "linear",
  log10: "log",
  loguniform: "log",
  log_uniform: "log",
  logarithmic: "log",
  log_int: "log_integer",
  logint: "log_integer",
  "integer log": "log_integer",
  "log integer": "log_integer",
  integer_log: "log_integer",
  int_log: "log_integer",
};

/** A hint `did you mean "log"?`, or none. */
export function nearestScale(typed: string): string[] {
  const meant = otherWords[typed.toLowerCase().replaceAll("-", "_")];
  return meant === undefined ? nearestHint(typed.toLowerCase(), rangeScales) : [`did you mean ${quoted(meant)}?`];
}

function readZero(node: MapNode, of: string, resolve: Resolve, problems: ProblemList): boolean | undefined {
  const entry = node.byKey.get("zero");
  if (entry === undefined) return false;
  if (isNoDefinition(entry.value, problems)) return undefined;
  const typed = wordIn(entry.value, resolve);
  if (typed === true || typed === false) return typed;
  const expected = "expected true or false: whether 0 belongs to it";
  problems.add(placeIn(entry), `zero is ${shown(typed)} in ${of}`, expected, ...yaml11Hint(typed));
  return undefined;
}

function wordIn(node: Node, resolve: Resolve): Setting {
  const value = resolve(node);
  return typeof value === "object" && value !== null ? value.kind : value;
}

function checkRange(range: Range, node: MapNode, of: string, problems: ProblemList): void {
  const at = (key: string) => {
    const entry = node.byKey.get(key);
    return entry === undefined ? node : placeIn(entry);
  };
  for (const { key, message, hints } of rangeProblems(range, of)) problems.add(at(key), message, ...hints);
}

/** What is wrong with a range of finite numbers: the key at fault, what was found, what to do. Empty: nothing. */
export function rangeProblems(
  range: Range,
  of: string,
): { readonly key: "from" | "to" | "zero"; readonly message: string; readonly hints: readonly string[] }[] {
  const { from, to, zero } = range;
  if (from > to) {
    const hint = `expected the lower end first: from: ${shown(to)}, to: ${shown(from)}`;
    return [{ key: "from", message: `from ${shown(from)} is above to ${shown(to)} in ${of}`, hints: [hint] }];
  }
  if (from === to) {
    const hint = `for a single value write ordered_tuning_values: [${shown(from)}]`;
    return [{ key: "to", message: `from and to are both ${shown(from)} in ${of}`, hints: [hint] }];
  }
  if (isLog(range) && from <= 0) {
    const smallest = to > 0 ? shown(isWhole(range) ? 1 : Number((to / 1000).toPrecision(1))) : "1.0e-5";
    const withZero = zero === true ? "" : ", zero: true";
    const hint = from === 0 ? [`to include 0, write the smallest number above it: from: ${smallest}${withZero}`] : [];
    const message = `from is ${shown(from)} in ${of}, but a log scale begins above 0`;
    return [{ key: "from", message, hints: ["expected a number above 0, or scale: linear", ...hint] }];
  }
  const broken = (["from", "to"] as const).filter((key) => isWhole(range) && !Number.isSafeInteger(range[key]));
  if (broken.length > 0) {
    return broken.map((key) => ({
      key,
      message: `${key} is ${shown(range[key])} in ${of}, which is a range of whole numbers`,
      hints: ["expected a whole number, or another scale: linear, log"],
    }));
  }
  if (zero === true && !isLog(range)) {
    const hint = `a range of scale ${range.scale} includes 0 if from is at most 0 and to is at least 0; delete zero`;
    return [{ key: "zero", message: `zero: true in ${of} belongs to a log scale`, hints: [hint] }];
  }
  if (placeOf(range, to) !== 1) {
    return [{ key: "to", message: `from and to are too close together in ${of}`, hints: ["expected a wider range"] }];
  }
  return [];
}

/** Reads `tuned_value` of a range; if it does not belong to the range, reports that and returns undefined. */
export function readTunedInRange(
  name: string,
  entry: Entry,
  range: Range | undefined,
  resolve: Resolve,
  problems: ProblemList,
): number | undefined {
  if (isNoDefinition(entry.value, problems)) return undefined;
  const of = `hyperparameter ${quoted(name)}`;
  const number = readNumber(entry.value, resolve);
  if (typeof number === "string") {
    const expected = "expected a number of its range";
    if (number === "empty") problems.add(entry.at, `${of} has an empty tuned_value`, expected);
    else problems.add(entry.value, `the tuned_value of ${of} is ${number}`, expected);
    return undefined;
  }
  if (range === undefined || contains(range, number)) return number;
  const { from, to } = range;
  const isBetween = number >= from && number <= to;
  const message = isBetween
    ? `tuned_value ${shown(number)} is not a whole number, as the range of ${of} says`
    : `tuned_value ${shown(number)} lies outside of the range of ${of}`;
  const whole = isWhole(range) ? "a whole number" : "a number";
  const hint = number === 0 && isLog(range) ? ["to include 0: zero: true"] : [];
  problems.add(entry.value, message, `expected ${whole} from ${shown(from)} to ${shown(to)}`, ...hint);
  return undefined;
}
