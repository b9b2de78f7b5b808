import type { Action } from "../keys.ts";
import { helpLength } from "../screens/help.ts";
import type { KeyContext } from "./key-context.ts";

const steps: Partial<Record<Action, number>> = { up: -1, down: 1, "page-up": -10, "page-down": 10 };
/** Keys that mean on a page what they mean elsewhere. */
const everywhere: readonly Action[] = [
  "screen",
  "axis",
  "copy",
  "save",
  "mouse",
  "help",
  "quit",
  "suspend",
  "redraw",
  "interrupt",
];

/** Keys while the help is open. Returns whether the key is done with. */
export function moveHelp({ model, terminal }: KeyContext, action: Action): boolean {
  const most = Math.max(0, helpLength(terminal.columns) - (terminal.rows - 3));
  const by = action === "start" ? -most : action === "end" ? most : steps[action];
  if (by !== undefined) {
    model.helpScroll = Math.max(0, Math.min(most, model.helpScroll + by));
    return true;
  }
  model.isHelpOpen = false;
  return action === "help" || action === "back" || action === "open";
}

/** Keys on the page of a run set or a run. Returns whether the key is done with. */
export function moveInPage({ model, say }: KeyContext, action: Action): boolean {
  const { page } = model;
  if (!page || everywhere.includes(action)) return false;
  // On a run's page what moves is the console, which is seen from its end.
  const turn = page.kind === "run" ? -1 : 1;
  const runs = page.kind === "run set" ? model.search.runsOf(page.key) : [];
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
