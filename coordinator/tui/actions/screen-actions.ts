import { messageOf } from "../../../shared/errors.ts";
import { curveAxes } from "../../live/curve-store.ts";
import { timeOfDay } from "../../words/event-words.ts";
import { type Action, screenNames } from "../keys.ts";
import type { AnyList, Copied } from "../lists/list-view.ts";
import { frameLines, panesAt } from "../screens/frame.ts";
import { lineText } from "../terminal/styled.ts";
import type { Key } from "../terminal/terminal-port.ts";
import type { ViewModel } from "../view-model.ts";
import type { KeyContext } from "./key-context.ts";

/** What each key does on the screens. Control keys ask first; they are in controls.ts. */
export const screenActions: Partial<Record<Action, (context: KeyContext, key: Key) => void>> = {
  screen: ({ model }, key) => model.show(screenNames[Number(key.name) - 1] ?? "Standings"),
  "next-pane": (context, key) => nextPane(context, key.name === "S-tab" ? -1 : 1),
  wide: ({ model, terminal, say }) => {
    if (!model.isWide && panesAt(model, terminal.columns, terminal.rows).length === 1) {
      say("there is only one pane, and it fills the screen already; for several the terminal needs 110x32");
    } else model.isWide = !model.isWide;
  },
  up: (context) => move(context, -1),
  down: (context) => move(context, 1),
  "page-up": (context) => listOf(context).page(-1, context.now),
  "page-down": (context) => listOf(context).page(1, context.now),
  start: (context) => listOf(context).toStart(context.now),
  end: (context) => listOf(context).toEnd(context.now),
  left: inList((list, context) => scroll(list, -1, context)),
  right: inList((list, context) => scroll(list, 1, context)),
  open: openSelected,
  back: (context) => {
    const list = listOf(context);
    if (list.filterText !== "") list.setFilter("", context.now);
    else if (list.selectedKey !== null) list.selectedKey = null;
    else context.say("there is nothing to go back to; q leaves the screen");
  },
  filter: (context) => {
    const list = listOf(context);
    context.model.prompt = { kind: "filter", list, text: list.filterText, error: null };
  },
  sort: inList((list, { now }) => list.sortByNext(now)),
  "turn-sort": inList((list, { now }) => list.turnSort(now)),
  columns: inList((list, { model }) => {
    model.prompt = { kind: "columns", list, at: 0 };
  }),
  freeze: inList((list, { say }) => {
    list.isFrozen = !list.isFrozen;
    say(list.isFrozen ? "the order is frozen until z is pressed again" : "the order is no longer frozen");
  }),
  follow: inList((list, { say }) => {
    if (list.selectedKey === null) {
      say("choose a row first, with up and down");
      return;
    }
    list.isFollowing = !list.isFollowing;
    say(list.isFollowing ? "the selected row stays on the screen" : "the list no longer follows the row");
  }),
  axis: ({ model, say, now }) => {
    if (now - model.chartShownAt > 2000) {
      say("x changes the axis of curves; to see curves, press 4, or Enter on a run or a run set");
      return;
    }
    model.axis = curveAxes[(curveAxes.indexOf(model.axis) + 1) % curveAxes.length] ?? "iters";
    say(`curves over ${model.axis}`);
  },
  "previous-job": (context) => showOtherJob(context, -1),
  "next-job": (context) => showOtherJob(context, 1),
  copy: ({ model, terminal, say }) => {
    const found = copied(model);
    if (found) terminal.copy(found.text);
    say(found ? `copied: ${found.what} (if the terminal permits it: OSC 52)` : "there is nothing to copy");
  },
  save: saveScreen,
  mouse: ({ model, terminal, say }) => {
    model.hasMouse = !model.hasMouse;
    terminal.setMouse(model.hasMouse);
    say(
      model.hasMouse ? "the wheel scrolls; m gives the mouse back to the terminal" : "the terminal has the mouse again",
    );
  },
  help: ({ model }) => {
    model.isHelpOpen = true;
    model.helpScroll = 0;
  },
  quit: ({ askToQuit }) => askToQuit(),
  suspend: ({ ports }) => ports.suspend(),
  redraw: ({ terminal }) => terminal.repaint(),
};

