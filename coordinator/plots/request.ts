import { nearestName } from "../../shared/domain/runspec/nearest-name.ts";
import { UsageError } from "../../shared/errors.ts";
import type { DotForm } from "../chart/dots.ts";
import type { PlotSource } from "./data/reads.ts";
import type { Figure, FigureSize } from "./figure.ts";
import type { PlotKind, PlotWords } from "./kind.ts";
import { listOf, type TypedOptions } from "./option.ts";
import type { FileName } from "./options.ts";
import { kindNames, plotKinds } from "./registry.ts";

/** A checked command line; nothing was read yet. */
export interface PlotRequest extends PlotWords {
  readonly form: DotForm | undefined;
  readonly size: FigureSize | undefined;
  readonly file: PlotFile | undefined;
  /** Print the data: instead of the text plot, or in addition to the file. */
  readonly isJson: boolean;
  /** @throws UsageError, NotFoundError if a run, metric or hyperparameter does not exist */
  readonly figure: (source: PlotSource) => Promise<Figure>;
}

export interface PlotFile extends FileName {
  readonly font: string | undefined;
  readonly dpi: number | undefined;
}

/** @throws UsageError that says what to type instead */
export function readRequest(operands: readonly string[], typed: TypedOptions, kinds = plotKinds): PlotRequest {
  const [first = ""] = operands;
  const named = kinds.find(({ name, otherName }) => first !== "" && (name === first || otherName === first));
  const words = wordsOf(named ? operands.slice(1) : operands);
  if (words.runs.length === 0) throw withoutRuns(first, named, kinds);
  const kind = named ?? kinds.find(({ name }) => name === "");
  if (!kind) throw new UsageError(`which kind of plot? expected one of ${kindNames(kinds).join(", ")}`);
  const { common, figure } = kind.plan(words, typed);
  const { size, dpi, font, form, isJson } = common;
  const file = common.file && { ...common.file, font, dpi };
  for (const [name, value] of Object.entries({ font, dpi })) {
    if (value !== undefined && file?.format !== "png")
      throw new UsageError(`--${name} is for PNG files: --save-to=plot.png`);
  }
  if (size !== undefined && !file) throw new UsageError("--size is for files: --save-to=plot.svg");
  const draw = async (source: PlotSource): Promise<Figure> => {
    try {
      return await figure(source);
    } catch (error) {
      throw named ? error : mayBeKind(error, words, kinds, source.flags);
    }
  };
  return { ...words, form, size, file, isJson, figure: draw };
}

function wordsOf(operands: readonly string[]): PlotWords {
  const isRuns = (word: string): boolean => /(^|[/,])(job|run)[\d*]/.test(word);
  const names = operands.filter((word) => !isRuns(word)).flatMap(listOf);
  return { runs: operands.filter(isRuns), names: names.filter((word) => word !== "") };
}

function withoutRuns(first: string, kind: PlotKind | undefined, kinds: readonly PlotKind[]): UsageError {
  if (kind) return new UsageError(`which runs? expected a job\n  for example: nexus plot ${kind.examples[0]?.[0]}`);
  const nearest = nearestName(first, kindNames(kinds));
  const hint = nearest === undefined ? "" : `; did you mean nexus plot ${nearest}?`;
  return new UsageError(
    `which runs? "${first}" is neither a job or run nor a kind of plot${hint}\n  for example: nexus plot job1 s1-rew`,
  );
}

/** In `nexus plot sumary job1`, the unknown metric is most likely a misspelt kind of plot. */
function mayBeKind(error: unknown, { names, runs }: PlotWords, kinds: readonly PlotKind[], flags: string): unknown {
  const [first = ""] = names;
  const kind = nearestName(first, kindNames(kinds));
  if (!(error instanceof UsageError) || kind === undefined) return error;
  return new UsageError(
    `there is no plot "${first}"; did you mean: nexus plot ${kind} ${runs.join(" ")}${flags}\n${error.message}`,
    {
      cause: error,
    },
  );
}
