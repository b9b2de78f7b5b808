import { type Hyperparameter, type Range, type Setting, settingText } from "../hyperparameter.ts";
import { firstMarks } from "../ranges/first-marks.ts";
import { contains, placeOf, rangeText } from "../ranges/range.ts";
import { olderDefaults } from "../runspec/job-settings.ts";
import { rangeProblems } from "../runspec/range-line.ts";
import type { JobEdited, JobSubmitted, RangeRefined } from "./events.ts";
import { FoldError } from "./fold-error.ts";

/** Maximum number of values of a hyperparameter: a neighbourhood contains all values of an unordered one. */
const mostValues = 10_000;

/**
 * The hyperparameter with more values; the existing ones keep their positions.
 *
 * @param started   choices made so far; the values are available from the next choice on
 * @param problems  receives what is wrong with the values
 */
export function withValues(
  hyperparameter: Hyperparameter,
  added: readonly Setting[],
  started: number,
  problems: string[],
): Hyperparameter {
  const { name, values, range } = hyperparameter;
  const all = [...values];
  for (const value of added) {
    if (all.includes(value)) problems.push(`${name} already has the value ${settingText(value)}`);
    else if (Number.isNaN(value)) problems.push(`${name}: NaN is not a value`);
    else if (range && !contains(range, value)) problems.push(outside(name, range, value));
    else if (typeof value === "string" && isOfNumbers(values)) problems.push(amongNumbers(name, value, values));
    else all.push(value);
  }
  if (all.length > mostValues) problems.push(`${name} would have ${all.length} values; at most ${mostValues}`);
  return grown(hyperparameter, all, started);
}

function outside(name: string, range: Range, value: Setting): string {
  const { from, to, scale } = range;
  const wider = typeof value === "number" ? `${Math.min(from, value)}..${Math.max(to, value)}:${scale}` : "";
  const hint = wider === "" ? "" : `\n  to widen it: --add-range ${name}=${wider}`;
  return `${name}: ${settingText(value)} does not belong to its range ${rangeText(range)}${hint}`;
}

/** Whether all values are numbers: a text added to them is a slip, and an added value cannot be removed. */
const isOfNumbers = (values: readonly Setting[]): boolean => values.every((value) => typeof value === "number");

function amongNumbers(name: string, value: string, values: readonly Setting[]): string {
  const first = values.slice(0, 3).map((each) => settingText(each));
  return `${name}: ${settingText(value)} is a text, and its values are numbers (${first.join(", ")}${values.length > 3 ? " .." : ""})\n  expected a number; an added value cannot be removed`;
}

/** The hyperparameter with all these values, which begin with its own. */
function grown(hyperparameter: Hyperparameter, all: readonly Setting[], started: number): Hyperparameter {
  const { values, ordered, range } = hyperparameter;
  if (all.length === values.length) return hyperparameter;
  const growth = [...(hyperparameter.grown ?? []), { from: values.length, after: started }];
  const more = { ...hyperparameter, values: all, grown: growth };
  if (range) return { ...more, dial: byValue(all) };
  return ordered ? { ...more, dial: dialWith(hyperparameter, all) } : more;
}

/**
 * The hyperparameter over a range: a list becomes one, or a range becomes wider. It gets the ends of the range, 0 if
 * that is a mark, and those first marks that are not near a value that it has.
 */
export function overRange(
  hyperparameter: Hyperparameter,
  range: Range,
  started: number,
  problems: string[],
): Hyperparameter {
  const { name, values, range: before } = hyperparameter;
  const wrong = rangeProblems(range, `the range of ${name}`).map(({ message, hints }) =>
    [message, ...hints].join("\n  "),
  );
  const left = values.filter((value) => !contains(range, value));
  if (wrong.length > 0) problems.push(...wrong);
  else if (before && rangeText(before) === rangeText(range))
    problems.push(`${name} has the range ${rangeText(range)} already`);
  else if (left.length > 0) problems.push(leavesOut(name, range, values, left));
  if (wrong.length > 0 || left.length > 0) return hyperparameter;
  const marks = firstMarks(range);
  const near = 0.5 / Math.max(1, marks.length - 1);
  const places = values.map((value) => placeOf(range, Number(value)));
  const isMissing = (mark: number): boolean => {
    if (values.includes(mark)) return false;
    if (mark === range.from || mark === range.to || mark === 0) return true;
    return places.every((place) => Math.abs(place - placeOf(range, mark)) >= near);
  };
  const all = [...values, ...marks.filter(isMissing)];
  const ranged = { ...hyperparameter, ordered: true, range, dial: byValue(values) };
  return grown(ranged, all, started);
}

