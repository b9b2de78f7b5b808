import { messageOf } from "../../../shared/errors.ts";
import { FilterError } from "../../runs/filter.ts";
import { misspeltStatus } from "../lists/row-filter.ts";
import type { OrderQuestion, Prompt } from "../prompt.ts";
import type { Key } from "../terminal/terminal-port.ts";
import { askOrSay, leavingQuestion } from "./controls.ts";
import type { KeyContext } from "./key-context.ts";

/** Handles a key while a question is open. */
export function answerPrompt(context: KeyContext, prompt: Prompt, key: Key): void {
  if (prompt.kind === "filter") typeFilter(context, prompt, key);
  else if (prompt.kind === "columns") chooseColumns(context, prompt, key);
  else if (prompt.kind === "quit") quit(context, prompt, key);
  else answerQuestion(context, prompt, key);
}

function typeFilter({ model, now, say }: KeyContext, prompt: Extract<Prompt, { kind: "filter" }>, key: Key): void {
  switch (key.name) {
    case "escape":
      model.prompt = null;
      break;
    case "backspace":
      prompt.text = prompt.text.slice(0, -1);
      break;
    case "C-u":
      prompt.text = "";
      break;
    case "enter":
      try {
        prompt.list.setFilter(prompt.text, now);
        model.prompt = null;
      } catch (error) {
        if (!(error instanceof FilterError)) throw error;
        prompt.error = error;
        break;
      }
      if (prompt.list.rows.length === 0) {
        const hint = misspeltStatus(prompt.text);
        if (hint !== undefined) say(`nothing passes the filter; ${hint}`);
      }
      break;
    default:
      prompt.text += key.text;
  }
}

function chooseColumns(
  { model, ports, say }: KeyContext,
  prompt: Extract<Prompt, { kind: "columns" }>,
  key: Key,
): void {
  const { columns, hidden } = prompt.list;
  const column = columns[prompt.at];
  switch (key.name) {
    case "up":
    case "k":
      prompt.at = Math.max(0, prompt.at - 1);
      break;
    case "down":
    case "j":
      prompt.at = Math.min(columns.length - 1, prompt.at + 1);
      break;
    case " ":
    case "enter":
      if (column && column.priority !== 0 && !hidden.delete(column.name)) hidden.add(column.name);
      break;
    case "escape":
    case "c":
    case "q":
      model.prompt = null;
      try {
        ports.remember();
      } catch (error) {
        say(`the columns are not remembered: ${messageOf(error)}`);
      }
      break;
    default:
      break;
  }
}

function quit(context: KeyContext, prompt: Extract<Prompt, { kind: "quit" }>, key: Key): void {
  const { model, leave, detachedText } = context;
  if (key.name === "d" || key.name === "q") leave({ exitCode: 0, message: detachedText });
  else if (key.name === "escape") model.prompt = null;
  else if (prompt.canOrder && (key.name === "s" || key.name === "c")) {
    askOrSay(context, leavingQuestion(model, key.name === "s" ? "stop" : "cancel"));
  }
}

/** Enter alone never confirms. Every key but the one asked for means no. */
function answerQuestion({ model, say, carryOut }: KeyContext, prompt: OrderQuestion, key: Key): void {
  const { mustType } = prompt;
  const isMeant = mustType === null ? key.name === "y" || key.name === "Y" : prompt.typed === mustType;
  if (mustType !== null && key.name === "backspace") prompt.typed = prompt.typed.slice(0, -1);
  else if (mustType !== null && key.name !== "enter" && key.name !== "escape") prompt.typed += key.text;
  else if (isMeant && key.name !== "escape") {
    model.prompt = null;
    carryOut(prompt);
  } else if (mustType === null || key.name === "escape") {
    model.prompt = null;
    say("nothing was changed");
  }
}
