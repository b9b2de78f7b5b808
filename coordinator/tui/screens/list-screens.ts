import { timeOfDay } from "../../words/event-words.ts";
import { momentText } from "../../words/invitations.ts";
import { clip } from "../../words/narrow.ts";
import type { ListView } from "../lists/list-view.ts";
import { type Line, plain, span } from "../terminal/styled.ts";
import { wrapped, wrappedCommand } from "../terminal/wrap.ts";
import type { ViewModel } from "../view-model.ts";
import { listLines } from "./table-view.ts";

/** A list, or a sentence instead: nothing passes its filter, or why it is empty. */
function listOrWord<Row>(
  list: ListView<Row>,
  what: string,
  whyEmpty: string,
  width: number,
  height: number,
  isFocused: boolean,
): Line[] {
  if (list.rows.length > 0) return listLines(list, width, height, isFocused);
  return [plain(list.filterText === "" ? `  ${whyEmpty}` : `  no ${what} passes the filter; Esc clears it`)];
}

export function standingsLines(model: ViewModel, width: number, height: number, isFocused: boolean): Line[] {
  const list = model.lists.standings;
  const { table } = model.search;
  if (list.filterText !== "" || (table && table.runSets.totals.completed > 0)) {
    return listOrWord(list, "run set", "", width, height, isFocused);
  }
  const why = whyEmpty(model);
  if (list.rows.length === 0) return why;
  return [...listLines(list, width, Math.max(2, height - 1 - why.length), isFocused), plain(""), ...why];
}

/** Why there are no standings yet, and what to type. */
function whyEmpty(model: ViewModel): Line[] {
  const { options, search } = model;
  const { table } = search;
  if (!table) {
    return [
      plain(`  workspace ${options.workspace} has no job yet. In another terminal, run:`),
      plain(""),
      [span("    nexus init              ", "accent"), span("writes a first spec, search.yaml")],
      [span("    nexus run search.yaml   ", "accent"), span("starts the search; it appears here")],
    ];
  }
  if (table.isOver) return [plain("  no run has completed, so there are no standings; 2 shows the runs")];
  if (table.running > 0) return [plain(`  ${table.running} running; the standings begin with the first result`)];
  const { joining } = options;
  const [command] = joining?.commands ?? [];
  return [
    plain(`  waiting for a worker. On ${joining?.opening ? "this machine" : "each machine that should join"}, run:`),
    plain(""),
    [span(`    ${command ?? "nexus-worker LINE"}`, "accent")],
    plain(""),
    plain(
      command === undefined
        ? "  nexus-coord prints the line on the coordinator's machine"
        : `  3 shows this line again${joining?.opening ? ", and how other machines can join" : ""}; y copies it there`,
    ),
  ];
}

export const runsLines = ({ lists }: ViewModel, width: number, height: number, isFocused: boolean): Line[] =>
  listOrWord(lists.runs, "run", "no run has started yet", width, height, isFocused);

/** The join line stands below the list: newcomers look for it here. */
export function workersLines(model: ViewModel, width: number, height: number, isFocused: boolean): Line[] {
  const foot = joinLines(model, width, Math.max(0, height - 4));
  const list = model.lists.workers;
  const room = Math.max(2, height - foot.length);
  const rows = listOrWord(list, "worker", "no worker has joined yet", width, room, isFocused);
  // Right below a short list, at the bottom below a long one.
  return [...rows, ...foot];
}

/** The most addresses that are shown. */
const mostLines = 3;

function joinLines({ options: { joining } }: ViewModel, width: number, most: number): Line[] {
  if (!joining) return [];
  const { commands, opening, until = null } = joining;
  const where = opening === null ? "another machine" : "this machine";
  const typed = (command: string): Line[] =>
    command.length + 2 <= width
      ? [[span(`  ${command}`, "accent")]]
      : wrappedCommand(command, width).map((line): Line => [span(line, "accent")]);
  const said = (text: string): Line[] => wrapped(plain(text), width, 2);
  const lines: Line[] = [
    plain(""),
    ...said(`  to start a worker on ${where}, run${opening === null ? " there" : ""} (y copies it):`),
    ...commands.slice(0, mostLines).flatMap(typed),
    ...(until === null ? [] : said(`  the line holds until ${momentText(until)}; a new one is shown long before`)),
    ...(opening === null
      ? []
      : [
          ...said("  other machines cannot join: the broker listens on this machine only. To let them join, run:"),
          ...typed(opening),
        ]),
  ];
  return lines.slice(0, most);
}

/** Newest last. Until someone moves in it, the end is shown. */
export function eventsLines(model: ViewModel, width: number, height: number, isFocused: boolean): Line[] {
  const list = model.lists.events;
  if (list.rows.length === 0) return listOrWord(list, "event", "nothing has happened yet", width, height, isFocused);
  const isLive = list.selectedKey === null;
  const { rows, selected } = isLive ? { rows: list.end(height), selected: -1 } : list.visible(height);
  return rows.map((row, i): Line => {
    const isSelected = isFocused && i === selected;
    const mark = row.level === "trouble" ? "!" : " ";
    const times = row.count > 1 ? ` (x${row.count})` : "";
    const text = `${clip(row.text, width - 13 - times.length)}${times}`;
    if (isSelected) return [span(`> ${timeOfDay(row.at)} ${mark} ${text}`, "selected")];
    return [
      span(`  ${timeOfDay(row.at)} `, "dim"),
      span(`${mark} `, row.level === "trouble" ? "bad" : "plain"),
      span(text, row.level === "trouble" ? "warn" : "plain"),
    ];
  });
}