function leavesOut(name: string, range: Range, values: readonly Setting[], left: readonly Setting[]): string {
  const named = left.slice(0, 3).map((value) => settingText(value));
  const more = left.length > named.length ? ` and ${left.length - named.length} more` : "";
  const numbers = values.filter((value) => typeof value === "number");
  const expected =
    numbers.length === values.length
      ? `expected a range of all its values, which are from ${Math.min(...numbers)} to ${Math.max(...numbers)}; no value can be removed`
      : "only a hyperparameter of numbers can become a range";
  return `${name}: the range ${rangeText(range)} does not include its values ${named.join(", ")}${more}\n  ${expected}`;
}

/**
 * A job after an edit.
 *
 * @throws FoldError unless every value keeps its position
 */
export function asEdited(before: JobSubmitted, { settings, hyperparameters }: JobEdited): JobSubmitted {
  const isGrown = ({ values }: Hyperparameter, i: number): boolean =>
    before.hyperparameters[i]?.values.every((value, position) => value === values[position]) === true;
  if (hyperparameters.length !== before.hyperparameters.length || !hyperparameters.every(isGrown)) {
    throw new FoldError(`${before.job}: "job-edited" changes the meaning of its configurations`);
  }
  return { ...before, settings: { ...olderDefaults, ...settings }, hyperparameters };
}

/**
 * A job after marks were added to its ranges.
 *
 * @throws FoldError if a mark belongs to no range, or is there already
 */
export function asRefined(before: JobSubmitted, started: number, { marks }: Pick<RangeRefined, "marks">): JobSubmitted {
  const { job, hyperparameters } = before;
  const impossible = Object.entries(marks).find(([name, added]) => {
    const { range, values = [] } = hyperparameters.find((each) => each.name === name) ?? {};
    return (
      !range || !added.every((mark, i) => contains(range, mark) && ![...values, ...added.slice(0, i)].includes(mark))
    );
  });
  if (impossible) throw new FoldError(`${job}: "range-refined" gives ${impossible[0]} marks that it cannot have`);
  const refined = hyperparameters.map((each) =>
    Object.hasOwn(marks, each.name) ? withMarks(each, marks[each.name] ?? [], started) : each,
  );
  return { ...before, hyperparameters: refined };
}

/** The range with more marks, which must lie in it and be new. */
export const withMarks = (range: Hyperparameter, marks: readonly number[], started: number): Hyperparameter =>
  grown(range, [...range.values, ...marks], started);

/** Positions in `values`, the lowest number first. */
const byValue = (values: readonly Setting[]): number[] =>
  [...values.keys()].sort((a, b) => Number(values[a]) - Number(values[b]));

/**
 * Positions in `values` in the order of the dial. If the dial holds numbers that only rise or only fall, an added number goes
 * between its neighbours; otherwise added values come after all others, in the order given.
 */
function dialWith(before: Hyperparameter, values: readonly Setting[]): number[] {
  const dial = [...(before.dial ?? before.values.keys())];
  for (let position = before.values.length; position < values.length; position += 1) {
    const value = values[position];
    const numbers = dial.map((each) => values[each]);
    const sign = direction(numbers);
    const at =
      sign === 0 || typeof value !== "number"
        ? -1
        : numbers.findIndex((each) => typeof each === "number" && (each - value) * sign > 0);
    dial.splice(at < 0 ? dial.length : at, 0, position);
  }
  return dial;
}

/** 1 for rising numbers or a single one, -1 for falling numbers, 0 for anything else. */
function direction(values: readonly (Setting | undefined)[]): -1 | 0 | 1 {
  if (!values.every((value) => typeof value === "number")) return 0;
  const isRising = values.every((value, i) => i === 0 || value > (values[i - 1] ?? Number.NaN));
  const isFalling = values.every((value, i) => i === 0 || value < (values[i - 1] ?? Number.NaN));
  return isRising ? 1 : isFalling ? -1 : 0;
}
