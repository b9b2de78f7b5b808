/** Draws one panel as SVG with Observable Plot in linkedom's document. Only this file imports either. */

import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import {
  type Axis,
  type Dash,
  type Look,
  type Mark,
  type Marker,
  type Numbers,
  type Panel,
  placeOn,
  type Tick,
  valuesAt,
} from "../figure.ts";
import { inkOn, rampColour } from "../palette.ts";
import { ticksOf } from "../ticks.ts";
import { decimated } from "./decimate.ts";
import { textWidth, widest } from "./text-width.ts";

/** In pixels of 1/96 inch. */
export interface PanelSize {
  readonly width: number;
  readonly height: number;
}

export const fontFamily = "Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif";
export const fontSize = 10;

const { document } = parseHTML("<!doctype html><html><body></body></html>");

export const dashArray: Readonly<Record<Dash, string>> = {
  solid: "none",
  dashed: "5 2.5",
  dotted: "1.2 2.2",
  "dash-dotted": "6 2 1.2 2",
};

const symbolOf = (marker: Marker): Plot.SymbolType => (marker === "cross" ? "times" : marker);

/** The panel, without its title, as an svg element. */
export function panelSvg(panel: Panel, size: PanelSize): string {
  const frame = frameOf(panel, size);
  const { x, y } = panel;
  const named = panel.marks.filter((mark) => mark.kind === "line" && !mark.look.isFaint);
  const distinct = new Set(named.map((mark) => ("look" in mark ? mark.look.colour + mark.look.dash : ""))).size;
  // At full detail, 200 lines would be megabytes with no visible difference.
  const lines = panel.marks.filter((mark) => mark.kind === "line").length;
  const detail = Math.ceil(frame.width / (lines > 40 ? 4 : 1));
  const marks = panel.marks.flatMap((mark) => plotMarks(mark, frame, detail, distinct > 1 ? named.indexOf(mark) : -1));
  const ink = { stroke: "#000", strokeOpacity: 1 };
  const svg = Plot.plot({
    document: document as unknown as NonNullable<Plot.PlotOptions["document"]>,
    ...size,
    marginLeft: frame.left,
    marginRight: frame.right,
    marginTop: frame.top,
    marginBottom: frame.bottom,
    style: { fontFamily, fontSize: `${fontSize}px`, color: "#000", background: "none" },
    x: { type: x.scale, domain: [x.from, x.to], label: null, axis: null },
    y: { type: y.scale, domain: [y.from, y.to], label: null, axis: null },
    color: { type: "identity" },
    symbol: { type: "identity" },
    marks: [
      ...(x.ticks ? [] : [Plot.gridX(places(frame.xTicks), gridLook)]),
      ...(y.ticks ? [] : [Plot.gridY(places(frame.yTicks), gridLook)]),
      ...marks,
      ...(y.ticks?.length === 0 ? [] : [Plot.ruleX([x.from], ink), Plot.ruleY([y.from], ink)]),
      Plot.axisX(places(frame.xTicks), {
        ...axisLook(x, frame.xTicks, frame.bottom - 2),
        ...(frame.isTilted ? { tickRotate: -40, textAnchor: "end" } : {}),
      } as Plot.AxisXOptions),
      Plot.axisY(places(frame.yTicks), axisLook(y, frame.yTicks, frame.left - 3)),
    ],
  });
  svg.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  return svg.outerHTML;
}

const gridLook = { stroke: "#000", strokeOpacity: 0.1, strokeWidth: 0.6 };
const places = (ticks: readonly Tick[]): number[] => ticks.map(({ at }) => at);
/** Given to Plot as text, not as a tick format: with a format, Plot drops every second number of a logarithmic axis. */
const writer = (ticks: readonly Tick[]) => {
  const texts = new Map(ticks.map(({ at, text }) => [at, text]));
  return (at: number): string => texts.get(at) ?? "";
};

const axisLook = ({ label }: Axis, ticks: readonly Tick[], labelOffset: number) => ({
  text: writer(ticks),
  label: label === "" ? null : label,
  labelAnchor: "center" as const,
  labelArrow: "none" as const,
  labelOffset,
  tickSize: 3,
  tickPadding: 3,
});

type Frame = ReturnType<typeof frameOf>;

