import type { Action, Binding } from "../keys.ts";
import { headerHeight } from "../screens/header.ts";
import { helpLength } from "../screens/help.ts";
import type { KeyContext } from "./key-context.ts";

const steps: Partial<Record<Action, number>> = { up: -1, down: 1, "page-up": -10, "page-down": 10 };
/** Keys that do the same on a page as elsewhere, besides those of text and program. */
const everywhere: readonly Action[] = ["screen", "axis"];
const groupsEverywhere: readonly string[] = ["Text", "Program"];

/** Handles a key while the help is open. Returns whether that was all the key does. */
export function moveHelp({ model, terminal }: KeyContext, action: Action): boolean {
  const most = Math.max(0, helpLength(model, terminal.columns) - (terminal.rows - headerHeight - 1));
  const by = action === "start" ? -most : action === "end" ? most : steps[action];
  if (by !== undefined) {
    model.helpScroll = Math.max(0, Math.min(most, model.helpScroll + by));
    return true;
  }
  model.isHelpOpen = false;
  return action === "help" || action === "back" || action === "open";
}

/** Handles a key on the page of a run set or a run. Returns whether that was all the key does. */
export function moveInPage({ model, say }: KeyContext, { action, group }: Binding): boolean {
  const { page } = model;
  if (!page || everywhere.includes(action) || groupsEverywhere.includes(group)) return false;
  // A run's page scrolls its console, which is shown from its end.
  const turn = page.kind === "run" ? -1 : 1;
  const runs = page.kind === "run set" ? model.runsOn(page) : [];
  const most = page.kind === "run set" ? Math.max(0, runs.length - 1) : Number.MAX_SAFE_INTEGER;
  const by = steps[action];
  if (by !== undefined) model.pageScroll = Math.max(0, Math.min(most, model.pageScroll + turn * by));
  else if (action === "start") model.pageScroll = turn === 1 ? 0 : most;
  else if (action === "end") model.pageScroll = turn === 1 ? most : 0;
  else if (action === "back") {
    model.pages.pop();
    model.pageScroll = 0;
  } else if (action === "open" && page.kind === "run set") {
    const trial = runs[model.pageScroll];
    if (trial) model.open({ kind: "run", n: trial.n });
  } else if (action !== "open") say("Esc goes back to the lists first");
  return true;
}
