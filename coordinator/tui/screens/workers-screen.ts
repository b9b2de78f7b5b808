import { type WorkerRow, workerSymbols } from "../../live/worker-rows.ts";
import { workerFields } from "../../runs/worker-fields.ts";
import { duration } from "../../words/progress.ts";
import type { ScreenColumn } from "../lists/columns.ts";
import { ListView } from "../lists/list-view.ts";
import { type Line, plain, span } from "../terminal/styled.ts";
import { wrapped, wrappedCommand } from "../terminal/wrap.ts";
import type { ViewModel } from "../view-model.ts";
import { listLines } from "./table-view.ts";

export function workerList(model: ViewModel): ListView<WorkerRow> {
  const columns = columnsFor(model);
  return new ListView<WorkerRow>({
    rows: () => model.workers(),
    keyOf: ({ record }) => record.id,
    columns: () => columns,
    furtherFilters: () =>
      workerFields(model.options.workspace, new Map()).flatMap(({ name, kind, value }) =>
        name === "running"
          ? [{ name, kind, value: ({ held }) => held }]
          : [{ name, kind, value: ({ record }) => value(record) }],
      ),
  });
}

const columnsFor = (model: ViewModel): readonly ScreenColumn<WorkerRow>[] => [
  { name: "node", kind: "text", priority: 0, value: ({ record }) => record.id },
  {
    name: "state",
    kind: "text",
    priority: 0,
    value: ({ state }) => state,
    text: ({ state }) => `${workerSymbols[state].symbol} ${state}`,
    style: ({ state }) => workerSymbols[state].style,
  },
  {
    name: "runs",
    kind: "count",
    priority: 0,
    value: ({ held }) => held,
    text: ({ held, slots }) => (slots === undefined ? String(held) : `${held}/${slots}`),
  },
  { name: "done", kind: "count", priority: 1, value: ({ record }) => record.completed },
  { name: "failed", kind: "count", priority: 3, value: ({ record }) => record.failed },
  {
    name: "streak",
    kind: "count",
    priority: 4,
    value: ({ record }) => record.failuresInRow,
    style: ({ record }) => (record.failuresInRow > 0 ? "warn" : "plain"),
  },
  {
    name: "heard",
    kind: "measure",
    best: "low",
    priority: 2,
    value: ({ silentMs }) => silentMs,
    text: ({ silentMs }) => (silentMs === undefined ? "" : duration(silentMs)),
  },
  {
    name: "since",
    kind: "measure",
    priority: 6,
    value: ({ since }) => since || undefined,
    text: ({ since }) => (since === 0 ? "" : duration(model.wall - since)),
  },
  { name: "owner", kind: "text", priority: 7, value: ({ owner }) => owner || undefined },
  { name: "host", kind: "text", priority: 8, value: ({ record }) => record.host || undefined },
  {
    name: "clock",
    kind: "measure",
    priority: 9,
    isHiddenEmpty: true,
    value: ({ skewMs }) => skewMs,
    text: ({ skewMs }) =>
      skewMs === undefined ? "" : `${duration(Math.abs(skewMs))} ${skewMs > 0 ? "ahead" : "behind"}`,
    style: () => "warn",
  },
  { name: "version", kind: "text", priority: 10, value: ({ version }) => version },
  { name: "why", kind: "text", priority: 5, isHiddenEmpty: true, value: ({ why }) => why || undefined },
];

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
