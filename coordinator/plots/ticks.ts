import { niceTicks } from "../chart/ticks.ts";
import type { Axis, Tick } from "./figure.ts";

/** The ticks of an axis: at most `wanted` round numbers, all with the same number of decimals. */
export function ticksOf(axis: Axis, wanted: number): Tick[] {
  if (axis.ticks) return axis.ticks.filter(({ at }) => at >= axis.from && at <= axis.to);
  const places = axis.scale === "log" ? logPlaces(axis, wanted) : linearPlaces(axis, wanted);
  const write = axis.scale === "log" ? writeNumber : numberWriter(places);
  return places.map((at) => ({ at, text: write(at) }));
}

function linearPlaces({ from, to, isWhole }: Axis, wanted: number): number[] {
  return [...niceTicks(from, to, Math.max(2, wanted), isWhole ? 1 : 0).values];
}

/** Powers of ten, with 2 and 5 between them if they fit; round numbers if even those are fewer than three. */
function logPlaces(axis: Axis, wanted: number): number[] {
  const low = Math.floor(Math.log10(axis.from));
  const high = Math.ceil(Math.log10(axis.to));
  const between = (factors: readonly number[], every: number): number[] => {
    const places: number[] = [];
    for (let exponent = low; exponent <= high; exponent += 1) {
      if ((exponent - low) % every !== 0) continue;
      for (const factor of factors) {
        const at = exponent >= 0 ? factor * 10 ** exponent : factor / 10 ** -exponent;
        if (at >= axis.from * (1 - 1e-9) && at <= axis.to * (1 + 1e-9)) places.push(at);
      }
    }
    return places;
  };
  const fine = between([1, 2, 5], 1);
  if (fine.length < 3) return linearPlaces(axis, wanted);
  if (fine.length <= wanted) return fine;
  for (let every = 1; ; every += 1) {
    const places = between([1], every);
    if (places.length <= Math.max(2, wanted)) return places;
  }
}

/** A format for all numbers of one axis: 0.02, 0.04; 20k, 40k; 1e-5. */
function numberWriter(values: readonly number[]): (value: number) => string {
  const sizes = values.filter((value) => value !== 0 && Number.isFinite(value)).map(Math.abs);
  const greatest = sizes.reduce((a, b) => Math.max(a, b), 0);
  const least = sizes.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const spans = least > 0 && greatest / least >= 1e5;
  if (greatest >= 1e15 || (greatest > 0 && greatest < 1e-4) || (spans && least < 1e-3)) return scientific;
  for (const [limit, size, suffix] of [
    [1e9, 1e9, "G"],
    [1e6, 1e6, "M"],
    [1e4, 1e3, "k"],
  ] as const) {
    if (greatest < limit) continue;
    const decimals = decimalsNeeded(values.map((value) => value / size));
    return (value) => (value === 0 ? "0" : `${minus((value / size).toFixed(decimals))}${suffix}`);
  }
  const decimals = decimalsNeeded(values);
  if (spans) return (value) => minus(String(Number(value.toPrecision(6))));
  return (value) => minus(value.toFixed(decimals));
}

function scientific(value: number): string {
  if (value === 0) return "0";
  const [mantissa = "", exponent = ""] = value.toExponential(2).split("e");
  return minus(`${Number(mantissa)}e${Number(exponent)}`);
}

/** The fewest decimals that show every value to six significant digits of the greatest. */
function decimalsNeeded(values: readonly number[]): number {
  const greatest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const most = Math.min(12, Math.max(0, 5 - Math.floor(Math.log10(greatest || 1))));
  for (let decimals = 0; decimals < most; decimals += 1) {
    const slack = greatest * 1e-6;
    if (values.every((value) => Math.abs(Number(value.toFixed(decimals)) - value) <= slack)) return decimals;
  }
  return most;
}

/** A number in a sentence or a cell: three significant digits. */
export function writeNumber(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "none" : value > 0 ? "inf" : "-inf";
  if (Number.isInteger(value) && Math.abs(value) < 1e5) return minus(String(value));
  const size = Math.abs(value);
  if (size >= 1e5 || (size > 0 && size < 1e-4)) return scientific(value);
  return minus(String(Number(value.toPrecision(3))));
}

/** Writes -0.00 as 0.00. */
const minus = (text: string): string => (/^-[0.]*$/.test(text) ? text.slice(1) : text);
