import type { LiveSearch } from "../../live/live-search.ts";
import type { WorkerRow, WorkerState } from "../../live/worker-rows.ts";
import { workerFields } from "../../runs/worker-fields.ts";
import { duration } from "../../words/progress.ts";
import type { Style } from "../terminal/styled.ts";
import { column, type ScreenColumn } from "./columns.ts";
import { ListView } from "./list-view.ts";

/** A symbol for each state, so that states are never told apart by colour alone. */
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
  column("node", "text", 0, ({ record }) => record.id),
  column("state", "text", 0, ({ state }) => state, {
    text: ({ state }) => `${workerSymbols[state].symbol} ${state}`,
    style: ({ state }) => workerSymbols[state].style,
  }),
  column("runs", "count", 0, ({ held }) => held, {
    text: ({ held, slots }) => (slots === undefined ? String(held) : `${held}/${slots}`),
  }),
  column("done", "count", 1, ({ record }) => record.completed),
  column("failed", "count", 3, ({ record }) => record.failed),
  column("streak", "count", 4, ({ record }) => record.failuresInRow, {
    style: ({ record }) => (record.failuresInRow > 0 ? "warn" : "plain"),
  }),
  column("heard", "measure", 2, ({ silentMs }) => silentMs, {
    best: "low",
    text: ({ silentMs }) => (silentMs === undefined ? "" : duration(silentMs)),
  }),
  column("since", "measure", 6, ({ since }) => since || undefined, {
    text: ({ since }) => (since === 0 ? "" : duration(search.wall - since)),
  }),
  column("owner", "text", 7, ({ owner }) => owner || undefined),
  column("host", "text", 8, ({ record }) => record.host || undefined),
  column("clock", "measure", 9, ({ skewMs }) => skewMs, {
    isHiddenEmpty: true,
    text: ({ skewMs = 0 }) => (skewMs === 0 ? "" : `${duration(Math.abs(skewMs))} ${skewMs > 0 ? "ahead" : "behind"}`),
    style: () => "warn",
  }),
  column("version", "text", 10, ({ version }) => version),
  column("why", "text", 5, ({ why }) => why || undefined, { isHiddenEmpty: true }),
];
