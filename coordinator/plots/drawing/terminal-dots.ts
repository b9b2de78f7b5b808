import { DotField, type DotForm } from "../../chart/dots.ts";
import { type LegendEntry, type Look, type Numbers, type Panel, placeOn } from "../figure.ts";
import type { AnsiColour } from "./cells.ts";
import { ansiOf, ansiOfShare, letterOf, ownerOf } from "./terminal-looks.ts";

interface Owner {
  readonly colour: AnsiColour;
  /** Its character in ASCII. */
  readonly letter: string;
}

/** A place in the field of dots; row 0 is the top. */
interface Dot {
  readonly column: number;
  readonly row: number;
}

/** Draws everything but boxes and labels into one field of dots; returns what each cell shows. */
export function drawDots(
  panel: Panel,
  legend: readonly LegendEntry[],
  size: { readonly columns: number; readonly rows: number },
  form: DotForm,
): (x: number, y: number) => { character: string; colour: AnsiColour } {
  const field = new DotField(size.columns, size.rows, form);
  const owners = new Map<number, Owner>();
  /** Undefined if a coordinate has no place. */
  const dotAt = (x = Number.NaN, y = Number.NaN): Dot | undefined => {
    const column = Math.round(placeOn(panel.x, x) * (field.columns - 1));
    const row = field.rows - 1 - Math.round(placeOn(panel.y, y) * (field.rows - 1));
    return Number.isFinite(column) && Number.isFinite(row) ? { column, row } : undefined;
  };
  const dotsAt = (xs: Numbers, ys: Numbers) => xs.map((x, i) => dotAt(x, ys[i]));
  // The lowest number is in front: series in the order of the legend, then pale lines, then bands, then rules.
  const behind = legend.length + 1;
  const owner = (look: Look, kind: "line" | "band" | "rule"): number => {
    const number =
      kind === "line" && !look.isFaint
        ? ownerOf(look, legend)
        : behind + ownerOf(look, legend) + (kind === "rule" ? 200 : kind === "band" ? 100 : 50);
    const letter = kind === "rule" ? "|" : kind === "band" ? ":" : letterOf(look, legend);
    owners.set(number, { colour: kind === "rule" ? 90 : ansiOf(look.colour), letter });
    return number;
  };
  for (const mark of panel.marks) {
    switch (mark.kind) {
      case "line":
        drawLine(field, dotsAt(mark.xs, mark.ys), mark.isStep, owner(mark.look, "line"));
        break;
      case "dots": {
        const who = owner(mark.look, "line");
        for (const dot of dotsAt(mark.xs, mark.ys)) if (dot) field.set(dot.column, dot.row, who);
        break;
      }
      case "band":
        drawBand(field, dotsAt(mark.xs, mark.high), dotsAt(mark.xs, mark.low), mark.isStep, owner(mark.look, "band"));
        break;
      case "intervals": {
        const who = owner(mark.look, "line");
        const end = (place: number, value: number | undefined): Dot | undefined =>
          mark.isUpright ? dotAt(place, value) : dotAt(value, place);
        mark.at.forEach((place, i) => {
          const [from, to] = [end(place, mark.low[i]), end(place, mark.high[i])];
          if (from && to) stroke(field, from, to, who);
        });
        break;
      }
      case "rules": {
        const who = owner(mark.look, "rule");
        for (const x of mark.xs) {
          const column = dotAt(x, panel.y.from)?.column;
          if (column === undefined) continue;
          for (let row = 0; row < field.rows; row += mark.look.isFaint ? 3 : 1) field.set(column, row, who);
        }
        break;
      }
      case "paths":
        for (const { xs, ys, share } of mark.paths) {
          const who = 100 - Math.min(99, Math.max(0, Math.floor(share * 100)));
          const letter = share > 0.75 ? "#" : share > 0.5 ? "+" : share > 0.25 ? ":" : ".";
          owners.set(who, { colour: ansiOfShare(share), letter });
          drawLine(field, dotsAt(xs, ys), false, who);
        }
        break;
      case "boxes":
      case "labels":
        break;
      default: {
        const never: never = mark;
        return never;
      }
    }
  }
  return (x, y) => {
    const known = owners.get(field.owner(x, y));
    const own = field.character(x, y);
    const character = form === "ascii" && own !== " " ? (known?.letter ?? own) : own;
    return { character, colour: known?.colour };
  };
}

function stroke(field: DotField, from: Dot, to: Dot, who: number): void {
  const [across, down] = [to.column - from.column, to.row - from.row];
  // A stroke that leaves the panel by far would take too long to draw.
  const isOutside = Math.min(from.column, to.column) > field.columns || Math.max(from.column, to.column) < 0;
  if (isOutside || Math.abs(down) > 50 * field.rows) return;
  const steps = Math.max(1, Math.abs(across), Math.abs(down));
  for (let i = 0; i <= steps; i += 1) {
    field.set(Math.round(from.column + (across * i) / steps), Math.round(from.row + (down * i) / steps), who);
  }
}

function drawLine(field: DotField, dots: readonly (Dot | undefined)[], isStep: boolean, who: number): void {
  dots.forEach((here, i) => {
    if (!here) return;
    const last = dots[i - 1] ?? here;
    const corner = isStep ? { column: here.column, row: last.row } : last;
    if (isStep) stroke(field, last, corner, who);
    stroke(field, corner, here, who);
  });
}

/** Sets every second dot of every second row, so that curves inside the band stay visible. */
function drawBand(
  field: DotField,
  tops: readonly (Dot | undefined)[],
  feet: readonly (Dot | undefined)[],
  isStep: boolean,
  who: number,
): void {
  tops.forEach((top, i) => {
    const foot = feet[i];
    if (!top || !foot) return;
    const isJoined = tops[i - 1] !== undefined && feet[i - 1] !== undefined;
    const [fromTop, fromFoot] = [(isJoined && tops[i - 1]) || top, (isJoined && feet[i - 1]) || foot];
    const span = Math.max(1, top.column - fromTop.column);
    for (let c = Math.max(0, fromTop.column); c <= Math.min(field.columns - 1, top.column); c += 1) {
      const share = isStep ? (c === top.column ? 1 : 0) : (c - fromTop.column) / span;
      const high = Math.round(fromTop.row + (top.row - fromTop.row) * share);
      const low = Math.round(fromFoot.row + (foot.row - fromFoot.row) * share);
      for (let r = Math.max(0, high); r <= Math.min(field.rows - 1, low); r += 1) {
        if (r % 2 === 0 && (r / 2 + c) % 2 === 0) field.set(c, r, who);
      }
    }
  });
}
