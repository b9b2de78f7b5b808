import { type Line, plain, span } from "../terminal/styled.ts";
import { wrapped, wrappedCommand } from "../terminal/wrap.ts";
import type { ViewModel } from "../view-model.ts";
import { listLines } from "./table-view.ts";

/** The join line stands below the list, for it is what a newcomer looks for here. */
export function workersLines(model: ViewModel, width: number, height: number, isFocused: boolean): Line[] {
  const foot = joinLines(model, width, Math.max(0, height - 4));
  const list = model.lists.workers;
  const room = Math.max(2, height - foot.length);
  const rows =
    list.rows.length > 0
      ? listLines(list, width, room, isFocused)
      : [plain(list.filterText === "" ? "  no worker has joined yet" : "  no worker passes the filter; Esc clears it")];
  // Long lists push the line to the bottom, short ones leave it near.
  return [...rows, ...foot];
}

/** Addresses that are shown at most. */
const mostLines = 3;

function joinLines({ options: { joining } }: ViewModel, width: number, most: number): Line[] {
  if (!joining) return [];
  const { commands, opening } = joining;
  const who = opening === null ? "another machine" : "a worker on this machine";
  const typed = (command: string): Line[] =>
    command.length + 2 <= width
      ? [[span(`  ${command}`, "accent")]]
      : wrappedCommand(command, width).map((line): Line => [span(line, "accent")]);
  const said = (text: string): Line[] => wrapped(plain(text), width, 2);
  const lines: Line[] = [
    plain(""),
    ...said(`  ${who} joins with (y copies it):`),
    ...commands.slice(0, mostLines).flatMap(typed),
    ...(opening === null
      ? []
      : [
          ...said("  other machines cannot: the broker listens on this one alone. In a shell, this lets them:"),
          ...typed(opening),
        ]),
  ];
  return lines.slice(0, most);
}
