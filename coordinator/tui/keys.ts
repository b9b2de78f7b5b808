/** Every key of the screen, once: what it does comes from here, and so do the help and docs/screens.md. */

export type Action =
  | "screen"
  | "next-pane"
  | "up"
  | "down"
  | "left"
  | "right"
  | "page-up"
  | "page-down"
  | "start"
  | "end"
  | "open"
  | "back"
  | "filter"
  | "sort"
  | "turn-sort"
  | "columns"
  | "freeze"
  | "follow"
  | "wide"
  | "axis"
  | "copy"
  | "save"
  | "mouse"
  | "previous-job"
  | "next-job"
  | "pause"
  | "resume"
  | "drain"
  | "stop"
  | "cancel"
  | "bench"
  | "help"
  | "quit"
  | "interrupt"
  | "suspend"
  | "redraw";

export interface Binding {
  /** As the terminal names them. */
  readonly keys: readonly string[];
  /** As people read them. */
  readonly shown: string;
  readonly action: Action;
  readonly does: string;
  readonly group: "Screens" | "Moving" | "Lists" | "Text" | "Control" | "Program";
  /** The command that does the same. */
  readonly command?: string;
}

const bind = (group: Binding["group"], keys: string, shown: string, action: Action, does: string): Binding => ({
  keys: keys.split(" "),
  shown,
  action,
  does,
  group,
});
const control = (key: string, action: Action, does: string, command: string): Binding => ({
  keys: [key],
  shown: key,
  action,
  does,
  group: "Control",
  command,
});

export const screenNames = ["Standings", "Runs", "Workers", "Curves", "Neighbourhood", "Events"] as const;
export type ScreenName = (typeof screenNames)[number];

export const bindings: readonly Binding[] = [
  bind("Screens", "1 2 3 4 5 6", "1-6", "screen", screenNames.join(", ")),
  bind("Screens", "tab S-tab", "Tab", "next-pane", "the next pane, where there is room for several"),
  bind("Screens", "w", "w", "wide", "the pane fills the screen; again: back"),
  bind("Screens", "[", "[", "previous-job", "the job before"),
  bind("Screens", "]", "]", "next-job", "the job after"),
  bind("Moving", "down j wheeldown", "down j", "down", "the next row"),
  bind("Moving", "up k wheelup", "up k", "up", "the row before"),
  bind("Moving", "left h", "left h", "left", "columns further left"),
  bind("Moving", "right l", "right l", "right", "columns further right"),
  bind("Moving", "pageup", "PgUp", "page-up", "a page up"),
  bind("Moving", "pagedown space", "PgDn", "page-down", "a page down"),
  bind("Moving", "g home", "g", "start", "the first row"),
  bind("Moving", "G end", "G", "end", "the last row"),
  bind("Moving", "enter", "Enter", "open", "opens the run set, the run, the worker's runs; shows an event whole"),
  bind("Moving", "escape backspace", "Esc", "back", "back; clears the filter; lets go of the row"),
  bind("Lists", "/", "/", "filter", "filter, as lr=0.0004 runs>3 !failed; the language of nexus list runs --filter"),
  bind("Lists", "o", "o", "sort", "sort by the next column"),
  bind("Lists", "O", "O", "turn-sort", "turn the order round"),
  bind("Lists", "c", "c", "columns", "choose columns"),
  bind("Lists", "z", "z", "freeze", "freeze the order; again: let it go on"),
  bind("Lists", "f", "f", "follow", "keep the row on the screen when the order changes"),
  bind("Lists", "x", "x", "axis", "curves over iterations, hours or reports"),
  bind("Text", "y", "y", "copy", "copy the row as JSON; on Workers the join line"),
  bind("Text", "s", "s", "save", "save the screen as text"),
  bind("Text", "m", "m", "mouse", "the wheel moves in lists; off, so that text can be marked"),
  control("P", "pause", "pause the job, or the run or worker that is selected: no new leases", "nexus pause"),
  control("R", "resume", "resume it", "nexus resume"),
  control("D", "drain", "drain the job or the worker: finish what runs, start nothing", "nexus drain"),
  control("S", "stop", "stop the job after its running runs; a worker at once, its runs move on", "nexus stop"),
  control("X", "cancel", "cancel what is selected, now; type the job's name for a whole job", "nexus cancel"),
  control("B", "bench", "bench the worker: it gets no runs; again: admit it", "nexus bench"),
  bind("Program", "?", "?", "help", "this help"),
  bind("Program", "q", "q", "quit", "leave: detach, stop or cancel"),
  bind("Program", "C-c", "Ctrl-C", "interrupt", "the same question; twice within two seconds: detach at once"),
  bind("Program", "C-z", "Ctrl-Z", "suspend", "stop this screen until fg; the search goes on"),
  bind("Program", "C-l", "Ctrl-L", "redraw", "draw everything again"),
];

const byKey = new Map(bindings.flatMap((binding) => binding.keys.map((key) => [key, binding] as const)));

/** What a key does; a space bar is called by its character. */
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
