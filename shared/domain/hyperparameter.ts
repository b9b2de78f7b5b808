import { printable } from "./printable.ts";

/** A value that a hyperparameter may take: one mark on its dial. */
export type Setting = number | string | boolean | null;

export interface Hyperparameter {
  readonly name: string;
  /** Whether only adjacent values in the list are neighbours; otherwise every other value is one step away. */
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
  /** The value of a run outside a search. */
  readonly tuned: Setting;
}

export interface Growth {
  readonly from: number;
  readonly after: number;
}

/** One setting for each hyperparameter: positions in their `values`, in spec order. */
export type Configuration = readonly number[];

/**
 * A setting as people read it, on one line: `0.0004`, `GRU`, `true`.
 *
 * @param saving  a number gets an exponent if that saves at least this many characters; default: never
 */
export function settingText(setting: Setting, saving = Number.POSITIVE_INFINITY): string {
  const text = printable(String(setting));
  if (typeof setting !== "number") return text;
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

/** The configuration whose settings are the tuned values. */
export function tunedConfiguration(hyperparameters: readonly Hyperparameter[]): Configuration {
  return hyperparameters.map((hyperparameter) => hyperparameter.values.indexOf(hyperparameter.tuned));
}
