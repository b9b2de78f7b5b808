import { printable } from "./printable.ts";

/** A value that a hyperparameter may take: one mark on its dial. */
export type Setting = number | string | boolean | null;

export interface Hyperparameter {
  readonly name: string;
  /** Whether neighbouring values in the list are neighbours; if not, every other value is one step away. */
  readonly ordered: boolean;
  /** In the order the spec lists them, then those added to the living search; at least one, all different. */
  readonly values: readonly Setting[];
  /**
   * Positions of all values in the order of the dial, where that is not the order of the list: a value that was added to a
   * living search stands last in the list, so that configurations keep their meaning, but between its neighbours on the dial.
   */
  readonly dial?: readonly number[];
  /** When values were added: those from position `from` on were there for choices after the first `after` of the job. */
  readonly grown?: readonly Growth[];
  /** What a run outside a search uses. */
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
 * @param saving  a number is written with an exponent where that saves at least so many characters; left out: never
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

/** The settings that a configuration stands for, in spec order. */
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
