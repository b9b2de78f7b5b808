import type { WorkerId } from "../../../shared/domain/names.ts";
import { percent } from "../../../shared/domain/percent.ts";
import type { Status, WorkerStatus } from "../../../shared/wire/messages.ts";
import type { LiveSearch } from "../../live/live-search.ts";
import { workText } from "../../live/worker-work.ts";
import { machineFields } from "../../runs/machine-fields.ts";
import { resultsOf, targetsText, workerFields } from "../../runs/worker-fields.ts";
import { duration } from "../../words/duration.ts";
import { differsText } from "../../words/health-words.ts";
import type { WorkerRow, WorkerState } from "../../words/why/worker-rows.ts";
import type { Style } from "../terminal/styled.ts";
import { column, type ScreenColumn } from "./columns.ts";
import { ListView } from "./list-view.ts";
import type { FilterColumn } from "./row-filter.ts";

/** A symbol for each state, so that states are never told apart by colour alone. */
const workerSymbols: Readonly<Record<WorkerState, { readonly symbol: string; readonly style: Style }>> = {
  busy: { symbol: "●", style: "good" },
  idle: { symbol: "○", style: "plain" },
  "owner active": { symbol: "◆", style: "accent" },
  "not lending": { symbol: "◇", style: "dim" },
  paused: { symbol: "=", style: "warn" },
  draining: { symbol: "▼", style: "warn" },
  stopped: { symbol: "-", style: "warn" },
  benched: { symbol: "!", style: "bad" },
  revoked: { symbol: "!", style: "bad" },
  lost: { symbol: "✗", style: "bad" },
  left: { symbol: ".", style: "dim" },
  away: { symbol: ".", style: "dim" },
};

export function workerList(search: LiveSearch, workspace: string): ListView<WorkerRow> {
  const columns = columnsFor(search);
  const presenceOf = presences(search);
  // Each value is read when a filter asks for it: filters outlive the status in which they were typed.
  const listed = [
    ...workerFields(workspace, new Map(), undefined, true),
    ...machineFields((worker) => search.healthOf(worker), presenceOf),
  ];
  const further: readonly FilterColumn<WorkerRow>[] = [
    ...listed
      .filter(({ name }) => name !== "running")
      .map(({ name, kind, value }) => ({ name, kind, value: ({ record }: WorkerRow) => value(record) })),
    { name: "running", kind: "count", value: ({ held }) => held },
    { name: "slots", kind: "count", value: ({ slots }) => slots },
    { name: "targets", kind: "text", value: ({ targets }) => targetsText(targets) },
  ];
  return new ListView<WorkerRow>({
    rows: () => search.workers(),
    keyOf: ({ record }) => record.id,
    columns: () => columns,
    furtherFilters: () => further,
  });
}

/** What the leader says about each worker; a silent one says nothing. */
function presences(search: LiveSearch): (worker: WorkerId) => WorkerStatus | undefined {
  let heard: Status | null = null;
  let known: ReadonlyMap<WorkerId, WorkerStatus> = new Map();
  return (worker) => {
    const status = search.isLeaderSilent ? null : search.status;
    if (status !== heard) {
      heard = status;
      known = new Map(status?.workers.map((each) => [each.worker, each]));
    }
    return known.get(worker);
  };
}