const listOf = ({ model }: KeyContext): AnyList => model.lists.of(model.focus);

/** Moving in the events starts at the newest, which is what they show. */
function move(context: KeyContext, by: number): void {
  const list = listOf(context);
  if (context.model.focus === "Events" && list.selectedKey === null) list.toEnd(context.now);
  else list.move(by, context.now);
}

/** Curves are not a list: a key that would change a list out of sight says so instead. */
function inList(act: (list: AnyList, context: KeyContext) => void): (context: KeyContext) => void {
  return (context) => {
    if (context.model.focus === "Curves")
      context.say("curves have no rows or columns; up and down choose a run set, x changes the axis");
    else act(listOf(context), context);
  };
}

/** Scrolls by one column: the first visible one that may go is passed, and those that then have room appear. */
function scroll(list: AnyList, by: number, { say }: KeyContext): void {
  if (by < 0) {
    if (list.passed.pop() === undefined) say("there are no columns further left");
  } else if (list.nextColumn === null) say("there are no columns further right");
  else if (!list.passed.includes(list.nextColumn)) list.passed.push(list.nextColumn);
}

function nextPane({ model, terminal }: KeyContext, by: number): void {
  const panes = panesAt(model, terminal.columns, terminal.rows);
  const all = panes.length === 1 ? screenNames : panes;
  const next = all[(all.indexOf(model.focus) + by + all.length) % all.length] ?? model.focus;
  if (panes.length === 1) model.show(next);
  else model.focus = next;
}

function openSelected({ model, now, say }: KeyContext): void {
  const { lists, focus } = model;
  switch (focus) {
    case "Standings":
    case "Curves": {
      const row = lists.standings.selected;
      if (row) model.open({ kind: "run set", key: row.key });
      else say("there is no run set yet");
      return;
    }
    case "Runs": {
      const row = lists.runs.selected;
      if (row) model.open({ kind: "run", n: row.trial.n });
      else say("there is no run here yet");
      return;
    }
    case "Workers": {
      const row = lists.workers.selected;
      if (!row) {
        say("no worker has joined yet");
        return;
      }
      model.show("Runs");
      lists.runs.setFilter(`node=${row.record.id}`, now);
      return;
    }
    case "Neighbourhood": {
      const row = lists.neighbourhood.selected;
      const step = row?.up ?? row?.down;
      const runSet = step && model.search.table?.runSets.of(step.configuration);
      if (runSet) model.open({ kind: "run set", key: runSet.key });
      else say("no run of that step has started yet");
      return;
    }
    case "Events": {
      const row = lists.events.selectedKey === null ? lists.events.rows.at(-1) : lists.events.selected;
      if (row) say(`${timeOfDay(row.at)}  ${row.text}`);
      else say("nothing has happened yet");
      return;
    }
    default: {
      const never: never = focus;
      throw new RangeError(`no screen: ${String(never)}`);
    }
  }
}

function showOtherJob({ model, say }: KeyContext, by: number): void {
  const { search } = model;
  const jobs = [...search.state.jobs.keys()];
  const at = search.job === null ? -1 : jobs.indexOf(search.job);
  const job = jobs[at + by];
  if (job) search.showJob(job);
  else say(by < 0 ? "there is no job before this one" : "there is no job after this one");
}

function saveScreen({ model, terminal, ports, now, say }: KeyContext): void {
  const lines = frameLines(model, terminal.columns, terminal.rows, now);
  try {
    say(`saved: ${ports.save(`${lines.map((line) => lineText(line).trimEnd()).join("\n")}\n`)}`);
  } catch (error) {
    say(`could not be saved: ${messageOf(error)}`);
  }
}

/** What `y` copies: the selected row; on Workers, the command for another machine. */
function copied({ lists, focus, page, options, search: { table } }: ViewModel): Copied | undefined {
  if (page?.kind === "run" && table) {
    const trial = table.trial(page.n);
    return trial && lists.runs.copyOf({ table, trial });
  }
  const [command] = options.joining?.commands ?? [];
  if (focus === "Workers" && command !== undefined) return { text: command, what: "the join line" };
  return lists.of(focus).copy;
}
