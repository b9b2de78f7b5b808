import { messageOf } from "../../../shared/errors.ts";
import { FilterError } from "../../runs/filter.ts";
import { misspeltStatus, termStart, unfinishedAt } from "../lists/row-filter.ts";
import { leavingQuestion } from "../orders/control-questions.ts";
import type { FilterProblem, FilterPrompt, OrderQuestion, Prompt } from "../prompt.ts";
import type { Key } from "../terminal/terminal-port.ts";
import { askOrSay } from "./ask-or-say.ts";
import type { KeyContext } from "./key-context.ts";

/** Handles a key while a question is open. */
export function answerPrompt(context: KeyContext, prompt: Prompt, key: Key): void {
  if (prompt.kind === "filter") typeFilter(context, prompt, key);
  else if (prompt.kind === "sort") chooseOrder(context, prompt, key);
  else if (prompt.kind === "columns") chooseColumns(context, prompt, key);
  else if (prompt.kind === "quit") quit(context, prompt, key);
  else answerQuestion(context, prompt, key);
}

function typeFilter({ model, now, say }: KeyContext, prompt: FilterPrompt, key: Key): void {
  const { list, line, before } = prompt;
  switch (key.name) {
    case "escape":
      model.prompt = null;
      // Nothing of what was typed stays.
      if (list.filterText !== before) list.setFilter(before, now);
      return;
    case "enter":
      prompt.error = setFilter(prompt, line.text, now);
      if (prompt.error !== null) return;
      model.prompt = null;
      list.rememberFilter(list.filterText);
      if (list.rows.length === 0) {
        const hint = misspeltStatus(line.text);
        if (hint !== undefined) say(`nothing passes the filter; ${hint}`);
      }
      return;
    case "up":
    case "C-p":
      recall(prompt, -1);
      break;
    case "down":
    case "C-n":
      recall(prompt, 1);
      break;
    default: {
      const typed = line.text;
      if (!line.press(key) || line.text === typed) return;
    }
  }
  followLine(prompt, now);
}

/** Filters the list by the line, up to a word that is still being typed, and up to what is wrong. */
function followLine(prompt: FilterPrompt, now: number): void {
  const { list, line } = prompt;
  const { text } = line;
  const unfinished = line.cursor === text.length ? unfinishedAt(text, list.filterNames) : undefined;
  const problem = setFilter(prompt, text.slice(0, unfinished), now);
  if (problem) setFilter(prompt, text.slice(0, termStart(text, problem.at)), now);
  prompt.error = problem;
}

/** Returns what is wrong with the text; if anything is, the list stays as it is. */
function setFilter({ list }: FilterPrompt, text: string, now: number): FilterProblem | null {
  try {
    list.setFilter(text, now);
    return null;
  } catch (error) {
    if (!(error instanceof FilterError)) throw error;
    return error;
  }
}

function recall(prompt: FilterPrompt, by: number): void {
  const { line, list, recalled } = prompt;
  const { filterHistory: history } = list;
  if (recalled === history.length) prompt.draft = line.text;
  prompt.recalled = Math.max(0, Math.min(history.length, recalled + by));
  line.set(history[prompt.recalled] ?? prompt.draft);
}

/** Columns to sort by; the first place is the list's own order. */
function chooseOrder({ model, now, say }: KeyContext, prompt: Extract<Prompt, { kind: "sort" }>, key: Key): void {
  const { list } = prompt;
  const last = list.columns.length;
  const steps: Record<string, number> = {
    up: -1,
    k: -1,
    down: 1,
    j: 1,
    pageup: -8,
    pagedown: 8,
    home: -last,
    end: last,
  };
  const by = steps[key.name];
  if (by !== undefined) prompt.at = Math.max(0, Math.min(last, prompt.at + by));
  else if (key.name === "enter" || key.name === " ") {
    list.sortBy(list.columns[prompt.at - 1]?.name ?? null, now);
    model.prompt = null;
  } else if (key.name === "escape" || key.name === "o" || key.name === "q") {
    model.prompt = null;
    say("the order stays");
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
