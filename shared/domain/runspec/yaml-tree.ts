import {
  boolCoreTag,
  constructFromEvents,
  EVENT_ID,
  type Event,
  floatCoreTag,
  getScalarValue,
  intCoreTag,
  type MappingEvent,
  NOT_RESOLVED,
  nullCoreTag,
  parseEvents,
  SCALAR_STYLE,
  type ScalarEvent,
  type ScalarTagDefinition,
  type SequenceEvent,
  YAMLException,
} from "js-yaml";
import type { Setting } from "../hyperparameter.ts";
import { ProblemList, quoted } from "./problems.ts";
import { placeOf, type SourceText, type Span } from "./source-text.ts";
import { syntaxHints } from "./syntax-hints.ts";

// A YAML tree that keeps the place of every node and the name of every anchor, which js-yaml's `load` drops.

export interface ScalarNode extends Span {
  readonly kind: "scalar";
  readonly anchor: string | undefined;
  readonly value: Setting;
  /** Whether the value was left out, as in `tuned_value:`. */
  readonly isEmpty: boolean;
  /** Whether the value could not be read: it is null, and the problem was reported. */
  readonly isUnread?: boolean;
}

export interface ListNode extends Span {
  readonly kind: "list";
  readonly anchor: string | undefined;
  readonly items: readonly Node[];
}

export interface MapNode extends Span {
  readonly kind: "map";
  readonly anchor: string | undefined;
  readonly entries: readonly Entry[];
  readonly byKey: ReadonlyMap<string, Entry>;
}

export interface AliasNode extends Span {
  readonly kind: "alias";
  readonly name: string;
  /** The node that the anchor names; undefined if there is no such anchor, reported once all names are known. */
  readonly target: Exclude<Node, AliasNode> | undefined;
  /** Number of the hyperparameter that the alias stands for, or -1. Set when the hyperparameters section is read. */
  hyperparameter: number;
}

export type Node = ScalarNode | ListNode | MapNode | AliasNode;

export interface Entry {
  readonly key: string;
  /** The place of the key. */
  readonly at: Span;
  readonly value: Node;
}

export interface YamlDocument extends SourceText {
  /** Undefined if the text is empty, or is not YAML, which is reported. */
  readonly root: Node | undefined;
  readonly anchors: ReadonlyMap<string, { readonly at: Span; readonly node: Exclude<Node, AliasNode> }>;
  readonly aliases: readonly AliasNode[];
  /** Warnings about text that can be read, but most likely not as intended. */
  readonly doubts: ProblemList;
}

/** Reads one YAML 1.2 document. Problems are added to `problems`; returns the part that could be read. */
export function composeYaml(file: string, text: string, problems: ProblemList): YamlDocument {
  const source = { file, text };
  let events: Event[];
  try {
    events = parseEvents(text, { filename: file });
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    addSyntaxProblem(source, error, problems);
    return { ...source, root: undefined, anchors: new Map(), aliases: [], doubts: new ProblemList() };
  }
  return new Composer(source, events, problems).compose();
}

function addSyntaxProblem(source: SourceText, error: YAMLException, problems: ProblemList): void {
  const start = Math.min(error.mark?.position ?? 0, source.text.length);
  const at = { source, start, end: start + 1 };
  problems.add(at, `not valid YAML: ${error.reason}`, ...syntaxHints(at, error.reason));
}

/** Types that an untagged plain scalar can have besides text, in the core schema of YAML 1.2. */
const plainTags: readonly ScalarTagDefinition<Setting>[] = [nullCoreTag, boolCoreTag, intCoreTag, floatCoreTag];

class Composer {
  readonly #source: SourceText;
  readonly #events: readonly Event[];
  readonly #problems: ProblemList;
  readonly #anchors = new Map<string, { at: Span; node: Exclude<Node, AliasNode> }>();
  /** Anchors of collections still being read; an alias to one of them would never end. */
  readonly #open = new Set<string>();
  readonly #aliases: AliasNode[] = [];
  readonly #doubts = new ProblemList();
  #next = 0;

