import { bindings } from "./keys.ts";
import { type Line, plain, span } from "./styled.ts";

/** The help is the key map itself, so that it cannot be wrong. */
export function helpLines(scroll: number, height: number): Line[] {
  const keyWidth = bindings.reduce((most, { shown }) => Math.max(most, shown.length), 0);
  const lines: Line[] = [];
  let group = "";
  for (const { shown, does, command, group: own } of bindings) {
    if (own !== group) {
      group = own;
      lines.push([span(` ${own}`, "heading")]);
    }
    const line: Line = [span(`   ${shown.padEnd(keyWidth)}  `, "accent"), span(does)];
    lines.push(command === undefined ? line : [...line, span(`  (${command})`, "dim")]);
  }
  lines.push(plain(" Every control key asks first, and does nothing unless y is pressed."));
  const top = Math.max(0, Math.min(scroll, lines.length - height));
  return lines.slice(top, top + height);
}

/** How far the help can be moved at this height. */
export const helpLength = (): number => bindings.length + new Set(bindings.map(({ group }) => group)).size + 1;
