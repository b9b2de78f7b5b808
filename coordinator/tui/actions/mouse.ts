import type { ScreenName } from "../keys.ts";
import type { AnyList } from "../lists/list-view.ts";
import { hitAt } from "../terminal/styled.ts";
import type { Key } from "../terminal/terminal-port.ts";
import type { ViewModel } from "../view-model.ts";
import type { KeyContext } from "./key-context.ts";

/** Rows that a turn of the wheel scrolls by. */
const wheelRows = 3;

export const isOfMouse = ({ name }: Key): boolean => name === "click" || name === "wheelup" || name === "wheeldown";

/**
 * Handles a click or a turn of the wheel. A click on a row selects it, or opens it if it is selected; on a header it
 * sorts; on a screen's name or a pane it goes there. The wheel scrolls the pane under it.
 *
 * @param press  does what the key of this name does
 */
export function useMouse(context: KeyContext, { name, at }: Key, press: (name: string) => void): void {
  const { model, now } = context;
  if (!at) return;
  if (name !== "click") {
    const pane = paneAt(model, at);
    const by = name === "wheelup" ? -wheelRows : wheelRows;
    // Pages, the help and the newest events move as by keys.
    if (pane === undefined || model.prompt || (pane === "Events" && pane === model.focus))
      for (let i = 0; i < wheelRows; i += 1) press(by < 0 ? "up" : "down");
    else scroll(model, pane, by, now);
    return;
  }
  if (model.prompt) {
    context.say("answer the question at the bottom first; Esc drops it");
    return;
  }
  click(context, at, press);
}

/** Scrolls a pane's list; curves have none. Events show the newest until they are scrolled, and again once their end is reached. */
function scroll({ lists }: ViewModel, pane: ScreenName, by: number, now: number): void {
  if (pane === "Curves" || pane === "Best") return;
  const list = lists.of(pane);
  if (pane === "Events" && list.selectedKey === null) list.toEnd(now);
  list.scroll(by, now);
  if (pane === "Events" && list.shown.to === list.rows.length) list.selectedKey = null;
}

function click(
  { model, now, say }: KeyContext,
  at: { readonly x: number; readonly y: number },
  press: (name: string) => void,
): void {
  const hit = hitAt(model.drawn.lines[at.y] ?? [], at.x);
  const pane = paneAt(model, at);
  model.unsay();
  if (hit?.kind === "screen") {
    // Only names of screens are made clickable in this way.
    model.isHelpOpen = false;
    model.show(hit.screen as ScreenName);
  } else if (hit?.kind === "page row") {
    const isSelected = model.pageScroll === hit.at;
    model.pageScroll = hit.at;
    if (isSelected) press("enter");
  } else if (pane !== undefined) {
    const list = model.lists.of(pane);
    const hadFocus = model.focus === pane;
    model.focus = pane;
    if (hit?.kind === "column") list.sortBy(hit.name, now);
    else if (hit?.kind === "row") choose(list, hit.key, hadFocus, now, press);
  } else say("there is nothing to click on here");
}

function choose(list: AnyList, key: string, hadFocus: boolean, now: number, press: (name: string) => void): void {
  if (hadFocus && list.selectedKey === key) press("enter");
  else list.pick(key, now);
}

/** The pane at this cell. */
function paneAt(
  { drawn: { panes, top } }: ViewModel,
  { x, y }: { readonly x: number; readonly y: number },
): ScreenName | undefined {
  const line = y - top;
  return panes.find((pane) => line >= pane.y && line < pane.y + pane.height && x >= pane.x && x < pane.x + pane.width)
    ?.screen;
}
