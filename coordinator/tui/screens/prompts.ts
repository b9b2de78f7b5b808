import { widthOf } from "../../words/cell-width.ts";
import { narrow } from "../../words/narrow.ts";
import type { AnyList } from "../lists/list-view.ts";
import type { FilterPrompt, OrderQuestion, Prompt } from "../prompt.ts";
import { type Line, span } from "../terminal/styled.ts";
import { wrappedCommand } from "../terminal/wrap.ts";

/** The lines of an open question, at the bottom of the screen. */
export function promptLines(prompt: Prompt, width: number): Line[] {
  if (prompt.kind === "filter") return filterLines(prompt, width);
  if (prompt.kind === "columns") return columnLines(prompt.list, prompt.at);
  if (prompt.kind === "sort") return orderChoice(prompt.list, prompt.at);
  return prompt.kind === "quit" ? quitLines(prompt) : orderLines(prompt, width);
}

function orderLines({ effect, command, mustType, typed }: OrderQuestion, width: number): Line[] {
  const question: Line =
    mustType === null
      ? [span(" really? y for yes, any other key for no ", "heading")]
      : [
          span(` type ${narrow(mustType)} and Enter to do it, Esc for no: `, "heading"),
          span(`${narrow(typed)}_`, "bold"),
        ];
  return [[span(` ${narrow(effect)}`, "warn")], ...commandLines(narrow(command), width), question];
}

function commandLines(command: string, width: number): Line[] {
  const title = " the same in a shell: ";
  if (title.length + command.length <= width) return [[span(title, "dim"), span(command, "accent")]];
  return [[span(title, "dim")], ...wrappedCommand(command, width).map((line): Line => [span(line, "accent")])];
}

const filterTitle = " filter: ";

/** What was typed, with carets under what is wrong. If the text is longer than a line, the wrong part is quoted instead. */
function filterLines({ line: { text, cursor }, error }: FilterPrompt, width: number): Line[] {
  const room = width - filterTitle.length - 1;
  const before = narrow(text.slice(0, cursor));
  const under = Array.from(text.slice(cursor))[0] ?? "";
  const rest = narrow(text.slice(cursor + under.length));
  // The cursor is never beyond the edge.
  const start = widthOf(before) > room ? lastCells(before, room) : before;
  const hint = span("   Enter keeps it, Esc drops it, up and down recall", "dim");
  const line: Line = [
    span(filterTitle, "heading"),
    span(start, "bold"),
    under === "" ? span("_", "bold") : span(narrow(under), "selected"),
    span(rest, "bold"),
    hint,
  ];
  if (error === null) return [line];
  const { at, length, problem } = error;
  const isOneLine = filterTitle.length + widthOf(narrow(text)) < width;
  const wrong = narrow(text.slice(at, at + length));
  const carets = isOneLine
    ? `${" ".repeat(filterTitle.length + widthOf(narrow(text.slice(0, at))))}${"^".repeat(Math.max(1, widthOf(wrong)))}`
    : ` at "${wrong}":`;
  return [line, [span(carets, "bad")], ...problem.split("\n").map((said): Line => [span(` ${narrow(said)}`, "bad")])];
}

/** The end of a text that fits. */
function lastCells(text: string, width: number): string {
  const characters = Array.from(text);
  while (characters.length > 0 && widthOf(characters.join("")) > width) characters.shift();
  return characters.join("");
}

function quitLines({ canOrder, goesOn, name }: Extract<Prompt, { kind: "quit" }>): Line[] {
  const detach: Line = [span(" [d] ", "heading"), span(`detach: ${goesOn}`)];
  const back: Line = [span(" Esc to stay", "dim")];
  if (!canOrder) return [detach, back];
  return [
    detach,
    [span(" [s] ", "heading"), span(`stop ${name} when its running runs end`)],
    [span(" [c] ", "heading"), span(`cancel ${name}: its running runs end now, without results`)],
    back,
  ];
}

const choiceRows = 8;

/** The part of a long choice around the place where the cursor is. */
function choices(lines: readonly string[], at: number, hint: string): Line[] {
  const from = Math.max(0, Math.min(at - choiceRows + 2, lines.length - choiceRows));
  const rows = lines.slice(from, from + choiceRows).map((text, i): Line => {
    const isHere = from + i === at;
    return [span(` ${isHere ? ">" : " "} ${text}`, isHere ? "selected" : "plain")];
  });
  return [...rows, [span(` ${hint}`, "dim")]];
}

function columnLines({ columns, hidden }: AnyList, at: number): Line[] {
  const lines = columns.map(({ name, priority }) => {
    const mark = priority === 0 ? "always" : hidden.has(name) ? "  no  " : " yes  ";
    return `${mark} ${narrow(name)}`;
  });
  return choices(lines, at, "space shows or hides a column, Esc when done");
}

function orderChoice({ columns, sortName, isDescending }: AnyList, at: number): Line[] {
  const mark = (name: string): string => (name === sortName ? (isDescending ? "▼" : "▲") : " ");
  const lines = [
    `${sortName === null ? "*" : " "} the order of the list itself`,
    ...columns.map(({ name }) => `${mark(name)} ${narrow(name)}`),
  ];
  return choices(
    lines,
    at,
    "Enter sorts by it, best first; by the marked one the other way round; Esc leaves the order",
  );
}
