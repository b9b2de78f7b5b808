import { paddedEnd, widthOf } from "../../words/cell-width.ts";
import { narrow } from "../../words/narrow.ts";
import { bindings } from "../keys.ts";
import { type Line, plain, span } from "../terminal/styled.ts";
import { wrapped } from "../terminal/wrap.ts";
import type { ViewModel } from "../view-model.ts";

/** The help is made from the table of keys and from the columns' own descriptions, so it cannot be wrong. */
export function helpLines(model: ViewModel, width: number, height: number): Line[] {
  const lines = allLines(model, width);
  const top = Math.max(0, Math.min(model.helpScroll, lines.length - height));
  return lines.slice(top, top + height);
}

/** How many lines it has at this width. */
export const helpLength = (model: ViewModel, width: number): number => allLines(model, width).length;

const allLines = (model: ViewModel, width: number): Line[] => [...keyLines(width), ...glossary(model, width)];

/** What the columns of the screen say that keys go to. */
function glossary({ focus, lists }: ViewModel, width: number): Line[] {
  const { columns } = lists.of(focus);
  const nameWidth = columns.reduce((most, { name }) => Math.max(most, widthOf(narrow(name))), 0);
  return [
    plain(""),
    [span(` Columns of ${focus === "Curves" ? "Standings" : focus}`, "heading")],
    ...columns.flatMap(({ name, about }) =>
      wrapped([span(`   ${paddedEnd(narrow(name), nameWidth)}  `, "accent"), span(about)], width, nameWidth + 5),
    ),
  ];
}

function keyLines(width: number): Line[] {
  const keyWidth = bindings.reduce((most, { shown }) => Math.max(most, shown.length), 0);
  const lines: Line[] = [];
  let group = "";
  for (const { shown, does, command, group: own } of bindings) {
    if (own !== group) {
      group = own;
      lines.push([span(` ${own}`, "heading")]);
    }
    const line: Line = [span(`   ${shown.padEnd(keyWidth)}  `, "accent"), span(does)];
    const whole: Line = command === undefined ? line : [...line, span(`  (${command})`, "dim")];
    lines.push(...wrapped(whole, width, keyWidth + 5));
  }
  lines.push(plain(" Every control key asks first, and does nothing unless you confirm."));
  return lines;
}