/** Margins that hold ticks and labels, and as many ticks as fit. */
function frameOf({ x, y }: Panel, size: PanelSize) {
  const top = 6;
  const labelRoom = fontSize + 5;
  const flat = fontSize + 8 + (x.label === "" ? 0 : labelRoom);
  const yTicks = ticksOf(y, Math.max(2, Math.floor((size.height - top - flat) / 26)));
  const left = 10 + widest(yTicks.map(({ text }) => text)) * fontSize + (y.label === "" ? 0 : labelRoom);
  let xTicks = ticksOf(x, 10);
  for (let wanted = 9; wanted >= 2 && !x.ticks; wanted -= 1) {
    if ((widest(xTicks.map(({ text }) => text)) + 1) * fontSize * xTicks.length <= size.width - left) break;
    xTicks = ticksOf(x, wanted);
  }
  const room = (size.width - left) / Math.max(1, xTicks.length);
  const longest = widest(xTicks.map(({ text }) => text)) * fontSize;
  const isTilted = x.ticks !== null && longest + 3 > room;
  const bottom = isTilted ? flat + longest * 0.64 : flat;
  const last = xTicks.at(-1);
  const overhang =
    last && !isTilted ? (textWidth(last.text) * fontSize) / 2 - (1 - placeOn(x, last.at)) * (size.width - left) : 0;
  const right = Math.max(6, overhang + 2);
  const [width, height] = [size.width - left - right, size.height - top - bottom];
  return { left, right, top, bottom, width, height, x, y, xTicks, yTicks, isTilted };
}

/** Plot does not change arrays, but its types refuse readonly ones. */
const column = (values: Numbers) => values as number[];
const strokeOf = (look: Look) => ({
  stroke: look.colour,
  strokeWidth: look.isFaint ? 0.6 : 1.5,
  strokeOpacity: look.isFaint ? 0.45 : 1,
  strokeDasharray: look.isFaint ? "none" : dashArray[look.dash],
  strokeLinejoin: "round" as const,
});

/**
 * @param detail  number of parts into which `decimated` divides a line
 * @param turn  the line's number among the panel's named lines, which places its markers; -1: no markers
 */
function plotMarks(mark: Mark, frame: Frame, detail: number, turn: number): Plot.Markish[] {
  switch (mark.kind) {
    case "line": {
      const [xs = [], ys = []] = decimated(detail, mark.xs, mark.ys);
      const line = Plot.line({ length: xs.length }, {
        x: column(xs),
        y: column(ys),
        ...strokeOf(mark.look),
        curve: mark.isStep ? "step-after" : "linear",
        clip: true,
      } as Plot.LineOptions);
      return turn < 0 ? [line] : [line, ...markersAlong(mark.look, xs, ys, turn)];
    }
    case "band": {
      const [xs = [], low = [], high = []] = decimated(detail, mark.xs, mark.low, mark.high);
      return [
        Plot.areaY({ length: xs.length }, {
          x: column(xs),
          y1: column(low),
          y2: column(high),
          fill: mark.look.colour,
          fillOpacity: 0.2,
          curve: mark.isStep ? "step-after" : "linear",
          clip: true,
        } as Plot.AreaYOptions),
      ];
    }
    case "dots":
      return [dots(mark.look, mark.xs, mark.ys, mark.look.isFaint ? 1.6 : 2.4)];
    case "intervals": {
      const { look, at, low, high, isUpright } = mark;
      const caps = [low, high].map((ends) => strokes(look, ends, ...besides(at, frame, isUpright), !isUpright));
      return [strokes(look, at, low, high, isUpright), ...caps];
    }
    case "rules":
      return [
        Plot.ruleX(column(mark.xs), {
          stroke: mark.look.colour,
          strokeWidth: mark.look.isFaint ? 0.5 : 0.9,
          clip: true,
        }),
      ];
    case "paths": {
      const points = mark.paths.flatMap(({ xs, ys, share }, path) =>
        xs.map((x, i) => ({ x, y: ys[i] ?? Number.NaN, path, colour: rampColour(share) })),
      );
      return [
        Plot.line(points, {
          x: "x",
          y: "y",
          z: "path",
          stroke: "colour",
          strokeWidth: 0.9,
          strokeOpacity: mark.paths.length > 60 ? 0.6 : 0.85,
          clip: true,
        }),
      ];
    }
    case "boxes": {
      const thickness = mark.boxes.length > 400 ? 0 : 0.5;
      const texts = mark.boxes.flatMap((box) => {
        const width = Math.abs(placeOn(frame.x, box.x2) - placeOn(frame.x, box.x1)) * frame.width;
        const height = Math.abs(placeOn(frame.y, box.y2) - placeOn(frame.y, box.y1)) * frame.height;
        const [lines, size] = [box.text.split("\n"), fontSize * 0.85];
        const kept = lines.length * size * 1.15 <= height ? lines : lines.slice(0, 1);
        if (box.text === "" || widest(kept) * size + 2 > width || kept.length * size * 1.1 > height) return [];
        const [x, y] = [(box.x1 + box.x2) / 2, (box.y1 + box.y2) / 2];
        return [{ x, y, text: kept.join("\n"), ink: inkOn(box.colour) }];
      });
      return [
        Plot.rect(mark.boxes as Plot.Data, {
          x1: "x1",
          x2: "x2",
          y1: "y1",
          y2: "y2",
          fill: "colour",
          stroke: "#fff",
          strokeWidth: thickness,
          clip: true,
        }),
        Plot.text(texts, { x: "x", y: "y", text: "text", fill: "ink", fontSize: fontSize * 0.85 }),
      ];
    }
    case "labels":
      return [
        Plot.text(mark.labels as Plot.Data, {
          ...{ x: "x", y: "y", text: "text", textAnchor: "start", dx: 3 },
          ...{ fill: "#000", stroke: "#fff", strokeWidth: 2.5, fontSize: fontSize * 0.9 },
        }),
      ];
    default: {
      const never: never = mark;
      return never;
    }
  }
}

