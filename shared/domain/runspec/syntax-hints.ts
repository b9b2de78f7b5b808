import { lineText, placeOf, type Span } from "./source-text.ts";

/** Characters that begin something else in YAML, so that a text which begins with one needs quotes. */
const beginsOther = "#@`%|>!&*";

/** Hints about the most common mistakes behind a parser's message. `at` is where the parser gave up. */
export function syntaxHints(at: Span, reason: string): string[] {
  const { text } = at.source;
  if (reason.includes("tab character")) return ["indent with spaces"];
  if (reason.includes("found ','")) return ["is there a comma too many?"];
  if (reason.includes("escape sequence")) return escapeHint(at);
  if (/ node must contain at least one character/.test(reason)) {
    const what =
      text[at.start - 1] === "*"
        ? "* refers to a hyperparameter, as *lr does"
        : "& names a hyperparameter, as &lr does";
    return [`${what}; a text that begins with it needs quotes`];
  }
  const { line } = placeOf(at);
  const before = lineText(text, line - 1) ?? "";
  const condition = /^\s*(?:-\s+)?(only_when|where|require)?:?\s*(\*[^"'].*)$/.exec(lineText(text, line) ?? "");
  if (condition !== null && /\S\s+\S/.test(condition[2] ?? "")) {
    const [, key, typed] = condition;
    return [`put the condition in quotes: ${key === undefined ? "- " : `${key}: `}"${typed?.trim()}"`];
  }
  const named = /^\s*-\s+name:\s+([A-Za-z_][\w.-]*)\s*(#.*)?$/.exec(before);
  if (named !== null)
    return [`line ${line - 1} lacks the & of a hyperparameter's name: write \`- name: &${named[1]}\``];
  return quoteHint(at, reason);
}

/** The hint for a text such as `"C:\data"`. */
function escapeHint({ source: { text }, start }: Span): string[] {
  const from = text.lastIndexOf('"', start);
  const inside = /^"((?:[^"\\\n]|\\.)*)"/.exec(text.slice(Math.max(0, from)))?.[1];
  const instead = inside === undefined || inside.includes("'") ? "" : `: '${inside}'`;
  return [`in double quotes a backslash begins an escape, such as \\n; in single quotes it is a backslash${instead}`];
}

/** The hint if a text needs quotes where the parser stopped, or if a bracket or quote is not closed. */
function quoteHint(at: Span, reason: string): string[] {
  const { text } = at.source;
  const character = text[at.start] ?? "";
  if (reason.includes("deficient indentation")) {
    if (/\t[ \t]*$/.test(text.slice(0, at.start))) return ["there is a tab before this; write spaces"];
    return [
      "a bracket or a quote that was opened above is not closed",
      ...(/(^|[\s[,])#/.test(lineText(text, placeOf(at).line - 1) ?? "")
        ? ["a # begins a comment, which hides the rest of its line; a text that begins with # needs quotes"]
        : []),
    ];
  }
  if (reason.includes("line break is expected"))
    return ["| and > begin a text of several lines; a text that begins with one of them needs quotes"];
  if (!reason.includes("missed comma") && !reason.includes("bad indentation of a mapping entry")) return [];
  if (text[at.start - 1] === "'" && /\w/.test(character))
    return ["a single quote within single quotes is written twice: 'it''s'"];
  if (character === ":") return ['a text that contains ": " needs quotes'];
  if (!beginsOther.includes(character)) return [];
  const word = /^[^\s,\]}]+/.exec(text.slice(at.start))?.[0] ?? character;
  return [`a text that begins with ${character} needs quotes: ${quotedWord(word)}`];
}

const quotedWord = (word: string): string => (/["\\]/.test(word) ? `'${word.replaceAll("'", "''")}'` : `"${word}"`);

/** The hint for a value that is missing because a comment begins in its place. */
export function commentHint(at: Span): string[] {
  const comment = /^[^"'#]*:\s+(#[^\s,]+)/.exec(lineText(at.source.text, placeOf(at).line) ?? "")?.[1];
  return comment === undefined ? [] : [`a # begins a comment; if it belongs to the value, write "${comment}"`];
}
