import { isImported } from "../../../shared/domain/fold/imported.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import { timeOfDay } from "../../../shared/time/time-of-day.ts";
import { momentText } from "../../words/invitations.ts";
import { clip, narrow } from "../../words/narrow.ts";
import { jobStatus, noJobText } from "../../words/status-words.ts";
import { failuresOf } from "../../words/trouble/failure-causes.ts";
import type { Why } from "../../words/why/why.ts";
import type { ListView } from "../lists/list-view.ts";
import { type Line, plain, span } from "../terminal/styled.ts";
import { wrapped, wrappedCommand } from "../terminal/wrap.ts";
import type { ViewModel } from "../view-model.ts";
import { offerLines } from "./best-screen.ts";
import { listLines } from "./table-view.ts";

/** A list, or a sentence instead: nothing passes its filter, or why it is empty. */
export function listOrWord<Row>(
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
    const offers = list.filterText === "" ? offerLines(model, width) : [];
    if (offers.length + 6 > height) return listOrWord(list, "run set", "", width, height, isFocused);
    return [...listOrWord(list, "run set", "", width, height - offers.length, isFocused), ...offers];
  }
  const why = whyEmpty(model, width);
  // Rows without a result say nothing beside the reason.
  if (list.rows.length === 0 || model.troubles.causes.length > 0) return why.slice(0, height);
  return [...listLines(list, width, Math.max(2, height - 1 - why.length), isFocused), plain(""), ...why];
}

/** Why there are no standings yet, and what to type. */
function whyEmpty(model: ViewModel, width: number): Line[] {
  const { options, search } = model;
  const { table } = search;
  if (!table) {
    const commands = ["nexus init", `nexus run search.yaml${options.flags}`];
    const [init = "", run = ""] = commands.map((each) =>
      each.padEnd(Math.max(...commands.map(({ length }) => length))),
    );
    return [
      plain(`  workspace ${options.workspace} has ${noJobText(search.state)}. In another terminal, run:`),
      plain(""),
      [span(`    ${init}   `, "accent"), span("writes a first spec, search.yaml")],
      [span(`    ${run}   `, "accent"), span("starts the search; it appears here")],
      ...(search.state.workers.size > 0 ? [] : workerLines(model, width)),
    ];
  }
  if (model.troubles.causes.length > 0) return failedLines(model, table, width);
  if (table.isOver) return [plain("  no run has completed, so there are no standings; 2 shows the runs")];
  if (table.running > 0) return [plain(`  ${table.running} running; the standings begin with the first result`)];
  return waitingLines(model, width);
}

/** How the first worker joins, in a few words. */
function workerLines({ options: { joining } }: ViewModel, width: number): Line[] {
  const [command] = joining?.commands ?? [];
  if (command === undefined) return [];
  const where = joining?.opening ? "this machine" : "each machine that should work";
  return [plain(""), ...wrapped(plain(`  and on ${where}, for a worker:`), width, 2), ...typedLines([command], width)];
}

/** Lines that the runs keep in any case, with their header. */
const leastRuns = 6;

/** Why all runs fail, with each reason in full, however long. */
function failedLines({ options, search, troubles: { causes } }: ViewModel, table: RunTable, width: number): Line[] {
  const failed = failuresOf(table);
  const under = table.running > 0 ? `; ${table.running} running` : "";
  return [
    plain(`  no run has completed, and ${failed} of ${table.ended} failed${under}:`),
    ...causes.flatMap(({ reason, count, firstAt, lastAt }): Line[] => {
      const when =
        firstAt === lastAt ? `at ${timeOfDay(lastAt)}` : `from ${timeOfDay(firstAt)} to ${timeOfDay(lastAt)}`;
      return [
        plain(""),
        [span(`  ${count} times, ${when}:`.replace("  1 times", "  once"), "dim")],
        ...wrapped([span(`    ${narrow(reason.replace(/\s*\n\s*/g, " "))}`, "bad")], width, 4),
      ];
    }),
    plain(""),
    ...wrapped(plain("  Enter opens the newest of them, with the end of what it printed; 2 shows the runs"), width, 2),
    ...(search.standstill === "" ? [] : stoodLines(search.whyJob(table), table, options.flags, width)),
  ];
}

/** Why the job stopped, and what to type once that is fixed. */
function stoodLines({ why, commands }: Why, table: RunTable, flags: string, width: number): Line[] {
  // What follows are the failures, which are shown above in full.
  const [rule = ""] = why.split("; ");
  const then = commands.length > 0 ? "; once that is mended, run:" : "";
  return [
    plain(""),
    ...wrapped(plain(`  ${table.job} is ${jobStatus(table.state)}: ${narrow(rule)}${then}`), width, 2),
    ...typedLines(
      commands.map((command) => `${command}${flags}`),
      width,
    ),
  ];
}

