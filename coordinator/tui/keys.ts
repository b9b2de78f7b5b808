/** Every key of the screen, once. What it does, the help and the table in docs/screens.md all come from here. */

export const screenNames = ["Standings", "Runs", "Workers", "Curves", "Neighbourhood", "Events"] as const;
export type ScreenName = (typeof screenNames)[number];

/** Group, keys as the terminal names them, keys as people read them, action, what it does, the command that does the same. */
const table = [
  ["Screens", "1 2 3 4 5 6", "1-6", "screen", screenNames.join(", ")],
  ["Screens", "tab S-tab", "Tab", "next-pane", "the next pane, where there is room for several"],
  ["Screens", "w", "w", "wide", "the pane fills the screen; again: back"],
  ["Screens", "[", "[", "previous-job", "the job before"],
  ["Screens", "]", "]", "next-job", "the job after"],
  ["Moving", "down j wheeldown", "down j", "down", "the next row"],
  ["Moving", "up k wheelup", "up k", "up", "the row before"],
  ["Moving", "left h", "left h", "left", "columns further left"],
  ["Moving", "right l", "right l", "right", "columns further right"],
  ["Moving", "pageup", "PgUp", "page-up", "a page up"],
  ["Moving", "pagedown space", "PgDn", "page-down", "a page down"],
  ["Moving", "g home", "g", "start", "the first row"],
  ["Moving", "G end", "G", "end", "the last row"],
  ["Moving", "enter", "Enter", "open", "opens the run set, the run, the worker's runs; shows an event whole"],
  ["Moving", "escape backspace", "Esc", "back", "back; clears the filter; lets go of the row"],
  ["Lists", "/", "/", "filter", "filter, as lr=0.0004 runs>3 !failed; the language of nexus list runs --filter"],
  ["Lists", "o", "o", "sort", "sort by the next column"],
  ["Lists", "O", "O", "turn-sort", "turn the order round"],
  ["Lists", "c", "c", "columns", "choose columns"],
  ["Lists", "z", "z", "freeze", "freeze the order; again: let it go on"],
  ["Lists", "f", "f", "follow", "keep the row on the screen when the order changes"],
  ["Lists", "x", "x", "axis", "curves over iterations, hours or reports"],
  ["Text", "y", "y", "copy", "copy the row as JSON; on Workers the join line"],
  ["Text", "s", "s", "save", "save the screen as text"],
  ["Text", "m", "m", "mouse", "the wheel moves in lists; off, so that text can be marked"],
  ["Control", "P", "P", "pause", "pause the job, or the run or worker that is selected: no new leases", "nexus pause"],
  ["Control", "R", "R", "resume", "resume it", "nexus resume"],
  ["Control", "D", "D", "drain", "drain the job or the worker: finish what runs, start nothing", "nexus drain"],
  [
    "Control",
    "S",
    "S",
    "stop",
    "stop the job after its running runs; a worker at once, its runs move on",
    "nexus stop",
  ],
  ["Control", "X", "X", "cancel", "cancel what is selected, now; type the job's name for a whole job", "nexus cancel"],
  ["Control", "B", "B", "bench", "bench the worker: it gets no runs; again: admit it", "nexus bench"],
  ["Program", "?", "?", "help", "this help"],
  ["Program", "q", "q", "quit", "leave: detach, stop or cancel"],
  ["Program", "C-c", "Ctrl-C", "interrupt", "the same question; twice within two seconds: detach at once"],
  ["Program", "C-z", "Ctrl-Z", "suspend", "stop this screen until fg; the search goes on"],
  ["Program", "C-l", "Ctrl-L", "redraw", "draw everything again"],
] as const;

export type Action = (typeof table)[number][3];

export interface Binding {
  readonly group: string;
  readonly keys: readonly string[];
  readonly shown: string;
  readonly action: Action;
  readonly does: string;
  readonly command: string | undefined;
}

export const bindings: readonly Binding[] = table.map(([group, keys, shown, action, does, command]) => ({
  group,
  keys: keys.split(" "),
  shown,
  action,
  does,
  command,
}));

const byKey = new Map(bindings.flatMap((binding) => binding.keys.map((key) => [key, binding] as const)));

/** What a key does. The terminal names the space bar " ". */
export const bindingOf = (key: string): Binding | undefined => byKey.get(key === " " ? "space" : key);

/** The table of docs/screens.md. */
export function keyTable(): string[] {
  const rows = bindings.map(({ shown, does, command }) => [`\`${shown}\``, does, command ? `\`${command}\`` : ""]);
  const all = [["key", "does", "command"], ...rows];
  const widths = [0, 1, 2].map((i) => Math.max(...all.map((row) => row[i]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(" | ")} |`;
  const [header = [], ...body] = all;
  return [line(header), `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`, ...body.map(line)];
}
