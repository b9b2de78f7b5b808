import type { Hyperparameter } from "../hyperparameter.ts";
import type { ComponentLibrary } from "./component-library.ts";
import type { JobSettings } from "./job-settings.ts";
import type { Replacements } from "./replacements.ts";
import type { MapNode } from "./yaml-tree.ts";

/** A runspec that has been read and checked. Only `readSpec` makes one. */
export interface Spec {
  /** File name as the user gave it, for messages. */
  readonly file: string;
  readonly text: string;
  /** The `--name value` arguments it was read with. */
  readonly commandLine: Readonly<Record<string, string>>;
  readonly hyperparameters: readonly Hyperparameter[];
  readonly settings: JobSettings;
  /** Whether `randint` occurs in anything executed, defaults included. */
  readonly hasRandint: boolean;
  /** Input of `expandSpec` alone; never sent anywhere. */
  readonly source: SpecSource;
}

/** What expanding a spec needs. */
export interface SpecSource {
  readonly root: MapNode;
  readonly rootDefaults: MapNode;
  readonly replacements: Replacements;
  readonly library: ComponentLibrary;
}
