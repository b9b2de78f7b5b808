import type { Setting } from "../hyperparameter.ts";
import { ProblemList, shown } from "../runspec/problems.ts";
import { composeYaml, type Entry, type MapNode, type Node } from "../runspec/yaml-tree.ts";

/** Replaces the part of a text from `start` to `end` (exclusive) by `text`. */
export interface TextEdit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** The text with the edits applied; they must not overlap. */
export function edited(text: string, edits: readonly TextEdit[]): string {
  let result = text;
  for (const edit of edits.toSorted((a, b) => b.start - a.start || b.end - a.end)) {
    result = result.slice(0, edit.start) + edit.text + result.slice(edit.end);
  }
  return result;
}

/** A value as one line of YAML 1.2. */
export function yamlText(value: Setting): string {
  if (typeof value !== "string") return shown(value);
  return /^[A-Za-z_][\w./+-]*$/.test(value) && readBack(value) === value ? value : JSON.stringify(value);
}

function readBack(text: string): Setting | undefined {
  const { root } = composeYaml("value", text, new ProblemList());
  return root?.kind === "scalar" ? root.value : undefined;
}

/** A value as the text writes it, with its tag; undefined if it is not one line of plain or quoted text. */
export function writtenText(text: string, node: Node): string | undefined {
  if (node.kind !== "scalar" || node.isEmpty) return undefined;
  const written = text.slice(tagStart(text, node.start), node.end);
  return readBack(written) === node.value ? written : undefined;
}

/** Gives an entry another value; undefined if its value is a list, a mapping or a block of text. */
export function replacement(text: string, { at, value }: Entry, written: string): TextEdit | undefined {
  if (value.kind === "alias") return { start: value.start, end: value.end, text: written };
  if (value.kind !== "scalar") return undefined;
  if (value.isEmpty) {
    const colon = text.indexOf(":", at.end) + 1;
    const anchored = /^[ \t]*&\S+/.exec(text.slice(colon))?.[0].length ?? 0;
    return { start: colon + anchored, end: colon + anchored, text: ` ${written}` };
  }
  if (/^[|>]/.test(text.slice(at.end).replace(/^\s*:\s*/, ""))) return undefined;
  return { start: tagStart(text, value.start), end: value.end, text: written };
}

/** Replaces an entry, key and value. */
export const entryReplacement = (text: string, { at, value }: Entry, written: string): TextEdit => ({
  start: at.start,
  end: endOf(text, value, at.end),
  text: written,
});

/** Adds an entry to a mapping, after an existing one. */
export function insertionAfter(text: string, map: MapNode, entry: Entry, written: string): TextEdit {
  const end = endOf(text, entry.value, entry.at.end);
  if (isFlow(text, map)) return { start: end, end, text: `, ${written}` };
  const lineEnd = endOfLine(text, end);
  return {
    start: lineEnd,
    end: lineEnd,
    text: `${lineBreak(text, end)}${indentation(text, entry.at.start)}${written}`,
  };
}

/**
 * Adds an item to a list after the one at `place`, or before the first if that is -1.
 *
 * @throws RangeError if the list is empty
 */
export function itemInsertion(
  text: string,
  list: Extract<Node, { kind: "list" }>,
  place: number,
  written: string,
): TextEdit {
  const item = list.items[Math.max(0, place)];
  if (item === undefined) throw new RangeError("an empty list has no values to stand between");
  if (isFlow(text, list)) {
    const at = place < 0 ? tagStart(text, item.start) : endOf(text, item, item.end);
    return { start: at, end: at, text: place < 0 ? `${written}, ` : `, ${written}` };
  }
  const dash = text.lastIndexOf("-", item.start - 1);
  const indent = indentation(text, dash);
  if (place < 0) return { start: dash, end: dash, text: `- ${written}${lineBreak(text, dash)}${indent}` };
  const lineEnd = endOfLine(text, endOf(text, item, item.end));
  return { start: lineEnd, end: lineEnd, text: `${lineBreak(text, lineEnd)}${indent}- ${written}` };
}

const isFlow = (text: string, node: Node): boolean => text[node.start] === "{" || text[node.start] === "[";

/** Where a node's text ends; an empty one ends after its colon, the first after `before`. */
function endOf(text: string, node: Node, before: number): number {
  switch (node.kind) {
    case "alias":
      return node.end;
    case "scalar":
      return node.isEmpty ? text.indexOf(":", before) + 1 : node.end;
    case "list":
    case "map": {
      const last = node.kind === "list" ? node.items.at(-1) : node.entries.at(-1)?.value;
      const before = node.kind === "list" ? last?.end : node.entries.at(-1)?.at.end;
      const end = last ? endOf(text, last, before ?? last.end) : node.start + 1;
      return isFlow(text, node) ? closing(text, end) : end;
    }
    default: {
      const never: never = node;
      throw new RangeError(`unknown node ${JSON.stringify(never)}`);
    }
  }
}

/** The end of a flow collection, behind its bracket; only spaces, commas and comments lie between its last item and the bracket. */
function closing(text: string, from: number): number {
  const skipped = /^(?:[\s,]|(?<=\s)#[^\r\n]*)*/.exec(text.slice(from))?.[0].length ?? 0;
  return from + skipped + 1;
}

function tagStart(text: string, start: number): number {
  const tag = /![^\s,[\]{}]*[ \t]+$/.exec(text.slice(Math.max(0, start - 100), start));
  return start - (tag?.[0].length ?? 0);
}

function endOfLine(text: string, from: number): number {
  const length = text.slice(from).search(/\r\n|\n|\r/);
  return length < 0 ? text.length : from + length;
}

/** As many spaces as there are columns before a place. */
function indentation(text: string, place: number): string {
  const lineStart = Math.max(text.lastIndexOf("\n", place - 1), text.lastIndexOf("\r", place - 1)) + 1;
  return text.slice(lineStart, place).replace(/\S/g, " ");
}

/** The line break that ends the line of a place; on the last line, the first one in the text. */
const lineBreak = (text: string, place: number): string =>
  (/\r\n|\n|\r/.exec(text.slice(place)) ?? /\r\n|\n|\r/.exec(text))?.[0] ?? "\n";
