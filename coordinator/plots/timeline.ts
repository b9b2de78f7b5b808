import { type Axis, axisOver, type Box, type Figure, type LegendEntry } from "./figure.ts";
import { grey, okabeIto, plainLook } from "./palette.ts";

/** How one worker's part in a trial ended; open: it goes on. */
export type StayEnd = "completed" | "failed" | "timed out" | "pruned" | "cancelled" | "lost" | "reclaimed" | "open";

/** One worker's part in a trial. */
export interface Stay {
  readonly worker: string;
  /** Wall clock, milliseconds. */
  readonly from: number;
  readonly to: number;
  readonly end: StayEnd;
  readonly run: string;
}

/** More rows are not read: the busiest workers are shown. */
const mostLanes = 48;

const looks: Readonly<Record<StayEnd, { readonly colour: string; readonly letter: string; readonly order: number }>> = {
  completed: { colour: okabeIto.blue, letter: "=", order: 0 },
  open: { colour: okabeIto.sky, letter: ">", order: 1 },
  pruned: { colour: okabeIto.purple, letter: "/", order: 2 },
  reclaimed: { colour: okabeIto.green, letter: "-", order: 3 },
  lost: { colour: okabeIto.orange, letter: "~", order: 4 },
  failed: { colour: okabeIto.vermillion, letter: "x", order: 5 },
  "timed out": { colour: okabeIto.black, letter: "t", order: 6 },
  cancelled: { colour: grey, letter: "c", order: 7 },
};

/** Who did what when: a row for each worker (one for each slot that it used at once), a box for each of its parts in trials. */
export function workerTimeline(
  stays: readonly Stay[],
  options: { readonly title: string; readonly xLabel: string | undefined },
): Figure {
  const start = stays.reduce((least, { from }) => Math.min(least, from), Number.POSITIVE_INFINITY);
  const end = stays.reduce((most, { to }) => Math.max(most, to), Number.NEGATIVE_INFINITY);
  const unit = unitFor(end - start);
  const workers = new Map<string, Stay[]>();
  for (const stay of stays) {
    const there = workers.get(stay.worker);
    if (there) there.push(stay);
    else workers.set(stay.worker, [stay]);
  }
  const rows = [...workers].map(([worker, own]) => ({ worker, lanes: inLanes(own), runs: own.length }));
  const shown = busiest(rows);
  const boxes: Box[] = [];
  const ticks: { at: number; text: string }[] = [];
  const total = shown.reduce((sum, { lanes }) => sum + lanes.length, 0);
  let lane = 0;
  for (const { worker, lanes } of shown) {
    ticks.push({ at: total - 1 - (lane + (lanes.length - 1) / 2), text: worker });
    for (const own of lanes) {
      const y = total - 1 - lane;
      for (const { from, to, end: how, run } of own) {
        const { colour, letter } = looks[how];
        boxes.push({
          x1: (from - start) / unit.ms,
          x2: (to - start) / unit.ms,
          y1: y - 0.4,
          y2: y + 0.4,
          colour,
          text: run,
          share: null,
          letter,
        });
      }
      lane += 1;
    }
  }
  const x = axisOver(options.xLabel ?? `time since ${momentText(start)} (${unit.name})`, [0, (end - start) / unit.ms], {
    room: 0.01,
  });
  const y: Axis = { label: "", scale: "linear", from: -0.6, to: Math.max(0, total - 1) + 0.6, ticks, isWhole: true };
  const ends = [...new Set(stays.map((stay) => stay.end))].sort((a, b) => looks[a].order - looks[b].order);
  const hidden = rows.length - shown.length;
  return {
    kind: "timeline",
    data: () => stays.map(({ worker, run, from, to, end: how }) => ({ type: "stay", worker, run, from, to, end: how })),
    title: options.title,
    panels: [{ title: "", x: { ...x, from: 0 }, y, marks: [{ kind: "boxes", boxes }] }],
    columns: 1,
    legend: ends.map(
      (how): LegendEntry => ({
        label: how === "open" ? "running" : how,
        look: plainLook(looks[how].colour),
        swatch: "box",
        letter: looks[how].letter,
      }),
    ),
    ramp: null,
    notes: hidden > 0 ? [`the ${shown.length} busiest of ${rows.length} workers`] : [],
  };
}

/** As few rows as hold a worker's stays without two of them overlapping: each takes the first that is free. */
export function inLanes(stays: readonly Stay[]): Stay[][] {
  const lanes: Stay[][] = [];
  for (const stay of [...stays].sort((a, b) => a.from - b.from || a.to - b.to)) {
    const free = lanes.find((lane) => (lane.at(-1)?.to ?? 0) <= stay.from);
    if (free) free.push(stay);
    else lanes.push([stay]);
  }
  return lanes;
}

function busiest<Row extends { readonly worker: string; readonly lanes: readonly unknown[]; readonly runs: number }>(
  rows: readonly Row[],
): Row[] {
  let lanes = 0;
  const kept = [...rows]
    .sort((a, b) => b.runs - a.runs)
    .filter((row, i) => {
      lanes += row.lanes.length;
      return i === 0 || lanes <= mostLanes;
    });
  return rows.filter((row) => kept.includes(row)).sort((a, b) => collator.compare(a.worker, b.worker));
}

const collator = new Intl.Collator("en", { numeric: true });

function unitFor(spanMs: number): { readonly ms: number; readonly name: string } {
  if (spanMs >= 4 * 24 * 3600_000) return { ms: 24 * 3600_000, name: "days" };
  if (spanMs >= 4 * 3600_000) return { ms: 3600_000, name: "hours" };
  return spanMs >= 4 * 60_000 ? { ms: 60_000, name: "minutes" } : { ms: 1000, name: "seconds" };
}

const momentText = (ms: number): string =>
  Number.isFinite(ms) ? `${new Date(ms).toISOString().slice(0, 16).replace("T", " ")} UTC` : "the start";
