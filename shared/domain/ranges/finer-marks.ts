import type { Configuration, Hyperparameter } from "../hyperparameter.ts";
import type { RunSets } from "../run-sets/run-set.ts";
import { dialOf, placesOf } from "./places.ts";
import { isWhole, numberAt } from "./range.ts";
import { roundestBetween } from "./round-number.ts";

/** Marks of one range. More would spread the runs over settings between which no search can tell. */
export const mostMarks = 200;
/** A gap is divided only if it is wider than this part of the range. */
const finestGap = 1e-3;
/** Completed runs with the best mark, whatever their other settings, before a gap beside it is divided; where none runs twice, 1. */
const fewestAtBest = 3;
/** Where in a gap the new mark may lie. */
const middle = [0.35, 0.65] as const;

/** By hyperparameter: marks to add, all different from those that it has. */
export type Marks = Readonly<Record<string, readonly number[]>>;

/**
 * around the best: beside the mark of the best configuration, as a search by results looks there. everywhere: in the widest gaps, since
 * random search looks everywhere. nowhere: the grid keeps the first marks.
 */
export type Refining = "around the best" | "everywhere" | "nowhere";

/** How a search may use its configurations. */
export interface SearchUse {
  /** Whether each runs once at most. */
  readonly runsOnce: boolean;
  /** Whether all of them have: the search ends unless ranges get marks. */
  readonly isExhausted: boolean;
}

const usual: SearchUse = { runsOnce: false, isExhausted: false };

/** What the model of the search says. */
export interface ModelSummary {
  /** The best configuration. */
  readonly best: Configuration;
  /** For each hyperparameter, the distance on its scale over which results resemble each other. */
  readonly lengths: readonly number[];
}

/** Over this part of such a distance, results hardly differ: a finer mark would tell nothing. */
const resolution = 1 / 50;

/**
 * The marks that refine ranges, as follows from the runs so far; empty if there are none.
 *
 * @param known  null if nothing is known yet
 *
 * Around the best: the gap on either side of the best configuration's mark gets a mark near its middle, as round as can be, if three runs
 * have completed with the mark and one with the mark on the other side. How fine it gets depends on the number of completed runs: the
 * halves are at least (hyperparameters / runs) of the range wide, 1/20 after 20 runs for each hyperparameter, 1/40 after 40, because
 * where a peak lies is known only as well as it was measured. Nothing is added outside of the range.
 */
export function finerMarks(
  hyperparameters: readonly Hyperparameter[],
  runSets: RunSets,
  refining: Refining,
  known: ModelSummary | null,
  { runsOnce, isExhausted }: SearchUse = usual,
): Marks {
  const { completed } = runSets.totals;
  const varied = hyperparameters.filter(({ values }) => values.length > 1).length;
  const narrowest = isExhausted ? finestGap / 2 : Math.max(finestGap / 2, varied / completed);
  const open = hyperparameters.flatMap((hyperparameter, number) => {
    const { range, values } = hyperparameter;
    if (refining === "nowhere" || !range || values.length >= mostMarks) return [];
    const leastGap = Math.max(2 * narrowest, isExhausted ? 0 : resolution * (known?.lengths[number] ?? 0));
    const gaps = gapsOf(hyperparameter).filter(({ width }) => width >= leastGap);
    return gaps.length === 0 ? [] : [{ hyperparameter, number, gaps }];
  });
  if (open.length === 0 || (completed === 0 && !isExhausted)) return {};
  // For random search about one mark for two runs, or for each where none runs twice.
  const everywhere = (): Marks =>
    denser(open, (count) => (isExhausted ? 2 * count : Math.ceil(runsOnce ? completed : completed / 2)));
  if (refining === "everywhere") return everywhere();
  if (known === null) return isExhausted ? everywhere() : {};
  const counts = runsWithMarks(runSets, open);
  const found = open.map(({ hyperparameter, number, gaps }, i): [string, number[]] => {
    const own = known.best[number] ?? -1;
    const runs = counts[i] ?? [];
    const beside = gaps.filter(
      ({ low, high }) =>
        (low === own || high === own) && (runs[own] ?? 0) >= fewestAtBest && (runs[low === own ? high : low] ?? 0) > 0,
    );
    const room = mostMarks - hyperparameter.values.length;
    return [hyperparameter.name, beside.slice(0, room).flatMap((gap) => markIn(hyperparameter, gap) ?? [])];
  });
  const marks = someOf(found);
  return isExhausted && Object.keys(marks).length === 0 ? everywhere() : marks;
}

const someOf = (marks: readonly (readonly [name: string, marks: readonly number[]])[]): Marks =>
  Object.fromEntries(marks.filter(([, some]) => some.length > 0));

/** Two marks that are next to each other on the dial, as positions. */
interface Gap {
  readonly low: number;
  readonly high: number;
  /** Of the dial, which is 1 long. */
  readonly width: number;
}

interface OpenRange {
  readonly hyperparameter: Hyperparameter;
  readonly number: number;
  /** Those that are wide enough. */
  readonly gaps: readonly Gap[];
}

function gapsOf(hyperparameter: Hyperparameter): Gap[] {
  const places = placesOf(hyperparameter);
  const dial = dialOf(hyperparameter);
  return dial.slice(1).flatMap((high, i) => {
    const low = dial[i] ?? 0;
    const width = (places[high] ?? 0) - (places[low] ?? 0);
    // Between 0 and the lowest number of a log range lies nothing that belongs to it.
    const isEmpty = hyperparameter.range?.zero === true && hyperparameter.values[low] === 0;
    return isEmpty ? [] : [{ low, high, width }];
  });
}

/** The roundest number near the middle of the gap; undefined if there is none between its ends. */
function markIn(hyperparameter: Hyperparameter, { low, high, width }: Gap): number | undefined {
  const { range, values } = hyperparameter;
  const below = placesOf(hyperparameter)[low] ?? 0;
  if (!range) return undefined;
  const [from, to] = middle.map((share) => numberAt(range, below + share * width));
  const round = roundestBetween(Math.min(from ?? 0, to ?? 0), Math.max(from ?? 0, to ?? 0));
  const mark = isWhole(range) ? Math.round(round) : round;
  return mark > Number(values[low]) && mark < Number(values[high]) ? mark : undefined;
}

/** For each of the ranges, the completed runs with each of its marks. */
function runsWithMarks(runSets: RunSets, ranges: readonly OpenRange[]): readonly Uint32Array[] {
  const counts = ranges.map(({ hyperparameter }) => new Uint32Array(hyperparameter.values.length));
  for (const { completed, configuration } of runSets) {
    ranges.forEach(({ number }, i) => {
      const at = configuration[number] ?? 0;
      const count = counts[i];
      if (count) count[at] = (count[at] ?? 0) + completed;
    });
  }
  return counts;
}

/** Marks in the widest gaps. @param wanted  how many marks a range of so many should have */
function denser(open: readonly OpenRange[], wanted: (count: number) => number): Marks {
  return someOf(
    open.map(({ hyperparameter, gaps }): [string, number[]] => {
      const count = hyperparameter.values.length;
      const room = Math.min(mostMarks, wanted(count)) - count;
      const widest = gaps.toSorted((a, b) => b.width - a.width).slice(0, Math.max(0, room));
      return [hyperparameter.name, widest.flatMap((gap) => markIn(hyperparameter, gap) ?? [])];
    }),
  );
}
