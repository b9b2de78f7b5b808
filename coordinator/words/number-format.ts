import { type Goal, told } from "../../shared/domain/goal.ts";

/** How tables print numbers: the same decimals throughout a column, so that the decimal points line up. */

const fewestDecimals = 3;
/** A value that would show as zero even with these is printed as 1.2e-12. */
const mostDecimals = 9;
/** From here on a value is printed as 1.23e+17: its last digits are not known, and the decimals only widen a column. */
const leastHuge = 1e15;

/** As many decimals as the smallest non-zero value needs for two significant digits; 3 to 9. */
export function decimalsFor(values: Iterable<number>): number {
  let least = Number.POSITIVE_INFINITY;
  for (const value of values) {
    const size = Math.abs(value);
    if (size > 0 && size < least) least = size;
  }
  if (least === Number.POSITIVE_INFINITY) return fewestDecimals;
  // toExponential rounds first: 0.0996 is 1.0e-1 to two digits, and needs two decimals, not three.
  const exponent = Number(least.toExponential(1).split("e")[1]);
  return Math.min(mostDecimals, Math.max(fewestDecimals, 1 - exponent));
}

/** As many decimals as a person would type: 3 for 0.125, 5 for 1.6e-4; 0 if that is more than a table shows. */
export function decimalsTyped(value: number): number {
  const [mantissa = "", exponent = "0"] = String(value).split("e");
  const decimals = (mantissa.split(".")[1] ?? "").length - Number(exponent);
  return decimals > mostDecimals ? 0 : Math.max(0, decimals);
}

export function formatDecimal(value: number, decimals: number): string {
  if (!Number.isFinite(value)) return formatSpecial(value);
  if (Math.abs(value) >= leastHuge) return value.toExponential(2);
  const text = value.toFixed(decimals);
  // If fewer than two significant digits would be left.
  return Math.abs(Number(text) - value) > 0.05 * Math.abs(value) ? value.toExponential(1) : text;
}

/** A result in a sentence or a heading of the screen, a loss unsigned: four significant digits. */
export const resultDigits = (goal: Goal, hpmax: number): string => told(goal, hpmax).toPrecision(4);

const formatSpecial = (value: number): string => (Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf");

/** What `--columns name:FORMAT` may ask for; undefined for anything else. `.3f` `.2e` `.4g` `d` */
export function parseNumberFormat(text: string): ((value: number) => string) | undefined {
  const match = /^(?:\.(\d{1,2})([feg])|(d))$/.exec(text);
  if (!match) return undefined;
  const digits = Number(match[1] ?? 0);
  const format = (value: number): string => {
    switch (match[2]) {
      case "f":
        return value.toFixed(digits);
      case "e":
        return value.toExponential(digits);
      case "g":
        return value.toPrecision(Math.max(1, digits));
      default:
        return String(Math.round(value));
    }
  };
  return (value) => (Number.isFinite(value) ? format(value) : formatSpecial(value));
}
