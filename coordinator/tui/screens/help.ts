import { paddedEnd, widthOf } from "../../words/cell-width.ts";
import { narrow } from "../../words/narrow.ts";
import { type Action, type Binding, bindings, type ScreenName } from "../keys.ts";
import { type Line, plain, span } from "../terminal/styled.ts";
import { wrapped } from "../terminal/wrap.ts";
import type { ViewModel } from "../view-model.ts";

/** The help is made from the table of keys and the columns' own descriptions, so it always agrees with them. */
export function helpScreen(model: ViewModel, width: number, height: number): Line[] {
  const lines = allLines(model, width);
  const top = Math.max(0, Math.min(model.helpScroll, lines.length - height));
  return lines.slice(top, top + height);
}

/** How many lines it has at this width. */
export const helpLength = (model: ViewModel, width: number): number => allLines(model, width).length;

const allLines = (model: ViewModel, width: number): Line[] => [...keyLines(model, width), ...glossary(model, width)];

/** What the columns mean, on the screen that keys go to. */
function glossary({ focus, lists }: ViewModel, width: number): Line[] {
  const { columns } = lists.of(focus);
  const nameWidth = columns.reduce((most, { name }) => Math.max(most, widthOf(narrow(name))), 0);
  return [
    plain(""),
    [span(` Columns of ${hasRows(focus) ? focus : "Standings"}`, "heading")],
    ...columns.flatMap(({ name, about }) =>
      wrapped([span(`   ${paddedEnd(narrow(name), nameWidth)}  `, "accent"), span(about)], width, nameWidth + 5),
    ),
  ];
}

/** Groups of keys that mean the same everywhere. */
const everywhere: readonly string[] = ["Screens", "Program", "Text"];
const hasRows = (screen: ScreenName): boolean => screen !== "Curves" && screen !== "Best";
/** On which screens a key does something, where that is not all of them. */
const places: Partial<Record<Action, (screen: ScreenName) => boolean>> = {
  join: (screen) => screen === "Workers",
  bench: (screen) => screen === "Workers",
  "all-jobs": (screen) => screen === "Events",
  axis: (screen) => screen === "Curves",
  copy: hasRows,
  left: hasRows,
  right: hasRows,
  filter: hasRows,
  sort: hasRows,
  "turn-sort": hasRows,
  columns: hasRows,
  freeze: hasRows,
  follow: hasRows,
};
/** Actions that a page carries out itself. */
const ofPages: readonly Action[] = [
  ...(["down", "up", "page-up", "page-down", "start", "end", "open", "back", "axis"] as const),
  ...(["pause", "resume", "stop", "cancel"] as const),
];

/** Keys of the page or the pane that keys go to, then those that mean the same everywhere, then those of other panes. */
function keyLines({ focus, page }: ViewModel, width: number): Line[] {
  const isHere = ({ action, group }: Binding): boolean =>
    page ? ofPages.includes(action) : (places[action]?.(focus) ?? !everywhere.includes(group));
  const isCommon = ({ action, group }: Binding): boolean => everywhere.includes(group) && !places[action];
  const here = bindings.filter(isHere);
  const common = bindings.filter((binding) => !isHere(binding) && isCommon(binding));
  const others = bindings.filter((binding) => !isHere(binding) && !isCommon(binding));
  return [
    ...group(page ? "Keys of this page" : `Keys of ${focus}`, here, width),
    plain(" Every control key asks first, and does nothing unless you confirm."),
    ...group("Everywhere", common, width),
    ...group(page ? "On the screens" : "On other screens", others, width),
  ];
}

const keyWidth = bindings.reduce((most, { shown }) => Math.max(most, shown.length), 0);

const group = (title: string, keys: readonly Binding[], width: number): Line[] => [
  [span(` ${title}`, "heading")],
  ...keys.flatMap(({ shown, does, command }) => {
    const line: Line = [span(`   ${shown.padEnd(keyWidth)}  `, "accent"), span(does)];
    const whole: Line = command === undefined ? line : [...line, span(`  (${command})`, "dim")];
    return wrapped(whole, width, keyWidth + 5);
  }),
];
