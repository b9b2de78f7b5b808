import type { Range, Setting } from "../../../shared/domain/hyperparameter.ts";

/** An option that a script takes, or a value of its configuration. */
export interface FoundOption {
  /** As `arguments` names it: batch-size, optimizer.lr. */
  readonly name: string;
  /** boolText: true or false, but how the script reads it is not known, so it is passed as a word. */
  readonly type: "int" | "float" | "str" | "bool" | "boolText" | "other";
  /** Null: none, or not known. */
  readonly preset: Setting;
  readonly choices: readonly Setting[] | null;
  /** Takes several values. */
  readonly isList: boolean;
  readonly isRequired: boolean;
  /** flag: --x or nothing. pair: --x or --no-x. value: --x VALUE. */
  readonly style: "flag" | "pair" | "value";
  /** What the script, or a sweep, says about it. */
  readonly help: string;
  /** From a sweep: the range to search. */
  readonly range?: Range;
  /** From a sweep: its choices are to be searched, whatever its name says. */
  readonly isSearched?: boolean;
  /** Not searched: it always has its preset. */
  readonly isConstant?: boolean;
}

/** What was read of a script or a sweep, and what could not be. */
export interface FoundOptions {
  /** A file beside the spec, such as train.py. */
  readonly script: string;
  /** How its options are written; null: none were found. */
  readonly style: "argparse" | "click" | "hydra" | null;
  readonly options: readonly FoundOption[];
  /** Files and folders beside the script that it needs. */
  readonly files: readonly string[];
  readonly metrics: FoundMetrics;
  /** Sentences for the person, for the head of the spec. */
  readonly remarks: readonly string[];
  /** From a sweep. */
  readonly search?: { readonly method: "dgd" | "random" | "grid"; readonly totalRuns: number | null };
}

export interface FoundMetrics {
  /** The first is what is searched for; empty: none was found. */
  readonly names: readonly string[];
  readonly goal: "maximize" | "minimize";
  /** Null: it reports JSON, or nothing was found. */
  readonly pattern: string | null;
}