  constructor(source: SourceText, events: readonly Event[], problems: ProblemList) {
    this.#source = source;
    this.#events = events;
    this.#problems = problems;
  }

  compose(): YamlDocument {
    let root: Node | undefined;
    let documents = 0;
    while (this.#next < this.#events.length) {
      const event = this.#take();
      if (event.type !== EVENT_ID.DOCUMENT) continue;
      documents += 1;
      this.#checkVersion(event.directives);
      const node = this.#node();
      root ??= node;
      if (documents === 2) {
        const start = this.#span(node.start, node.start + 1);
        this.#problems.add(start, "a second YAML document starts here", "expected one document in the file");
      }
    }
    return { ...this.#source, root, anchors: this.#anchors, aliases: this.#aliases, doubts: this.#doubts };
  }

  #take(): Event {
    const event = this.#events[this.#next++];
    if (event === undefined) throw new Error(`YAML events of ${this.#source.file} end within a node`);
    return event;
  }

  #node(): Node {
    const event = this.#take();
    switch (event.type) {
      case EVENT_ID.SCALAR: {
        const before = this.#problems.size;
        const value = this.#scalarValue(event);
        // A number with too many digits was reported too, but its value is not null.
        const isUnread = value === null && this.#problems.size > before;
        const isEmpty = event.valueStart < 0 && event.tagStart < 0;
        const quotes = event.style === SCALAR_STYLE.SINGLE_QUOTED || event.style === SCALAR_STYLE.DOUBLE_QUOTED ? 1 : 0;
        const start = event.valueStart < 0 ? this.#whereEmpty(event) : event.valueStart - quotes;
        const end = event.valueStart < 0 ? start + 1 : event.valueEnd + quotes;
        const scalar = { kind: "scalar", ...this.#span(start, end), anchor: undefined, value, isEmpty } as const;
        return this.#anchored(event, isUnread ? { ...scalar, isUnread } : scalar);
      }
      case EVENT_ID.SEQUENCE:
      case EVENT_ID.MAPPING:
        return this.#collection(event);
      case EVENT_ID.ALIAS:
        return this.#alias(event.anchorStart, event.anchorEnd);
      default:
        throw new Error(`YAML event ${event.type} of ${this.#source.file} where a node should be`);
    }
  }