function dots(look: Look, xs: Numbers, ys: Numbers, r: number): Plot.Markish {
  const isOpen = look.marker === "cross" || look.marker === "plus";
  return Plot.dot({ length: xs.length }, {
    x: column(xs),
    y: column(ys),
    r,
    symbol: symbolOf(look.marker),
    fill: isOpen ? "none" : look.colour,
    stroke: isOpen ? look.colour : "none",
    strokeWidth: 1.2,
    fillOpacity: look.isFaint ? 0.45 : 1,
    clip: true,
  } as Plot.DotOptions);
}

/** Five markers along a line, placed differently on each line, so that lines can be told apart without colours. */
function markersAlong(look: Look, xs: Numbers, ys: Numbers, turn: number): Plot.Markish[] {
  const defined = xs.map((_, i) => i).filter((i) => Number.isFinite(ys[i]));
  const count = Math.min(5, defined.length);
  const chosen = Array.from({ length: count }, (_, k) => {
    const share = (k + 0.2 + (turn % 5) * 0.15) / count;
    return defined[Math.min(defined.length - 1, Math.floor(share * defined.length))] ?? 0;
  });
  const own = [...new Set(chosen)];
  return [dots(look, valuesAt(xs, own), valuesAt(ys, own), 2.6)];
}

/** Straight lines from low to high: vertical at x = `at`, or horizontal at y = `at`. */
function strokes(look: Look, at: Numbers, low: Numbers, high: Numbers, isUpright: boolean): Plot.Markish {
  const style = { stroke: look.colour, strokeWidth: 1.1, clip: true as const };
  const [place, from, to] = [column(at), column(low), column(high)];
  return isUpright
    ? Plot.ruleX({ length: at.length }, { x: place, y1: from, y2: to, ...style })
    : Plot.ruleY({ length: at.length }, { y: place, x1: from, x2: to, ...style });
}

/** The ends of the caps of error bars, 5 pixels long. */
function besides(at: Numbers, frame: Frame, isUpright: boolean): [low: Numbers, high: Numbers] {
  const axis = isUpright ? frame.x : frame.y;
  const half = 2.5 / (isUpright ? frame.width : frame.height);
  const beside = (value: number, by: number): number => {
    const place = placeOn(axis, value) + by;
    const low = Math.log(axis.from);
    return axis.scale === "log"
      ? Math.exp(low + (Math.log(axis.to) - low) * place)
      : axis.from + (axis.to - axis.from) * place;
  };
  return [at.map((value) => beside(value, -half)), at.map((value) => beside(value, half))];
}
