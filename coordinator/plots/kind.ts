/**
 * A kind of plot: the word that names it, its lines in the help, its options, what it reads, and how its figure is built from
 * that. `nexus plot --help`, the check of what was typed and the drawing know a kind by this alone, so a new kind is one file
 * in `kinds/` and its line in `registry.ts`. Every `nexus` command loads the kinds for its help: a kind loads what it draws
 * with when it draws.
 */

import { counted } from "../../shared/domain/counted.ts";
import { UsageError } from "../../shared/errors.ts";
import type { PlotReads, PlotSource } from "./data/reads.ts";
import type { Figure } from "./figure.ts";
import { longOf, type PlotOption, type TypedOptions } from "./option.ts";
import { commonOptions, filterOptions, maxRuns } from "./options.ts";

export type OptionSet = Readonly<Record<string, PlotOption<unknown>>>;

/** What the options of a set mean. */
export type Values<Options extends OptionSet> = {
  readonly [Name in keyof Options]: Options[Name] extends PlotOption<infer Value> ? Value : never;
};

export interface PlotWords {
  /** Words of a run list. */
  readonly runs: readonly string[];
  /** Metrics, columns or hyperparameters, in the order typed. */
  readonly names: readonly string[];
}

export type Asked<Options extends OptionSet> = PlotWords & Values<Options>;

export interface PlotKind {
  /** The word after `nexus plot`; empty: the kind that is meant where none is named. */
  readonly name: string;
  /** The same with other letters: heat-map. */
  readonly otherName?: string;
  /** What to type after `nexus plot`, and what that shows. */
  readonly examples: readonly (readonly [typed: string, shows: string])[];
  readonly options: OptionSet;
  /** @throws UsageError where something was typed that this kind does not take or that cannot be meant */
  plan(words: PlotWords, typed: TypedOptions): Plan;
}

/** What was asked for, every word of it checked; nothing was read yet. */
export interface Plan {
  readonly common: Values<typeof commonOptions>;
  /** @throws UsageError, NotFoundError where something is asked for that there is not */
  readonly figure: (source: PlotSource) => Promise<Figure>;
}

/** How a kind is told. */
interface ToldKind<Options extends OptionSet, Read extends keyof PlotReads>
  extends Pick<PlotKind, "name" | "otherName" | "examples"> {
  /** In the order in which they are named to somebody who typed another one. */
  readonly options: Options & typeof commonOptions;
  /** How many jobs or runs, and how many names, it takes at most; left out: any number. */
  readonly most?: { readonly runs?: number; readonly names?: number };
  /** Words that only mean something beside others. */
  readonly check?: (asked: Asked<Options>, typed: TypedOptions) => void;
  /** What it is built from: `data/reads.ts` says what that is and where it comes from. */
  readonly reads: Read;
  readonly figure: (data: PlotReads[Read], asked: Asked<Options>) => Figure | Promise<Figure>;
}

export function plotKind<Options extends OptionSet, Read extends keyof PlotReads>(
  told: ToldKind<Options, Read>,
): PlotKind & { asked(words: PlotWords, typed: TypedOptions): Asked<Options> } {
  const { name, options, check, reads } = told;
  const { runs: mostRuns = Number.POSITIVE_INFINITY, names: mostNames = Number.POSITIVE_INFINITY } = told.most ?? {};
  const command = `nexus plot${name === "" ? "" : ` ${name}`}`;
  const asked = (words: PlotWords, typed: TypedOptions): Asked<Options> => {
    refuseOthers(command, options, typed);
    const values = { ...words, ...valuesOf(options, typed) };
    const more = [...words.runs.slice(mostRuns), ...words.names.slice(mostNames)];
    if (more.length > 0) {
      throw new UsageError(`${command}: ${more.join(", ")} ${more.length === 1 ? "is" : "are"} one word too many`);
    }
    check?.(values, typed);
    return values;
  };
  return {
    ...told,
    asked,
    plan(words, typed) {
      const values = asked(words, typed);
      const choice = { ...words, ...valuesOf({ ...filterOptions, maxRuns }, typed) };
      const figure = async (source: PlotSource): Promise<Figure> => {
        const { readers } = await import("./data/reads.ts");
        const data = await readers[reads](choice, source);
        const drawn = await told.figure(data, values);
        const hidden =
          "hidden" in data && data.hidden > 0 ? [`${counted(data.hidden, "more run")} left out by --max-runs`] : [];
        return { ...drawn, notes: [...drawn.notes, ...hidden] };
      };
      return { common: valuesOf(commonOptions, typed), figure };
    },
  };
}

function refuseOthers(command: string, options: OptionSet, typed: TypedOptions): void {
  const taken = Object.values(options);
  const other = Object.keys(typed).find((key) => typed[key] !== undefined && !taken.some((each) => each.key === key));
  if (other === undefined) return;
  const names = taken.map(({ long }) => long).join(", ");
  throw new UsageError(`${command} takes no ${longOf(other)}\n  it takes: ${names}`);
}

const valuesOf = <Options extends OptionSet>(options: Options, typed: TypedOptions): Values<Options> =>
  // What each option reads is what its type says.
  Object.fromEntries(Object.entries(options).map(([name, option]) => [name, option.read(typed)])) as Values<Options>;
