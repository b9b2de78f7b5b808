import { bindings } from "../keys.ts";
import { type Line, plain, span } from "../terminal/styled.ts";
import { wrapped } from "../terminal/wrap.ts";

/** The help is made from the table of keys, so it cannot be wrong. */
export function helpLines(scroll: number, width: number, height: number): Line[] {
  const lines = allLines(width);
  const top = Math.max(0, Math.min(scroll, lines.length - height));
  return lines.slice(top, top + height);
}

/** How many lines it has at this width. */
export const helpLength = (width: number): number => allLines(width).length;

function allLines(width: number): Line[] {
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
