import type { LiveSearch } from "../../live/live-search.ts";
import type { WorkerRow, WorkerState } from "../../live/worker-rows.ts";
import { workerFields } from "../../runs/worker-fields.ts";
import { duration } from "../../words/progress.ts";
import type { Style } from "../terminal/styled.ts";
import type { ScreenColumn } from "./columns.ts";
import { ListView } from "./list-view.ts";

/** A symbol for each, so that colour is never needed to tell them apart. */
const workerSymbols: Readonly<Record<WorkerState, { readonly symbol: string; readonly style: Style }>> = {
  busy: { symbol: "●", style: "good" },
  idle: { symbol: "○", style: "plain" },
  "owner active": { symbol: "◆", style: "accent" },
  paused: { symbol: "=", style: "warn" },
  draining: { symbol: "▼", style: "warn" },
  stopped: { symbol: "-", style: "warn" },
  benched: { symbol: "!", style: "bad" },
  revoked: { symbol: "!", style: "bad" },
  lost: { symbol: "✗", style: "bad" },
  away: { symbol: ".", style: "dim" },
};

export function workerList(search: LiveSearch, workspace: string): ListView<WorkerRow> {
  const columns = columnsFor(search);
  return new ListView<WorkerRow>({
    rows: () => search.workers(),
    keyOf: ({ record }) => record.id,
    columns: () => columns,
    furtherFilters: () =>
      workerFields(workspace, new Map()).flatMap(({ name, kind, value }) =>
        name === "running"
          ? [{ name, kind, value: ({ held }) => held }]
          : [{ name, kind, value: ({ record }) => value(record) }],
      ),
  });
}

const columnsFor = (search: LiveSearch): readonly ScreenColumn<WorkerRow>[] => [
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
    text: ({ since }) => (since === 0 ? "" : duration(search.wall - since)),
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