  #collection(event: SequenceEvent | MappingEvent): ListNode | MapNode {
    const isList = event.type === EVENT_ID.SEQUENCE;
    this.#checkTag(event, isList ? "!!seq" : "!!map");
    const opened = this.#openAnchor(event);
    const start = { ...this.#span(event.start, event.start + 1), anchor: undefined };
    const node: ListNode | MapNode = isList
      ? { kind: "list", ...start, items: this.#items() }
      : { kind: "map", ...start, ...this.#entries() };
    this.#take();
    if (opened !== undefined) this.#open.delete(opened);
    return this.#anchored(event, node);
  }

  #items(): Node[] {
    const items: Node[] = [];
    while (this.#peek() !== EVENT_ID.POP) items.push(this.#node());
    return items;
  }

  #entries(): Pick<MapNode, "entries" | "byKey"> {
    const entries = new Map<string, Entry>();
    const merged = new Map<string, Entry>();
    while (this.#peek() !== EVENT_ID.POP) {
      const keyEvent = this.#events[this.#next];
      const keyNode = this.#node();
      const value = this.#node();
      if (keyEvent?.type !== EVENT_ID.SCALAR) {
        this.#problems.add(keyNode, "this key is not a plain word", "expected `key: value`");
        continue;
      }
      const key = getScalarValue(this.#source.text, keyEvent);
      const at = this.#span(keyNode.start, keyNode.end);
      const first = entries.get(key);
      if (first !== undefined) {
        const line = placeOf(first.at).line;
        this.#problems.add(at, `${quoted(key)} is given twice`, `the first is on line ${line}; keep one of them`);
      } else if (key === "__proto__") {
        this.#problems.add(at, `${quoted(key)} cannot be a key`);
      } else if (key === "<<") {
        const hint = "write the properties out; this file is read as YAML 1.2";
        this.#problems.add(at, "merge keys (<<) belong to YAML 1.1", hint);
        for (const entry of mergedEntries(value)) if (!merged.has(entry.key)) merged.set(entry.key, entry);
      } else {
        entries.set(key, { key, at, value });
      }
    }
    // Merged entries are read in spite of the problem, so that no key seems to be missing.
    for (const [key, entry] of merged) if (!entries.has(key)) entries.set(key, entry);
    return { entries: [...entries.values()], byKey: entries };
  }

  #alias(start: number, end: number): AliasNode {
    const name = this.#source.text.slice(start, end);
    const span = this.#span(start - 1, end);
    if (this.#open.has(name)) {
      this.#problems.add(span, `*${name} is inside what &${name} names, so it would never end`);
    }
    const target = this.#anchors.get(name)?.node;
    const alias: AliasNode = { kind: "alias", ...span, name, target, hyperparameter: -1 };
    // An alias inside its own anchor was reported above and needs no further check.
    if (!this.#open.has(name)) this.#aliases.push(alias);
    return alias;
  }

  #anchored<T extends Exclude<Node, AliasNode>>(event: Event, node: T): T {
    if (!("anchorStart" in event) || event.anchorStart < 0) return node;
    const name = this.#source.text.slice(event.anchorStart, event.anchorEnd);
    const at = this.#span(event.anchorStart - 1, event.anchorEnd);
    const named = { ...node, anchor: name };
    const other = this.#anchors.get(name);
    // A collection is completed after the nodes inside it, but its anchor stands before theirs.
    const isFirst = other === undefined || at.start < other.at.start;
    if (isFirst) this.#anchors.set(name, { at, node: named });
    if (other !== undefined) {
      const [first, second] = isFirst ? [at, other.at] : [other.at, at];
      const hint = `the first is on line ${placeOf(first).line}; give one of them another name`;
      this.#problems.add(second, `anchor &${name} is defined twice`, hint);
    }
    return named;
  }

  #openAnchor(event: { anchorStart: number; anchorEnd: number }): string | undefined {
    if (event.anchorStart < 0) return undefined;
    const name = this.#source.text.slice(event.anchorStart, event.anchorEnd);
    if (this.#anchors.has(name) || this.#open.has(name)) return undefined;
    this.#open.add(name);
    return name;
  }

  #scalarValue(event: ScalarEvent): Setting {
    if (event.tagStart >= 0) return this.#taggedValue(event);
    const text = getScalarValue(this.#source.text, event);
    if (event.style !== SCALAR_STYLE.PLAIN) return text;
    for (const { resolve, tagName } of plainTags) {
      const value = resolve(text, false, tagName);
      if (value === NOT_RESOLVED) continue;
      this.#checkWholeNumber(value, this.#span(event.valueStart, event.valueEnd));
      return value;
    }
    this.#doubtText(text, this.#span(event.valueStart, event.valueEnd));
    return text;
  }

  /** A text that somebody may have meant as a number. */
  #doubtText(text: string, span: Span): void {
    if (/^[-+]?(\d+\.?\d*|\.\d+)e[-+]?\d+$/i.test(text)) {
      const sign = text.startsWith("-") ? "-" : "";
      const hint = `write ${sign}.inf for infinity, or "${text}" if it is a text`;
      this.#doubts.add(span, `${text} is read as a text: no number so large can be stored`, hint);
      return;
    }
    const number = elsewhereNumber(text);
    if (number === undefined) return;
    const hint = `this file is read as YAML 1.2; write ${number}, or "${text}" if it is a text`;
    this.#doubts.add(span, `${text} is read as a text, not as the number ${number}`, hint);
  }

