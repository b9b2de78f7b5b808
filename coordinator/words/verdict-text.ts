import { counted } from "../../shared/domain/counted.ts";
import { labelOf } from "../../shared/domain/evaluation/history.ts";
import { exactLead } from "../../shared/domain/evaluation/model-history.ts";
import { intervalLevel } from "../../shared/domain/evaluation/truth.ts";
import type { Doubt, Verdict } from "../../shared/domain/evaluation/verdict.ts";
import { type Goal, told, toldEnds } from "../../shared/domain/goal.ts";
import type { Hyperparameter } from "../../shared/domain/hyperparameter.ts";
import { percent } from "../../shared/domain/percent.ts";
import { decimalsFor, formatDecimal } from "./number-format.ts";

/** A verdict without the estimates of all configurations. */
export type TellableVerdict = Omit<Verdict, "estimates">;

/** What to do now; for a search that has ended, whether it was enough. */
const conclusions = {
  going: { settled: "stopping now is reasonable", doubtful: "go on" },
  over: { settled: "the best is settled", doubtful: "not settled" },
} as const;

const conclusionsFor = (isOver: boolean) => conclusions[isOver ? "over" : "going"];

/** The verdict in words; the first line alone is a summary. */
export function verdictLines(
  verdict: TellableVerdict,
  hyperparameters: readonly Hyperparameter[],
  goal: Goal,
  isOver = false,
): string[] {
  const { bestFor, completed, runs, expectedGain } = verdict;
  const interval = toldEnds(goal, verdict.interval);
  const { settled, doubtful } = conclusionsFor(isOver);
  const stop =
    verdict.doubts.length === 0 ? settled : `${doubtful}: ${verdict.doubts.map(doubtText(verdict)).join("; ")}`;
  // Beyond `exactLead` the model is not asked after every past run, so a longer lead is a lower bound.
  const least = bestFor > exactLead && bestFor < completed ? "at least " : "";
  const summary = `best for ${least}the last ${bestFor} of ${counted(completed, "run")}; ${chanceText(verdict)}; ${stop}`;
  const setting = labelOf(hyperparameters, verdict.leader);
  const leader = `the best: ${setting === "" ? "the only configuration" : setting} (${counted(runs, "run")})`;
  if (verdict.isFlat)
    return [summary, leader, `all runs reached the same ${goal.name}, ${told(goal, verdict.estimate)}`];
  const decimals = decimalsFor([interval.high - interval.low]);
  const text = (hpmax: number): string => formatDecimal(told(goal, hpmax), decimals);
  const end = (value: number): string => formatDecimal(value, decimals);
  const lines = [
    summary,
    leader,
    `a new run of it is expected to reach ${goal.isLow ? `a ${goal.name} of ` : ""}${text(verdict.estimate)}; its true mean is in ${end(interval.low)} to ${end(interval.high)} with ${percent(intervalLevel)} probability`,
  ];
  if (verdict.configurations > 1) {
    const gain = formatDecimal(expectedGain, decimalsFor([expectedGain]));
    const beyond = goal.isLow ? "be lower" : "exceed it";
    lines.push(`the best of the ${verdict.configurations} measured is expected to ${beyond} by ${gain}`);
  }
  if (verdict.collapses) {
    const { collapsed, among } = verdict.collapses;
    lines.push(
      `${collapsed} of ${counted(among, "run")} of configurations like it reached far ${goal.isLow ? "more" : "less"} than their others; the estimate allows for that`,
    );
  }
  if (verdict.isNoiseFree) {
    lines.push(
      `the same settings have always given the same ${goal.name} (${counted(verdict.repeated, "configuration")} ran more than once): repeating a run adds no information`,
    );
  }
  if (verdict.rival) {
    const { configuration, runs: times } = verdict.rival;
    const rival = labelOf(hyperparameters, configuration);
    lines.push(
      `estimated ${goal.isLow ? "lower" : "higher"} still: ${rival} (${counted(times, "run")}, ${text(verdict.rival.estimate)}), with more spread`,
    );
  }
  return lines;
}

/** Whether to go on, why, and how likely another is better; in `width` characters, "" if there is no room for any of it. */
export function verdictWithin(verdict: TellableVerdict, width: number, isOver = false): string {
  const { doubts, configurations, isFlat } = verdict;
  const chance = configurations === 1 || isFlat ? "" : `${percentText(verdict)} that another is truly better`;
  const brief = chance === "" ? "" : `${percentText(verdict)} that another is better`;
  const [first] = doubts.map(doubtText(verdict));
  const { settled, doubtful } = conclusionsFor(isOver);
  const stop = doubts.length === 0 ? settled : doubtful;
  const all = doubts.length === 0 ? stop : `${doubtful}: ${doubts.map(doubtText(verdict)).join("; ")}`;
  const some = doubts.length < 2 ? all : `${doubtful}: ${first} (+${doubts.length - 1} more)`;
  const said = [
    [chance, all],
    [chance, some],
    [brief, some],
    [brief, stop],
    [brief === "" ? "" : percentText(verdict), stop],
    [stop],
  ].map((parts) => parts.filter((part) => part !== "").join("; "));
  return said.find(({ length }) => length <= width) ?? "";
}

function chanceText({ chanceOfBetter, configurations, isFlat }: TellableVerdict): string {
  if (configurations === 1) return "no other configuration was measured";
  if (isFlat) return "nothing distinguishes it from the others";
  return `chance that another configuration is truly better: ${percentText({ chanceOfBetter })}`;
}

/** There are too few draws to tell 0 from 1 in 200. */
function percentText({ chanceOfBetter }: Pick<TellableVerdict, "chanceOfBetter">): string {
  if (chanceOfBetter < 0.005) return "below 1%";
  return chanceOfBetter >= 0.995 ? "above 99%" : percent(chanceOfBetter);
}

const doubtText =
  ({ runs, neighbours }: TellableVerdict) =>
  (doubt: Doubt): string => {
    switch (doubt) {
      case "no repeats":
        return "no configuration was run twice, so luck cannot be told from quality";
      case "few runs":
        return `the best was run ${runs === 1 ? "once" : "twice"} only`;
      case "neighbours": {
        const unknown = neighbours.all - neighbours.measured;
        return `${unknown} of its ${counted(neighbours.all, "neighbour")} ${unknown === 1 ? "has" : "have"} no completed run`;
      }
      case "rivals":
        return "another may be better by more than a tenth of the spread between runs of one configuration";
      default: {
        const never: never = doubt;
        throw new RangeError(`unknown doubt ${never}`);
      }
    }
  };
