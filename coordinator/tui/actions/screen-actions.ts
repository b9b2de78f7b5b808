import { messageOf } from "../../../shared/errors.ts";
import { curveAxes } from "../../live/curve-store.ts";
import type { EventLine } from "../../live/event-list.ts";
import { type Action, screenNames } from "../keys.ts";
import { LineEditor } from "../line-editor.ts";
import type { AnyList, Copied } from "../lists/list-view.ts";
import type { Lists } from "../lists/lists.ts";
import { plansByModel } from "../lists/prospects-list.ts";
import { eventInFull } from "../screens/events-screen.ts";
import { frameLines, panesAt } from "../screens/frame.ts";
import { lineText } from "../terminal/styled.ts";
import type { Key } from "../terminal/terminal-port.ts";
import type { ViewModel } from "../view-model.ts";
import type { KeyContext } from "./key-context.ts";
import { goToTrouble, isTroubleFirst } from "./trouble-keys.ts";

/** What each key does on the screens. Control keys ask first; they are in orders/control-questions.ts. */
export const screenActions: Partial<Record<Action, (context: KeyContext, key: Key) => void>> = {
  screen: ({ model }, key) => model.show(screenNames[Number(key.name)] ?? "Standings"),
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
  open: (context) => {
    if (!isTroubleFirst(context.model) || !goToTrouble(context)) openSelected(context);
  },
  trouble: (context) => {
    if (!goToTrouble(context)) context.say("nothing is wrong");
  },
  back: (context) => {
    const list = listOf(context);
    if (list.filterText !== "") list.setFilter("", context.now);
    else if (list.selectedKey !== null) list.selectedKey = null;
    else context.say("there is nothing to go back to; q leaves the screen");
  },
  filter: (context) => {
    const list = listOf(context);
    const { filterText, filterHistory } = list;
    const line = new LineEditor(filterText);
    const recalled = filterHistory.length;
    context.model.prompt = { kind: "filter", list, line, error: null, before: filterText, recalled, draft: "" };
  },
  sort: inList((list, { model }) => {
    const at = 1 + list.columns.findIndex(({ name }) => name === list.sortName);
    model.prompt = { kind: "sort", list, at };
  }),
  "turn-sort": inList((list, { now }) => list.turnSort(now)),
  columns: inList((list, { model }) => {
    model.prompt = { kind: "columns", list, at: 0 };
  }),
  freeze: inList((list, { say }) => {
    list.isFrozen = !list.isFrozen;
    say(list.isFrozen ? "the order is frozen until z is pressed again" : "the order is no longer frozen");
  }),
  follow: inList((list, { now, say }) => {
    if (list.selectedKey === null) {
      say("choose a row first, with up and down");
      return;
    }
    list.turnFollowing(now);
    say(
      list.isFollowing ? list.whyNothing("the selected row stays on the screen") : "the list no longer follows the row",
    );
  }),
  axis: ({ model, say, now }) => {
    if (now - model.chartShownAt > 2000) {
      say("x changes the axis of curves; to see curves, press 4, or Enter on a run or a run set");
      return;
    }
    model.axis = curveAxes[(curveAxes.indexOf(model.axis) + 1) % curveAxes.length] ?? "iters";
    say(`curves over ${model.axis}`);
  },
  "all-jobs": ({ model, say, now }) => {
    model.hasEventsOfAll = !model.hasEventsOfAll;
    model.lists.events.reorderNow(now);
    say(model.hasEventsOfAll ? "events of all jobs" : "events of the job that is shown");
  },
  "previous-job": (context) => showOtherJob(context, -1),
  "next-job": (context) => showOtherJob(context, 1),
  copy: ({ model, terminal, say }) => {
    const found = copied(model);
    if (found) terminal.copy(found.text);
    say(
      found
        ? `copied: ${found.what} (if the terminal permits it: OSC 52)`
        : model.lists.of(model.focus).whyNothing("there is nothing to copy"),
    );
  },
  join: ({ model, say }) => {
    if (model.focus !== "Workers") say("J says how machines join: go to 3 Workers first");
    else if (!model.options.joining) say("how machines join is not known here; nexus-coord prints it on its machine");
    else model.hasJoinLines = !model.hasJoinLines;
  },
  save: saveScreen,
  mouse: ({ model, terminal, say }) => {
    model.hasMouse = !model.hasMouse;
    terminal.setMouse(model.hasMouse);
    say(
      model.hasMouse
        ? "clicks select rows, sort by headers, go to screens; the wheel scrolls; m again to select text"
        : "the terminal has the mouse again: text can be selected",
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
    if (context.model.focus === "Curves" || context.model.focus === "Best")
      context.say("curves have no rows or columns; up and down choose a run set, x changes the axis");
    else act(listOf(context), context);
  };
}

/** Scrolls by one column: the first visible one that may go disappears, and those that then have room appear. */
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
    case "Jobs": {
      const row = lists.jobs.selected;
      if (!row) {
        say(lists.jobs.whyNothing("there is no job yet"));
        return;
      }
      model.search.showJob(row.job);
      model.show("Standings");
      return;
    }
    case "Standings":
    case "Curves":
    case "Best": {
      const row = lists.standings.selected;
      if (row) model.open({ kind: "run set", key: row.key });
      else say(lists.standings.whyNothing("there is no run set yet"));
      return;
    }
    case "Runs": {
      const row = lists.runs.selected;
      if (row) model.open({ kind: "run", n: row.trial.n });
      else say(lists.runs.whyNothing("there is no run here yet"));
      return;
    }
    case "Workers": {
      const row = lists.workers.selected;
      if (!row) {
        say(lists.workers.whyNothing("no worker has joined yet"));
        return;
      }
      model.show("Runs");
      lists.runs.setFilter(`node=${row.record.id}`, now);
      return;
    }
    case "Neighbourhood": {
      const { table } = model.search;
      const isByModel = table !== undefined && plansByModel(table);
      const { down, up } = lists.neighbourhood.selected ?? {};
      const steps = isByModel ? [lists.prospects.selected] : [down, up];
      const [first, second] = steps.flatMap((step) => (step && table?.runSets.of(step.configuration)) ?? []);
      if (first) model.open({ kind: "run set", key: first.key, beside: second?.key });
      else
        say(
          lists
            .of(focus)
            .whyNothing(isByModel ? "no run of it has started yet" : "no run of either step has started yet"),
        );
      return;
    }
    case "Events": {
      const row = eventOf(lists);
      say(row ? eventInFull(row) : lists.events.whyNothing("nothing has happened yet"));
      return;
    }
    default: {
      const never: never = focus;
      throw new RangeError(`no screen: ${String(never)}`);
    }
  }
}

/** The event that keys act on. Until someone moves in them it is the newest: the list is shown from its end. */
const eventOf = ({ events }: Lists): EventLine | undefined =>
  events.selectedKey === null ? events.rows.at(-1) : events.selected;

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
  if (focus === "Events") {
    const row = eventOf(lists);
    return row && lists.events.copyOf(row);
  }
  return lists.of(focus).copy;
}