  #checkVersion(directives: readonly { readonly kind: string }[]): void {
    const version = /^%YAML[ \t]+(\S+)/m.exec(this.#source.text);
    if (directives.length === 0 || version === null || version[1] === "1.2") return;
    const span = this.#span(version.index, version.index + version[0].length);
    const hint = "yes, no, on and off are words here, 010 is ten, and there are no merge keys (<<); delete the line";
    this.#doubts.add(span, `${version[0]} has no effect: this file is read as YAML 1.2`, hint);
  }

  #taggedValue(event: ScalarEvent): Setting {
    try {
      const document: Event = { type: EVENT_ID.DOCUMENT, explicitStart: false, explicitEnd: false, directives: [] };
      const alone: Event = { ...event, anchorStart: -1, anchorEnd: -1 };
      const [value] = constructFromEvents([document, alone, { type: EVENT_ID.POP }], { source: this.#source.text });
      // The core schema, which is the default, has no other scalar types.
      return value as Setting;
    } catch (error) {
      if (!(error instanceof YAMLException)) throw error;
      this.#problems.add(this.#span(event.tagStart, event.tagEnd), `not valid YAML: ${error.reason}`);
      return null;
    }
  }

  /** Reports whole numbers that a double cannot hold: a seed of twenty digits would silently change. */
  #checkWholeNumber(value: unknown, span: Span): void {
    const digits = /^[-+]?0*(\d+)$/.exec(this.#source.text.slice(span.start, span.end))?.[1];
    if (typeof value !== "number" || digits === undefined || String(Math.abs(value)) === digits) return;
    const hint = 'put it in quotes ("...") if it is a name';
    this.#problems.add(span, "this whole number has more digits than can be stored", hint);
  }

  #checkTag(event: { tagStart: number; tagEnd: number }, allowed: string): void {
    if (event.tagStart < 0) return;
    const tag = this.#source.text.slice(event.tagStart, event.tagEnd);
    if (tag !== allowed)
      this.#problems.add(this.#span(event.tagStart, event.tagEnd), `YAML tag ${tag} is not supported`);
  }

  /** Where an empty value is reported: at its anchor, or else after its key. */
  #whereEmpty(event: { anchorStart: number }): number {
    if (event.anchorStart >= 0) return event.anchorStart - 1;
    const before = this.#events[this.#next - 2];
    if (before?.type === EVENT_ID.SCALAR && before.valueEnd > 0) return before.valueEnd;
    return 0;
  }

  #peek(): number | undefined {
    return this.#events[this.#next]?.type;
  }

  #span(start: number, end: number): Span {
    return { source: this.#source, start, end };
  }
}

/** The entries that a merge key would add: those of a mapping, or of several mappings in a list. */
function mergedEntries(node: Node): readonly Entry[] {
  const target = dereferenced(node);
  if (target?.kind === "map") return target.entries;
  return target?.kind === "list" ? target.items.flatMap((item) => mergedEntries(item)) : [];
}

/** The number that a YAML 1.1 reader sees in a text: binary, or with digits in groups. */
function elsewhereNumber(text: string): number | undefined {
  const [, sign = "", digits = ""] = /^([-+]?)(0b[01_]+|\d{1,3}(?:_\d{3})+(?:\.\d+)?)$/.exec(text) ?? [];
  const number = Number(digits.replaceAll("_", ""));
  if (digits === "" || !Number.isFinite(number)) return undefined;
  return sign === "-" ? -number : number;
}

/** The node itself, or what an alias names; undefined if it names nothing. */
export function dereferenced(node: Node): Exclude<Node, AliasNode> | undefined {
  return node.kind === "alias" ? node.target : node;
}

/** Like `dereferenced`, but undefined for null too, because a section may be left empty. */
export function contentOf(node: Node): Exclude<Node, AliasNode> | undefined {
  const content = dereferenced(node);
  return content?.kind === "scalar" && content.value === null ? undefined : content;
}
