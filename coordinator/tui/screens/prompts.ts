import { narrow } from "../../words/narrow.ts";
import type { AnyList } from "../lists/list-view.ts";
import type { OrderQuestion, Prompt } from "../prompt.ts";
import { type Line, span } from "../terminal/styled.ts";
import { wrappedCommand } from "../terminal/wrap.ts";

/** The lines of an open question, at the bottom of the screen. */
export function promptLines(prompt: Prompt, width: number): Line[] {
  if (prompt.kind === "filter") return filterLines(prompt, width);
  if (prompt.kind === "columns") return columnLines(prompt.list, prompt.at);
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
function filterLines({ text, error }: Extract<Prompt, { kind: "filter" }>, width: number): Line[] {
  const hint = span("   Enter applies it, Esc closes it", "dim");
  const line: Line = [span(filterTitle, "heading"), span(`${narrow(text)}_`, "bold"), hint];
  if (error === null) return [line];
  const { at, length, problem } = error;
  const isOneLine = filterTitle.length + text.length < width;
  const carets = isOneLine
    ? `${" ".repeat(filterTitle.length + at)}${"^".repeat(length)}`
    : ` at "${narrow(text.slice(at, at + length))}":`;
  return [line, [span(carets, "bad")], ...problem.split("\n").map((said): Line => [span(` ${narrow(said)}`, "bad")])];
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

const columnRows = 8;

function columnLines({ columns, hidden }: AnyList, at: number): Line[] {
  const from = Math.max(0, Math.min(at - columnRows + 2, columns.length - columnRows));
  const rows = columns.slice(from, from + columnRows).map(({ name, priority }, i): Line => {
    const mark = priority === 0 ? "always" : hidden.has(name) ? "  no  " : " yes  ";
    return [span(` ${from + i === at ? ">" : " "} ${mark} ${narrow(name)}`, from + i === at ? "selected" : "plain")];
  });
  return [...rows, [span(" space shows or hides a column, Esc when done", "dim")]];
}
