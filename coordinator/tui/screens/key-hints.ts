import { isOffered } from "../orders/control-questions.ts";
import type { Page, ViewModel } from "../view-model.ts";

/** Keys at the bottom of the screen: only those that do something now, and as many as there is room for. */
export function keyHints(model: ViewModel, room: number): string {
  const always = ["? help", "q quit"];
  const kept: string[] = [];
  for (const hint of hintsFor(model)) {
    if (joined([...kept, hint, ...always]).length > room) break;
    kept.push(hint);
  }
  const shown = joined([...kept, ...always]);
  return [shown, "  ?"].find((text) => text.length <= room) ?? "";
}

const joined = (hints: readonly string[]): string => `  ${hints.join("  ")}`;

/** The most wanted first. */
function hintsFor(model: ViewModel): string[] {
  const { focus, lists } = model;
  const list = lists.of(focus);
  const isList = focus !== "Curves" && focus !== "Best";
  const hasRows = isList && list.rows.length > 0;
  return [
    ...(isList && list.filterText !== "" ? ["Esc clear"] : []),
    ...(isOffered(model, "resume") ? ["R resume"] : []),
    ...(hasRows ? ["/ filter"] : []),
    ...(hasRows && focus !== "Events" ? ["o sort"] : []),
    ...(focus === "Curves" ? ["x axis"] : []),
    ...(hasRows ? ["z freeze"] : []),
    ...(isOffered(model, "pause") ? ["P pause"] : []),
    ...(focus === "Workers" && hasRows && isOffered(model, "bench") ? ["B bench"] : []),
  ];
}

export function pageHints(model: ViewModel, page: Page): string {
  const hints = [
    "Esc back",
    ...(page.kind === "run" ? [] : ["Enter open"]),
    "x axis",
    ...(isOffered(model, "resume") ? ["R resume"] : []),
    ...(isOffered(model, "pause") ? ["P pause"] : []),
    ...(isOffered(model, "cancel") ? ["X cancel"] : []),
    "? help",
  ];
  return ` ${hints.join("   ")}`;
}
