import { defaultOwnSearch, type OwnSearchSettings } from "../search/own-search.ts";
import { expectedOneOf, nearestHint, type ProblemList, shown } from "./problems.ts";
import { parseBytes, parseSeconds } from "./quantities.ts";
import type { Tree } from "./tree.ts";
import { dereferenced, type MapNode, type Node } from "./yaml-tree.ts";

/** A setting and its place in the spec. */
interface Given {
  readonly value: Tree;
  readonly at: Node;
}

const options = ["command", "module", "answer_time", "memory", "ahead"] as const;
const shape = "expected e.g. {command: [python3, optuna_search.py]} or {module: my_search.js}";
const howToAdd = "add e.g. `search: {command: [python3, optuna_search.py]}` or `search: {module: my_search.js}`";
const mostAhead = 64;
const mostWords = 100;

/**
 * Reads the setting `search`: what chooses under `hp_tuning: own`. Null under any other `hp_tuning`, or if the setting
 * is missing or wrong, which is reported.
 *
 * @param expand  returns the value that a node stands for
 */
export function readOwnSearch(
  tuning: Given | undefined,
  given: Given | undefined,
  expand: (node: Node) => Tree,
  problems: ProblemList,
): OwnSearchSettings | null {
  const isOwn = tuning?.value === "own";
  const isGiven = given !== undefined && given.value !== null;
  if (isOwn && !isGiven) problems.add(tuning.at, "hp_tuning is own, and nothing says which search", howToAdd);
  if (!isGiven) return null;
  // hp_tuning: false is allowed: it runs a search's winner again, with all else unchanged.
  if (tuning && !isOwn && tuning.value !== false) {
    const hint = "write hp_tuning: own, or leave search out";
    problems.add(given.at, `there is a search, but hp_tuning is ${shown(tuning.value)}`, hint);
  }
  const node = dereferenced(given.at);
  if (node?.kind === "map") {
    const search = readMap(node, given.at, expand, problems);
    return isOwn ? search : null;
  }
  problems.add(given.at, `search is ${shown(given.value)}`, shape);
  return null;
}

function readMap(
  map: MapNode,
  at: Node,
  expand: (node: Node) => Tree,
  problems: ProblemList,
): OwnSearchSettings | null {
  const before = problems.size;
  for (const { key, at: place } of map.entries) {
    if ((options as readonly string[]).includes(key)) continue;
    problems.add(place, `search has no option "${key}"`, expectedOneOf(options), ...nearestHint(key, options));
  }
  const read = <Value>(name: (typeof options)[number], parse: (value: Tree) => Value | undefined, expected: string) => {
    const node = map.byKey.get(name)?.value;
    if (node === undefined) return undefined;
    const value = expand(node);
    if (value === null) return undefined;
    const parsed = parse(value);
    if (parsed === undefined) problems.add(node, `${name} is ${shown(value)}`, expected);
    return parsed;
  };
  const command = read("command", wordsIn, "expected the program and its words, e.g. [python3, optuna_search.py]");
  const module = read(
    "module",
    moduleIn,
    "expected a file beside the spec that ends in .js or .mjs, e.g. my_search.js",
  );
  const answerSeconds = read("answer_time", parseSeconds, 'expected seconds above 0, or a time such as "30 s"');
  const memory = read("memory", parseBytes, 'expected bytes, or a size such as "512 MB" or "2 GB"');
  const ahead = read("ahead", aheadIn, `expected a whole number from 0 to ${mostAhead}`);
  const named = ["command", "module"].filter((name) => map.byKey.has(name));
  if (named.length !== 1) {
    const found = named.length === 0 ? "neither a command nor a module" : "a command and a module";
    problems.add(at, `search has ${found}`, shape);
  }
  if (problems.size > before) return null;
  return {
    command: command ?? null,
    module: module ?? null,
    answerSeconds: answerSeconds ?? defaultOwnSearch.answerSeconds,
    memory: memory ?? defaultOwnSearch.memory,
    ahead: ahead ?? defaultOwnSearch.ahead,
  };
}

/** A program and its arguments; a single text is a program without arguments. */
function wordsIn(value: Tree): string[] | undefined {
  const words = (Array.isArray(value) ? (value as readonly Tree[]) : [value]).map((word) =>
    typeof word === "string" || typeof word === "number" ? String(word) : undefined,
  );
  const [program] = words;
  if (program === undefined || program.trim() === "" || words.length > mostWords) return undefined;
  const isText = (word: string | undefined): word is string => word !== undefined && !word.includes("\0");
  return words.every(isText) ? words : undefined;
}

/** A path below the spec's folder, with forward slashes; undefined if it is not one. */
function moduleIn(value: Tree): string | undefined {
  if (typeof value !== "string" || !/\.m?js$/.test(value) || value.startsWith("/")) return undefined;
  const path = value.replace(/^(\.\/)+/, "");
  return path.split("/").some((part) => part === "" || part === "." || part === "..") ? undefined : path;
}

const aheadIn = (value: Tree): number | undefined =>
  typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= mostAhead ? value : undefined;
