import type { Range, Setting } from "../hyperparameter.ts";

/** The place of `from` on a log scale with 0, whose place is 0: about one of ten steps below. */
const zeroStep = 0.1;

export const isLog = ({ scale }: Range): boolean => scale === "log" || scale === "log_integer";
export const isWhole = ({ scale }: Range): boolean => scale === "integer" || scale === "log_integer";

/** Whether a value belongs to the range; integer scales hold safe integers only. */
export function contains(range: Range, value: Setting): value is number {
  if (typeof value !== "number" || !Number.isFinite(value)) return false;
  if (value === 0 && range.zero === true) return true;
  return value >= range.from && value <= range.to && (!isWhole(range) || Number.isSafeInteger(value));
}

/** Where a value of the range lies on its scale: 0 at the lowest, 1 at `to`. */
export function placeOf(range: Range, value: number): number {
  const { from, to } = range;
  // Halved, because the difference of two huge numbers need not be finite.
  if (!isLog(range)) return (value / 2 - from / 2) / (to / 2 - from / 2);
  const lowest = range.zero === true ? zeroStep : 0;
  if (value <= 0) return 0;
  // The quotient is formed first: it is exactly 1 at `to`.
  return lowest + (1 - lowest) * ((Math.log(value) - Math.log(from)) / (Math.log(to) - Math.log(from)));
}

/** The number at a place between two marks, neither rounded nor made whole. */
export function numberAt(range: Range, place: number): number {
  const { from, to } = range;
  if (!isLog(range)) return from * (1 - place) + to * place;
  const lowest = range.zero === true ? zeroStep : 0;
  const share = (place - lowest) / (1 - lowest);
  return Math.exp(Math.log(from) * (1 - share) + Math.log(to) * share);
}

/** The range as `nexus edit --add-range` takes it: `1e-5..0.01:log`. */
export function rangeText({ from, to, scale, zero }: Range): string {
  return `${from}..${to}:${scale}${zero === true ? ",zero" : ""}`;
}
