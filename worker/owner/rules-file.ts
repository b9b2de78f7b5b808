import {
  expectedOneOf,
  nearestHint,
  ProblemList,
  quoted,
  renderProblems,
  shown,
} from "../../shared/domain/runspec/problems.ts";
import { composeYaml, type Entry, type Node } from "../../shared/domain/runspec/yaml-tree.ts";
import { type Rules, readRule, ruleWords } from "./rules.ts";

/** The rules of a worker.yaml, or every problem with its place, as text. */
export type RulesText =
  | { readonly ok: true; readonly given: Partial<Rules> }
  | { readonly ok: false; readonly problems: string };

/**
 * Reads a worker.yaml: the words of the flags as keys.
 *
 * @param file  its name in messages
 * @param tail  ends the last line of the problems: "nothing was started"
 */
export function readRulesText(file: string, text: string, tail: string): RulesText {
  const problems = new ProblemList();
  const { root } = composeYaml(file, text, problems);
  let given: Partial<Rules> = {};
  if (root?.kind === "map") {
    for (const entry of root.entries) given = { ...given, ...readEntry(entry, problems) };
  } else if (root && !(root.kind === "scalar" && root.value === null)) {
    problems.add(root, "this is no rule", "expected lines such as `when-idle: 5min`");
  }
  if (problems.size === 0) return { ok: true, given };
  return { ok: false, problems: renderProblems(problems.sorted(file), { [file]: text }, tail) };
}

function readEntry({ key, at, value }: Entry, problems: ProblemList): Partial<Rules> {
  const word = ruleWords.find((each) => each.word === key);
  if (!word) {
    const words = ruleWords.map((each) => each.word);
    problems.add(at, `unknown rule ${quoted(key)}`, expectedOneOf(words), ...nearestHint(key, words));
    return {};
  }
  const texts = textsOf(value, word.isList ?? false);
  if (texts === undefined) {
    problems.add(
      value,
      `${key} has a value of another kind`,
      `expected ${word.isList ? "a text or a list" : "one value"}`,
    );
    return {};
  }
  const read = readRule(word, texts);
  if (read.ok) return read.value;
  problems.add(value, `${key} is ${shown(read.found ?? texts.join("; "))}`, `expected ${read.expected}`);
  return {};
}

function textsOf(node: Node, isList: boolean): string[] | undefined {
  if (node.kind === "scalar") return node.value === null ? undefined : [String(node.value)];
  if (node.kind !== "list" || !isList || node.items.length === 0) return undefined;
  const texts = node.items.map((item) => textsOf(item, false)?.[0]);
  return texts.every((text) => text !== undefined) ? texts : undefined;
}
