import { activeIn } from "../../../shared/domain/conditions/activity.ts";
import { type Hyperparameter, type Range, type Setting, settingText } from "../../../shared/domain/hyperparameter.ts";
import { coarseDial } from "../../../shared/domain/ranges/coarse-dial.ts";
import { firstMarks } from "../../../shared/domain/ranges/first-marks.ts";
import { dialOf, placesOf } from "../../../shared/domain/ranges/places.ts";
import { placeOf } from "../../../shared/domain/ranges/range.ts";
import { didYouMean } from "../../../shared/domain/runspec/nearest-name.ts";
import { UsageError } from "../../../shared/errors.ts";
import type { Tick } from "../figure.ts";
import type { ChosenRuns } from "./chosen-runs.ts";

/**
 * The hyperparameters of all the runs' jobs. If jobs have different marks on one range, the result has all of them.
 *
 * @throws UsageError if the jobs have different hyperparameters or settings
 */
export function hyperparametersOf({ tables }: Pick<ChosenRuns, "tables">): readonly Hyperparameter[] {
  const [first, ...others] = tables.map(({ submitted }) => submitted.hyperparameters);
  const text = (hyperparameters: readonly Hyperparameter[] | undefined): string =>
    JSON.stringify(hyperparameters?.map(({ name, values, range }) => [name, range ?? values]));
  const other = others.findIndex((each) => text(each) !== text(first));
  if (other >= 0) {
    throw new UsageError(
      `${tables[0]?.job} and ${tables[other + 1]?.job} have different hyperparameters or settings; plot one of them at a time`,
    );
  }
  return (first ?? []).map((each, i) => {
    if (!each.range || others.length === 0) return each;
    const values = [
      ...new Set([each, ...others.map((theirs) => theirs[i] ?? each)].flatMap((theirs) => theirs.values)),
    ];
    return { ...each, values, dial: [...values.keys()].sort((a, b) => Number(values[a]) - Number(values[b])) };
  });
}

/** The configuration of each run, as positions in the values of `hyperparametersOf`. */
export function configurationsOf(runs: ChosenRuns): readonly (readonly number[])[] {
  const hyperparameters = hyperparametersOf(runs);
  const positionOf = hyperparameters.map(({ values }) => new Map(values.map((value, position) => [value, position])));
  return runs.rows.map(({ table, trial }) =>
    trial.configuration.map((position, i) => {
      const { values } = table.submitted.hyperparameters[i] ?? { values: [] };
      if (values === hyperparameters[i]?.values) return position;
      return positionOf[i]?.get(values[position] ?? null) ?? -1;
    }),
  );
}

/** A hyperparameter and its setting in each run. */
export interface Dial {
  readonly name: string;
  /** Its settings as text, in the order of the dial. */
  readonly settings: readonly string[];
  /** The settings themselves. */
  readonly values: readonly Setting[];
  /** Index of each run's setting; -1 if it has none, as where it is inactive. */
  readonly positions: readonly number[];
  /** Where the settings of a range lie; left out for a list, whose settings are at equal distances. */
  readonly scale?: DialScale;
}

export interface DialScale {
  readonly range: Range;
  /** The place of each setting, 0 to 1. */
  readonly places: readonly number[];
  /** The places that an axis names. */
  readonly ticks: readonly Tick[];
}

/** Where a setting lies, from 0 for the first to 1 for the last. */
export const placeIn = ({ scale, settings }: Dial, at: number): number =>
  scale ? (scale.places[at] ?? Number.NaN) : at / Math.max(1, settings.length - 1);

/** The places from 0 to 1 that an axis names. */
export const ticksIn = (dial: Dial): readonly Tick[] =>
  dial.scale?.ticks ?? dial.settings.map((text, at) => ({ at: placeIn(dial, at), text }));

export function dialsOf(runs: ChosenRuns): Dial[] {
  const hyperparameters = hyperparametersOf(runs);
  const configurations = configurationsOf(runs);
  return hyperparameters.map((hyperparameter, i) => {
    const { name, values, range, onlyWhen = [] } = hyperparameter;
    const isActive = (configuration: readonly number[]): boolean =>
      onlyWhen.length === 0 || activeIn(hyperparameters, configuration)[i] === true;
    const dial = dialOf(hyperparameter);
    const rank = new Map(dial.map((position, at) => [position, at]));
    const all = placesOf(hyperparameter);
    const sorted = dial.map((position) => values[position] ?? null);
    const positions = configurations.map((configuration) =>
      isActive(configuration) ? (rank.get(configuration[i] ?? -1) ?? -1) : -1,
    );
    const plain = { name, settings: sorted.map((value) => settingText(value, 2)), values: sorted, positions };
    if (!range) return plain;
    return { ...plain, scale: { range, places: dial.map((position) => all[position] ?? 0), ticks: ticksOf(range) } };
  });
}

const ticksOf = (range: Range): Tick[] =>
  firstMarks(range).map((mark) => ({ at: placeOf(range, mark), text: settingText(mark, 2) }));

/** A range's dial reduced to the parts around its first marks; a list's dial stays as it is. */
export function inParts(dial: Dial): Dial {
  const { name, values, positions, scale } = dial;
  if (!scale) return dial;
  const { range, ticks } = scale;
  const { marks, partOf } = coarseDial({ name, ordered: true, values, range, tuned: values[0] ?? null });
  return {
    name,
    settings: marks.map((mark) => settingText(mark, 2)),
    values: marks,
    positions: positions.map((at) => partOf[at] ?? -1),
    scale: { range, ticks, places: marks.map((mark) => placeOf(range, Number(mark))) },
  };
}

/** @throws UsageError with the nearest name if there is no such hyperparameter */
export function dialNamed(dials: readonly Dial[], typed: string): Dial {
  const name = typed.replace(/^hparams\./, "");
  const found = dials.find((dial) => dial.name === name);
  if (found) return found;
  const names = dials.map((dial) => dial.name);
  const hint = didYouMean(name, names);
  throw new UsageError(`there is no hyperparameter "${typed}"${hint}\n  there are: ${names.join(", ")}`);
}
