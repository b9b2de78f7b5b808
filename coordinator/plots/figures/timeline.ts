import { NotFoundError } from "../../../shared/errors.ts";
import { momentText } from "../../words/invitations.ts";
import type { PlotReads } from "../data/reads.ts";
import type { Stay, StayOutcome } from "../data/stays.ts";
import { axisOfPlaces, axisOver, type Box, extent, type Figure, onePanel, plainBox, type Tick } from "../figure.ts";
import { grey, okabeIto, plainLook } from "../palette.ts";
import { grouped } from "./grouped.ts";

/** More rows would be unreadable, so only the busiest workers are shown. */
const mostLanes = 48;

const looks: Readonly<
  Record<StayOutcome, { readonly colour: string; readonly letter: string; readonly order: number }>
> = {
  completed: { colour: okabeIto.blue, letter: "=", order: 0 },
  open: { colour: okabeIto.sky, letter: ">", order: 1 },
  pruned: { colour: okabeIto.purple, letter: "/", order: 2 },
  reclaimed: { colour: okabeIto.green, letter: "-", order: 3 },
  lost: { colour: okabeIto.orange, letter: "~", order: 4 },
  failed: { colour: okabeIto.vermillion, letter: "x", order: 5 },
  "timed out": { colour: okabeIto.black, letter: "t", order: 6 },
  cancelled: { colour: grey, letter: "c", order: 7 },
};

/**
 * A row for each worker (one for each slot that it used at once), and a box for each of its attempts at trials.
 *
 * @throws NotFoundError if none of the runs has started
 */
export function workerTimeline(
  { names, stays }: PlotReads["stays"],
  { title, xLabel }: { readonly title: string | undefined; readonly xLabel: string | undefined },
): Figure {
  if (stays.length === 0) throw new NotFoundError(`${names}: no worker has had a run yet`);
  const { from: start, to: end } = extent(stays.flatMap(({ from, to }) => [from, to]));
  const unit = unitFor(end - start);
  const workers = grouped(stays, ({ worker }) => worker);
  const rows = [...workers].map(([worker, own]) => ({ worker, lanes: inLanes(own), runs: own.length }));
  const shown = busiest(rows);
  const boxes: Box[] = [];
  const ticks: Tick[] = [];
  const total = shown.reduce((sum, { lanes }) => sum + lanes.length, 0);
  let y = total - 1;
  for (const { worker, lanes } of shown) {
    ticks.push({ at: y - (lanes.length - 1) / 2, text: worker });
    for (const lane of lanes) {
      for (const stay of lane) {
        const [x1, x2] = [(stay.from - start) / unit.ms, (stay.to - start) / unit.ms];
        const { colour, letter } = looks[stay.end];
        boxes.push(plainBox({ x1, x2, y1: y - 0.4, y2: y + 0.4, colour, letter, text: stay.run }));
      }
      y -= 1;
    }
  }
  const label = xLabel ?? `time since ${momentText(start)} (${unit.name})`;
  const x = axisOver(label, [0, (end - start) / unit.ms], { room: 0.01 });
  const ends = [...new Set(stays.map((stay) => stay.end))].sort((a, b) => looks[a].order - looks[b].order);
  return onePanel({
    kind: "timeline",
    data: () => stays.map(({ worker, run, from, to, end: how }) => ({ type: "stay", worker, run, from, to, end: how })),
    title: title ?? `${names}: workers`,
    x: { ...x, from: 0 },
    y: axisOfPlaces("", total, ticks, 0.6),
    marks: [{ kind: "boxes", boxes }],
    legend: ends.map((how) => ({
      label: how === "open" ? "running" : how,
      look: plainLook(looks[how].colour),
      swatch: "box",
      letter: looks[how].letter,
    })),
    notes: rows.length > shown.length ? [`the ${shown.length} busiest of ${rows.length} workers`] : [],
    fit: {
      paper: { widthMm: 120, panelHeightMm: Math.max(26, 14 + 4.2 * (Math.max(0, total - 1) + 1.2)) },
      linesEach: 1,
    },
  });
}

/** Puts each stay into the first free row, so that none overlap. */
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
