import { printable } from "./printable.ts";

/** A value that a hyperparameter may take: one mark on its dial. */
export type Setting = number | string | boolean | null;

export interface Hyperparameter {
  readonly name: string;
  /** Whether only adjacent values on the dial are neighbours; otherwise every other value is one step away. */
  readonly ordered: boolean;
  /** At least one, all different: in the order of the spec, then the values added while the search ran. */
  readonly values: readonly Setting[];
  /**
   * Positions in `values` in the order of the dial; left out if the list is in that order. A value added to a running search
   * comes last in the list, so that configurations keep their meaning, but stands between its neighbours on the dial.
   */
  readonly dial?: readonly number[];
  /** When values were added: those from position `from` on are available after the job's first `after` choices. */
  readonly grown?: readonly Growth[];
  /** The range whose marks the values are; the leader adds marks where the search looks. Left out for a list. */
  readonly range?: Range;
  /** The value of a run outside a search, and of one in which the hyperparameter is inactive. */
  readonly tuned: Setting;
  /** Conditions, as the spec writes them, that must all hold for it to be active; left out or empty: it always is. */
  readonly onlyWhen?: readonly string[];
}

/** How a range is divided; the integer scales have whole numbers only. */
export const rangeScales = ["linear", "log", "integer", "log_integer"] as const;
export type RangeScale = (typeof rangeScales)[number];

/** Every number from `from` to `to`, both included. */
export interface Range {
  readonly from: number;
  readonly to: number;
  readonly scale: RangeScale;
  /** On a log scale: whether 0 belongs to it too, below `from`, with nothing between them. */
  readonly zero?: boolean;
}

export interface Growth {
  readonly from: number;
  readonly after: number;
}

/** One setting for each hyperparameter: positions in their `values`, in spec order. */
export type Configuration = readonly number[];

/**
 * The infinity that a word means, as YAML, Python, JavaScript or our own tables write it: `.inf`, `-inf`, `Infinity`;
 * undefined for other words.
 */
export function infinityIn(text: string): number | undefined {
  const [, sign] = /^([-+]?)(?:\.?inf|infinity)$/i.exec(text.trim()) ?? [];
  if (sign === undefined) return undefined;
  return sign === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

/**
 * A setting as people read it, on one line: `0.0004`, `inf`, `GRU`, `true`; `-` for an inactive hyperparameter, which has none.
 *
 * @param saving  a number gets an exponent if that saves at least this many characters; default: never
 */
export function settingText(setting: Setting | undefined, saving = Number.POSITIVE_INFINITY): string {
  if (setting === undefined) return "-";
  const text = printable(String(setting));
  if (typeof setting !== "number") return text;
  if (!Number.isFinite(setting)) return text.replace("Infinity", "inf");
  const short = setting.toExponential().replace("e+", "e");
  return text.length - short.length >= saving ? short : text;
}

/** Identifies a configuration within its job. */
export function configurationKey(configuration: Configuration): string {
  return configuration.join(".");
}

/**
 * The settings that a configuration stands for, in spec order.
 *
 * @throws RangeError if a position lies outside its list
 */
export function settingsOf(hyperparameters: readonly Hyperparameter[], configuration: Configuration): Setting[] {
  return hyperparameters.map((hyperparameter, i) => {
    const value = hyperparameter.values[configuration[i] ?? -1];
    if (value === undefined) {
      throw new RangeError(`hyperparameter "${hyperparameter.name}" has no setting number ${configuration[i]}`);
    }
    return value;
  });
}

/** The configuration whose settings are the tuned values; it is canonical. */
export function tunedConfiguration(hyperparameters: readonly Hyperparameter[]): Configuration {
  return hyperparameters.map((hyperparameter) => hyperparameter.values.indexOf(hyperparameter.tuned));
}