const columnsFor = (search: LiveSearch): readonly ScreenColumn<WorkerRow>[] => [
  column("node", "text", 0, ({ record }) => record.id, { about: "name of the worker" }),
  column("state", "text", 0, ({ state }) => state, {
    about: "busy, idle, owner active, not lending, paused, draining, stopped, benched, revoked, lost, left, away",
    text: ({ state }) => `${workerSymbols[state].symbol} ${state}`,
    style: ({ state }) => workerSymbols[state].style,
  }),
  column("runs", "count", 0, ({ held }) => held, {
    about: "runs that it has / its slots",
    text: ({ held, slots }) => (slots === undefined ? String(held) : `${held}/${slots}`),
  }),
  column("now", "text", 1, ({ record }) => nowText(search, record.id), {
    about: "the runs that it has now, with their iterations",
    isHiddenEmpty: true,
    isFilling: true,
  }),
  column("/min", "measure", 3, ({ record }) => search.notes.paceOf(record.id, search.wall), {
    about: "runs that it completes a minute, by its last ones",
    isHiddenEmpty: true,
    text: ({ record }) => paceText(search.notes.paceOf(record.id, search.wall)),
  }),
  column("cpu", "count", 3, ({ cpu }) => cpu, {
    about: "percent of its processors in use, by anybody",
    isHiddenEmpty: true,
    text: ({ cpu }) => percentText(cpu),
  }),
  column("mem", "count", 4, ({ memory }) => memory, {
    about: "percent of its memory in use, by anybody",
    isHiddenEmpty: true,
    text: ({ memory }) => percentText(memory),
    style: ({ memory = 0 }) => (memory > 95 ? "bad" : "plain"),
  }),
  column("gpu", "count", 3, ({ gpus, gpusTaken }) => (gpus > 0 ? gpusTaken : undefined), {
    about: "GPUs that its runs have / those that it lends, and how much these work",
    isHiddenEmpty: true,
    text: ({ gpus, gpusTaken, gpu }) =>
      gpus === 0 ? "" : `${Number(gpusTaken.toFixed(2))}/${gpus} ${percentText(gpu)}`.trim(),
  }),
  column("done", "count", 4, ({ record }) => resultsOf(record).completed, { about: "runs that it completed" }),
  column("failed", "count", 5, ({ record }) => record.failed, { about: "runs that failed on it" }),
  column("streak", "count", 6, ({ record }) => record.failuresInRow, {
    about: "runs in a row that failed on it",
    style: ({ record }) => (record.failuresInRow > 0 ? "warn" : "plain"),
  }),
  column("heard", "measure", 5, ({ silentMs }) => silentMs, {
    about: "time since it was last heard",
    best: "low",
    text: ({ silentMs }) => (silentMs === undefined ? "" : duration(silentMs)),
  }),
  column("since", "measure", 7, ({ since }) => (since === 0 ? undefined : search.wall - since), {
    about: "time for which it has been in this state",
    text: ({ since }) => (since === 0 ? "" : duration(search.wall - since)),
  }),
  column("owner", "text", 8, ({ owner }) => owner || undefined, {
    about: "whether it lends spare time only, and the pools that it serves",
  }),
  column("host", "text", 9, ({ record }) => record.host || undefined, { about: "its machine's name" }),
  column("clock", "measure", 9, ({ skewMs }) => skewMs, {
    about: "how wrong its clock is",
    isHiddenEmpty: true,
    text: ({ skewMs = 0 }) => (skewMs === 0 ? "" : `${duration(Math.abs(skewMs))} ${skewMs > 0 ? "ahead" : "behind"}`),
    style: () => "warn",
  }),
  column("differs", "text", 3, ({ record }) => differs(search, record.id), {
    about: "its results differ from those of other machines, by so many standard deviations",
    isHiddenEmpty: true,
    style: () => "bad",
  }),
  column("speed", "measure", 11, ({ record }) => search.healthOf(record.id)?.speed?.factor, {
    about: "iterations a second beside those of other machines; 1: as the others",
    isHiddenEmpty: true,
    text: ({ record }) => search.healthOf(record.id)?.speed?.factor.toFixed(2) ?? "",
  }),
  column("lost %", "count", 12, ({ record }) => wholePercent(search.healthOf(record.id)?.lost), {
    about: "share of its runs that were lost",
    isHiddenEmpty: true,
    best: "low",
  }),
  column("version", "text", 10, ({ version }) => version, { about: "version of its program" }),
  column("why", "text", 2, whyText, {
    about: "why it is in its state, and what would change it",
    isHiddenEmpty: true,
    isFilling: true,
  }),
];

/** Undefined if it has none. */
function nowText(search: LiveSearch, worker: WorkerId): string | undefined {
  const isOneJob = search.state.jobs.size < 2;
  const texts = search.workOf(worker).map((each) => workText(each, isOneJob));
  return texts.join(", ") || undefined;
}

const percentText = (value: number | undefined): string => (value === undefined ? "" : percent(value / 100));

/** To three digits: more are not known of a pace. */
const paceText = (perMinute: number | undefined): string =>
  perMinute === undefined ? "" : perMinute < 100 ? perMinute.toPrecision(3) : String(Math.round(perMinute));

/** As `nexus why` says it. A worker that works needs no words. */
const whyText = ({ state, why, change }: WorkerRow): string | undefined =>
  state === "busy" ? undefined : [why, change].filter((part) => part !== "").join("; ") || undefined;

function differs(search: LiveSearch, worker: WorkerId): string | undefined {
  const found = search.healthOf(worker)?.differs;
  return found ? differsText(found) : undefined;
}

/** Undefined for 0, so that a column of zeros is left out. */
const wholePercent = (part = 0): number | undefined => (part > 0 ? Math.max(1, Math.round(100 * part)) : undefined);
