import { activeIn } from "../../../shared/domain/conditions/activity.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import { searchView } from "../../../shared/domain/fold/search-view.ts";
import type { Goal } from "../../../shared/domain/goal.ts";
import { type Hyperparameter, type Setting, settingText } from "../../../shared/domain/hyperparameter.ts";
import { percent } from "../../../shared/domain/percent.ts";
import { type WeighedNeighbour, type WeighedNeighbourhood, weigh } from "../../../shared/domain/search/dgd-paper.ts";
import type { LiveSearch } from "../../live/live-search.ts";
import { clip } from "../../words/narrow.ts";
import { column, columnsOfNext, goalColumn, type ScreenColumn } from "./columns.ts";
import { ListView } from "./list-view.ts";

/** One step from the best run set in one hyperparameter, down and up. An unordered hyperparameter has a row per setting. */
export interface NeighbourRow {
  readonly key: string;
  readonly hyperparameter: Hyperparameter;
  /** Index of the centre's setting. */
  readonly centre: number;
  readonly down: Step | undefined;
  readonly up: Step | undefined;
}

interface Step {
  readonly setting: Setting;
  readonly runs: number;
  readonly inFlight: number;
  /** Undefined until one of its runs has completed. */
  readonly mean: number | undefined;
  readonly probability: number;
  readonly isExcluded: boolean;
  readonly configuration: readonly number[];
}

export function neighbourList(search: LiveSearch): ListView<NeighbourRow> {
  return new ListView<NeighbourRow>({
    rows: () => {
      const around = search.table && weighedNeighbourhood(search.table);
      return search.table && around ? rowsOf(search.table, around) : [];
    },
    keyOf: ({ key }) => key,
    columns: columnsOfNext(search, columnsFor),
  });
}

/** The neighbourhood that the next choice is drawn from; null until a run has completed. */
export function weighedNeighbourhood(table: RunTable): WeighedNeighbourhood | null {
  return weigh(searchView(table), table.submitted.settings.dgd.countInFlight);
}

function rowsOf(table: RunTable, { best, members }: WeighedNeighbourhood): NeighbourRow[] {
  const step = (member: WeighedNeighbour | undefined, i: number): Step | undefined => {
    if (!member) return undefined;
    const mean = table.runSets.of(member.configuration)?.mean;
    return {
      setting: table.submitted.hyperparameters[i]?.values[member.configuration[i] ?? -1] ?? null,
      runs: member.ended,
      inFlight: member.inFlight,
      mean: mean === undefined || Number.isNaN(mean) ? undefined : mean,
      probability: member.probability,
      isExcluded: member.weight === 0,
      configuration: member.configuration,
    };
  };
  const { hyperparameters } = table.submitted;
  const active = activeIn(hyperparameters, best.configuration);
  return hyperparameters.flatMap((hyperparameter, i): NeighbourRow[] => {
    if (hyperparameter.values.length < 2 || !active[i]) return [];
    const centre = best.configuration[i] ?? 0;
    const dial = hyperparameter.dial ?? [...hyperparameter.values.keys()];
    const place = dial.indexOf(centre);
    const around = members.filter(({ changed }) => changed === i);
    const at = (position: number | undefined): Step | undefined =>
      step(
        around.find(({ configuration }) => configuration[i] === position),
        i,
      );
    const base = { hyperparameter, centre };
    if (hyperparameter.ordered) {
      return [{ ...base, key: hyperparameter.name, down: at(dial[place - 1]), up: at(dial[place + 1]) }];
    }
    return around.map((member) => ({
      ...base,
      key: `${hyperparameter.name} ${member.configuration[i]}`,
      down: undefined,
      up: step(member, i),
    }));
  });
}

/** A chance in percent; small ones with a decimal. */
export const chanceText = (share: number): string => percent(share, share < 0.0995 ? 1 : 0);
const runsText = (step: Step | undefined): string =>
  step === undefined ? "" : step.inFlight > 0 ? `${step.runs}+${step.inFlight}` : String(step.runs);

/** Settings in dial order, the centre's in brackets, `around` on each side; unordered: the centre's and the step's. */
function dialText({ hyperparameter, centre, up }: NeighbourRow, around: number): string {
  const { ordered, values, dial = [...values.keys()] } = hyperparameter;
  const text = (position: number): string => settingText(values[position] ?? null);
  if (!ordered) return `[${text(centre)}] or ${settingText(up?.setting ?? null)}`;
  const place = dial.indexOf(centre);
  const count = 2 * around + 1;
  const from = Math.max(0, Math.min(place - around, dial.length - count));
  const shown = dial
    .slice(from, from + count)
    .map((position) => (position === centre ? `[${text(position)}]` : text(position)));
  return `${from > 0 ? ".. " : ""}${shown.join(" ")}${from + count < dial.length ? " .." : ""}`;
}

function stepColumns(side: "down" | "up", first: number, isOver: boolean, goal: Goal): ScreenColumn<NeighbourRow>[] {
  const of = (row: NeighbourRow): Step | undefined => row[side];
  const letter = side === "down" ? "d" : "u";
  return [
    // Low priority: the settings show it too.
    column(`step ${side}`, "text", 9, (row) => of(row)?.setting, {
      about: `the setting one step ${side}`,
      text: (row) => {
        const step = of(row);
        return step ? settingText(step.setting) : "-";
      },
    }),
    column(`${letter}.runs`, "count", first, (row) => of(row)?.runs, {
      about: `runs one step ${side} that have ended + those in flight`,
      text: (row) => runsText(of(row)),
    }),
    goalColumn(goal, `${letter}.mean`, first + 1, (row) => of(row)?.mean, {
      about: `mean ${goal.name} of the runs one step ${side}`,
    }),
    column(`${letter}.${isOver ? "would" : "next"}`, "measure", 0, (row) => of(row)?.probability, {
      about: isOver
        ? `how likely dgd: paper would try the step ${side} if the search went on`
        : `how likely dgd: paper tries the step ${side} next`,
      text: (row) => {
        const step = of(row);
        return step ? (step.isExcluded ? "excluded" : chanceText(step.probability)) : "";
      },
      style: (row) => (of(row)?.isExcluded ? "bad" : "accent"),
    }),
  ];
}

/** @param isOver  then nothing comes next, and the chances are what it would try */
const columnsFor = (isOver: boolean, goal: Goal): readonly ScreenColumn<NeighbourRow>[] => [
  column("name", "text", 0, ({ hyperparameter }) => hyperparameter.name, { about: "the hyperparameter", widest: 16 }),
  column("settings", "text", 0, (row) => dialText(row, 2), {
    about: "settings around the centre's, which is in brackets",
    widest: 44,
    brief: (row) => clip(dialText(row, 1), 26),
  }),
  ...stepColumns("down", 3, isOver, goal),
  ...stepColumns("up", 3, isOver, goal),
];
