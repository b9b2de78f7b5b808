/**
 * A kind of plot: its name, its lines in the help, its options, what it reads, and how it builds its figure.
 *
 * The help, the check of the command line and the drawing know a kind only through this interface, so a new kind is one file in
 * `kinds/` and one line in `registry.ts`. `nexus plot` loads all kinds for its help, so a kind imports drawing code only when
 * it draws.
 */

import { counted } from "../../shared/domain/counted.ts";
import { UsageError } from "../../shared/errors.ts";
import type { PlotReads, PlotSource } from "./data/reads.ts";
import type { Figure } from "./figure.ts";
import { longOf, type PlotOption, type TypedOptions } from "./option.ts";
import { commonOptions, filterOptions, maxRuns } from "./options.ts";

export type OptionSet = Readonly<Record<string, PlotOption<unknown>>>;

/** The values that a set of options reads. */
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
  /** The word after `nexus plot`; empty for the kind that needs no name. */
  readonly name: string;
  /** Another spelling: heat-map. */
  readonly otherName?: string;
  /** What to type after `nexus plot`, and what that shows. */
  readonly examples: readonly (readonly [typed: string, shows: string])[];
  readonly options: OptionSet;
  /** @throws UsageError if this kind does not take an option or word, or cannot read its value */
  plan(
    words: PlotWords,
    typed: TypedOptions,
  ): {
    readonly common: Values<typeof commonOptions>;
    readonly figure: (source: PlotSource) => Promise<Figure>;
  };
}

interface ToldKind<Options extends OptionSet, Read extends keyof PlotReads>
  extends Pick<PlotKind, "name" | "otherName" | "examples"> {
  /** In the order of the error message that lists them. */
  readonly options: Options & typeof commonOptions;
  /** The most words of a run list and the most names that it takes; unlimited if left out. */
  readonly most?: { readonly runs?: number; readonly names?: number };
  /** Checks options that depend on each other. */
  readonly check?: (asked: Asked<Options>, typed: TypedOptions) => void;
  /** What the figure is built from; see `data/reads.ts`. */
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
  // Object.fromEntries loses the keys' types; each value is what its option reads.
  Object.fromEntries(Object.entries(options).map(([name, option]) => [name, option.read(typed)])) as Values<Options>;
