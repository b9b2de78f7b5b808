import type { Configuration, Hyperparameter } from "../hyperparameter.ts";
import type { RunSets } from "../run-sets/run-set.ts";
import { dialOf, placesOf } from "./places.ts";
import { isWhole, numberAt } from "./range.ts";
import { roundestBetween } from "./round-number.ts";

/** Most marks of one range. More would spread the runs over settings that no search can tell apart. */
export const mostMarks = 200;
/** A gap is divided only if it is wider than this part of the range. */
const finestGap = 1e-3;
/**
 * Completed runs with the best mark, whatever their other settings, before a gap beside it is divided; one where no
 * configuration runs twice, because a single range then has no more.
 */
const fewestAtBest = 3;
/** The part of a gap in which its new mark is placed. */
const middle = [0.35, 0.65] as const;

/** New marks by the hyperparameter's name; none of them exists already. */
export type Marks = Readonly<Record<string, readonly number[]>>;

/**
 * around the best: beside the mark of the best configuration, where a search by results looks. everywhere: in the
 * widest gaps, because random search looks everywhere. nowhere: the grid keeps its first marks.
 */
export type Refining = "around the best" | "everywhere" | "nowhere";

/** How a search may use its configurations. */
export interface SearchUse {
  /** Whether each configuration runs once at most. */
  readonly runsOnce: boolean;
  /** Whether all of them have run: the search ends unless ranges get more marks. */
  readonly isExhausted: boolean;
}

const usual: SearchUse = { runsOnce: false, isExhausted: false };

/** What finer marks need from the search's model. */
export interface ModelSummary {
  /** The best configuration. */
  readonly best: Configuration;
  /** For each hyperparameter, the distance on its scale over which results resemble each other. */
  readonly lengths: readonly number[];
}

/** Within this part of a model length, results hardly differ: a finer mark would show nothing. */
const resolution = 1 / 50;

/**
 * The marks that should be added to ranges after the runs so far; empty if none should.
 *
 * Around the best: each gap beside the best configuration's mark gets a mark near its middle, as round as possible, if
 * three runs have completed with the best mark (one if no configuration runs twice) and one with the mark at the gap's
 * other end. The number of completed runs limits how fine it gets: each half is at least (hyperparameters / runs) of the
 * range wide, 1/20 after 20 runs for each hyperparameter, 1/40 after 40, because a peak is located only as well as it was
 * measured. Nothing is added outside the range.
 *
 * @param known  null if the model knows nothing yet
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
  // Random search: about one mark for two completed runs, or one for each if no configuration runs twice.
  const everywhere = (): Marks =>
    denser(open, (count) => (isExhausted ? 2 * count : Math.ceil(runsOnce ? completed : completed / 2)));
  if (refining === "everywhere") return everywhere();
  if (known === null) return isExhausted ? everywhere() : {};
  const counts = runsWithMarks(runSets, open);
  const fewest = runsOnce ? 1 : fewestAtBest;
  const found = open.map(({ hyperparameter, number, gaps }, i): [string, number[]] => {
    const own = known.best[number] ?? -1;
    const runs = counts[i] ?? [];
    const beside = gaps.filter(
      ({ low, high }) =>
        (low === own || high === own) && (runs[own] ?? 0) >= fewest && (runs[low === own ? high : low] ?? 0) > 0,
    );
    const room = mostMarks - hyperparameter.values.length;
    return [hyperparameter.name, beside.slice(0, room).flatMap((gap) => markIn(hyperparameter, gap) ?? [])];
  });
  const marks = someOf(found);
  return isExhausted && Object.keys(marks).length === 0 ? everywhere() : marks;
}

const someOf = (marks: readonly (readonly [name: string, marks: readonly number[]])[]): Marks =>
  Object.fromEntries(marks.filter(([, some]) => some.length > 0));

/** Two neighbouring marks on the dial, as positions in `values`. */
interface Gap {
  readonly low: number;
  readonly high: number;
  /** As a part of the dial, which is 1 long. */
  readonly width: number;
}

interface OpenRange {
  readonly hyperparameter: Hyperparameter;
  readonly number: number;
  /** Only gaps that are wide enough. */
  readonly gaps: readonly Gap[];
}

function gapsOf(hyperparameter: Hyperparameter): Gap[] {
  const places = placesOf(hyperparameter);
  const dial = dialOf(hyperparameter);
  return dial.slice(1).flatMap((high, i) => {
    const low = dial[i] ?? 0;
    const width = (places[high] ?? 0) - (places[low] ?? 0);
    // A log range with 0 has no values between 0 and `from`.
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

/** Marks in the widest gaps. @param wanted  how many marks a range that has `count` should have */
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