/** What a job without a run waits for, and what to type. */
function waitingLines({ options, search }: ViewModel, width: number): Line[] {
  const { joining, flags } = options;
  const waiting = search.whyWaiting({ joinLine: "", flags });
  const isJoin = (command: string): boolean => command.startsWith("nexus-worker");
  const others = waiting?.commands.filter((each) => !isJoin(each)) ?? [];
  const isOfOne = joining?.opening ? "this machine" : "each machine that should join";
  if (waiting && !waiting.commands.some(isJoin)) {
    return [...wrapped(plain(`  ${waiting.why}`), width, 2), ...typedLines(others, width)];
  }
  const [command] = joining?.commands ?? [];
  const why = waiting && search.state.workers.size > 0 ? waiting.why : "waiting for a worker";
  const first = others.length > 0 ? [...typedLines(others, width), plain(""), plain(`  or on ${isOfOne}:`)] : [];
  return [
    ...wrapped(plain(`  ${why}${first.length > 0 ? "" : `. On ${isOfOne}, run:`}`), width, 2),
    ...first,
    plain(""),
    [span(`    ${command ?? "nexus-worker LINE"}`, "accent")],
    plain(""),
    plain(
      command === undefined
        ? "  nexus-coord prints the line on the coordinator's machine"
        : "  3 shows this line again; y copies it there",
    ),
    ...(joining?.opening
      ? [
          plain(""),
          ...wrapped(plain("  other machines cannot join yet; to let them, run:"), width, 2),
          ...typedLines([joining.opening], width),
        ]
      : []),
  ];
}

const typedLines = (commands: readonly string[], width: number): Line[] =>
  commands.flatMap((each) => [
    plain(""),
    ...(each.length + 4 <= width ? [`    ${each}`] : wrappedCommand(each, width)).map(
      (line): Line => [span(line, "accent")],
    ),
  ]);

/** Every job of the workspace; Enter goes there. */
export function jobsLines(model: ViewModel, width: number, height: number, isFocused: boolean): Line[] {
  const { jobs } = model.lists;
  if (jobs.rows.length === 0 && jobs.filterText === "") return whyEmpty(model, width);
  return listOrWord(jobs, "job", "", width, height, isFocused);
}

/** The list, and below it what a narrow screen has no column for: why the selected run was tried, and its files. */
export function runsLines(model: ViewModel, width: number, height: number, isFocused: boolean): Line[] {
  const { lists, search, options } = model;
  const row = lists.runs.selected;
  const why = row && search.whyChosen(row.trial);
  const foot: Line[] =
    row && !isImported(row.trial)
      ? [
          [span("  chosen: ", "dim"), span(clip(why ?? "not known to this screen", width - 10))],
          [
            span("  its files: ", "dim"),
            span(clip(`nexus download ${row.trial.run}${options.flags}`, width - 13), "accent"),
          ],
        ]
      : [];
  const room = height - foot.length;
  if (room < leastRuns) return listOrWord(lists.runs, "run", "no run has started yet", width, height, isFocused);
  const rows = listOrWord(lists.runs, "run", "no run has started yet", width, room, isFocused);
  return [...rows, ...Array.from({ length: room - rows.length }, () => plain("")), ...foot];
}

/** The join line stands below the list: newcomers look for it here. */
export function workersLines(model: ViewModel, width: number, height: number, isFocused: boolean): Line[] {
  const foot = joinLines(model, width, Math.max(0, height - 4));
  const list = model.lists.workers;
  const room = Math.max(2, height - foot.length);
  const rows = listOrWord(list, "worker", "no worker has joined yet", width, room, isFocused);
  // Right below a short list, at the bottom below a long one.
  return [...rows, ...foot];
}

/** One line once somebody has joined, unless `J` asks for all. */
function joinLines(model: ViewModel, width: number, most: number): Line[] {
  const { joining } = model.options;
  if (!joining) return [];
  const [first] = joining.commands;
  if (first !== undefined && model.search.state.workers.size > 0 && !model.hasJoinLines) {
    const tail = "   (y copies it, J says more)";
    const head = `  ${joining.opening === null ? "another worker" : "another worker on this machine"}: `;
    return [plain(""), [span(head), span(clip(first, width - head.length - tail.length), "accent"), span(tail, "dim")]];
  }
  const { commands, opening, tunnel = null, until = null } = joining;
  const where = opening === null ? "another machine" : "this machine";
  const typed = (command: string): Line[] =>
    command.length + 2 <= width
      ? [[span(`  ${command}`, "accent")]]
      : wrappedCommand(command, width).map((line): Line => [span(line, "accent")]);
  const said = (text: string): Line[] => wrapped(plain(text), width, 2);
  const lines: Line[] = [
    plain(""),
    ...said(`  to start a worker on ${where}, run${opening === null ? " there" : ""} (y copies it):`),
    ...commands.flatMap(typed),
    ...(until === null || opening !== null
      ? []
      : said(`  the line holds until ${momentText(until)}; a new one is shown long before`)),
    ...(joining.bootstrap
      ? said("  where there is no nexus-swarm: nexus invite prints lines that bring it along")
      : []),
    ...(opening === null
      ? []
      : [
          ...said("  other machines cannot join: the broker listens on this machine only. To let them join, run:"),
          ...typed(opening),
          ...(tunnel === null
            ? []
            : [
                ...said(
                  "  or through a tunnel: on the other machine run the first line, and while that runs the second:",
                ),
                ...typed(tunnel.ssh),
                ...typed(tunnel.command),
              ]),
        ]),
  ];
  return lines.slice(0, most);
}
