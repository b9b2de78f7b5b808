/** Every key of the screen, once. What it does, the help and the table in docs/screens.md all come from here. */

/** In the order of their keys, from 0. */
export const screenNames = [
  "Jobs",
  "Standings",
  "Runs",
  "Workers",
  "Curves",
  "Neighbourhood",
  "Events",
  "Best",
] as const;
export type ScreenName = (typeof screenNames)[number];

/** Group, keys as the terminal names them, keys as people read them, action, what it does, the command that does the same. */
const table = [
  ["Screens", "0 1 2 3 4 5 6 7", "0-7", "screen", screenNames.join(", ")],
  ["Screens", "tab S-tab", "Tab", "next-pane", "next pane, if several are shown"],
  ["Screens", "w", "w", "wide", "show this pane full screen; again to go back"],
  ["Screens", "[", "[", "previous-job", "previous job"],
  ["Screens", "]", "]", "next-job", "next job"],
  ["Moving", "down j", "down j", "down", "next row"],
  ["Moving", "up k", "up k", "up", "previous row"],
  ["Moving", "left h", "left h", "left", "scroll left by a column"],
  ["Moving", "right l", "right l", "right", "scroll right by a column"],
  ["Moving", "pageup", "PgUp", "page-up", "page up"],
  ["Moving", "pagedown space", "PgDn", "page-down", "page down"],
  ["Moving", "g home", "g", "start", "first row"],
  ["Moving", "G end", "G", "end", "last row"],
  [
    "Moving",
    "enter",
    "Enter",
    "open",
    "go to the job; open the run set, the run or the worker's runs; show an event in full",
  ],
  [
    "Moving",
    "!",
    "!",
    "trouble",
    "go to what the third line says is wrong; so does Enter while nothing can come of the search",
  ],
  ["Moving", "escape backspace", "Esc", "back", "go back; clear the filter; clear the selection"],
  ["Lists", "/", "/", "filter", "filter, for example lr=0.0004 runs>3 !failed (as in nexus list runs --filter)"],
  ["Lists", "o", "o", "sort", "choose the column to sort by; a click on its header does the same"],
  ["Lists", "O", "O", "turn-sort", "reverse the order"],
  ["Lists", "c", "c", "columns", "choose columns"],
  ["Lists", "z", "z", "freeze", "freeze the order; again to unfreeze it"],
  ["Lists", "f", "f", "follow", "keep the selected row visible when the order changes"],
  ["Lists", "a", "a", "all-jobs", "events of all jobs; again for those of this job"],
  ["Lists", "x", "x", "axis", "curves over iterations, hours or reports"],
  ["Text", "y", "y", "copy", "copy the row as JSON; on Workers, the join line"],
  ["Text", "J", "J", "join", "on Workers: how machines join; again to fold it"],
  ["Text", "s", "s", "save", "save the screen as text"],
  ["Text", "m", "m", "mouse", "the mouse selects, sorts and scrolls; again to select text with it"],
  ["Control", "P", "P", "pause", "pause the job, or the selected run or worker", "nexus pause"],
  ["Control", "R", "R", "resume", "resume it", "nexus resume"],
  [
    "Control",
    "D",
    "D",
    "drain",
    "drain the job or the worker: finish what is running, start nothing new",
    "nexus drain",
  ],
  [
    "Control",
    "S",
    "S",
    "stop",
    "stop the job when its running runs end; a worker at once, its runs move on",
    "nexus stop",
  ],
  ["Control", "X", "X", "cancel", "cancel the selected runs at once; for a whole job, type its name", "nexus cancel"],
  ["Control", "B", "B", "bench", "bench the worker: it gets no runs; again to admit it", "nexus bench"],
  ["Program", "?", "?", "help", "this help"],
  ["Program", "q", "q", "quit", "leave: detach, stop or cancel"],
  ["Program", "C-c", "Ctrl-C", "interrupt", "the same; twice within two seconds detaches at once"],
  ["Program", "C-z", "Ctrl-Z", "suspend", "suspend this screen until fg; the search goes on"],
  ["Program", "C-l", "Ctrl-L", "redraw", "redraw the screen"],
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

/** A key as people call it: `C-right` is Ctrl-Right, `f5` is F5. */
export function keyInWords(name: string): string {
  const held: Readonly<Record<string, string>> = { C: "Ctrl", M: "Alt", S: "Shift" };
  const [, prefix = "", key = ""] = /^((?:[CMS]-)*)(.+)$/.exec(name) ?? [];
  const words = prefix.split("-").flatMap((letter) => held[letter] ?? []);
  return [...words, key.charAt(0).toUpperCase() + key.slice(1)].join("-");
}
