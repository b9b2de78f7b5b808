import type { Hyperparameter } from "../hyperparameter.ts";
import type { ComponentLibrary } from "./component-library.ts";
import type { JobSettings } from "./job-settings.ts";
import type { Replacements } from "./replacements.ts";
import type { MapNode } from "./yaml-tree.ts";

/** A runspec that has been read and checked; made by `readSpec` only. */
export interface Spec {
  /** As the user named it, for messages. */
  readonly file: string;
  readonly text: string;
  /** The `--name value` arguments it was read with. */
  readonly commandLine: Readonly<Record<string, string>>;
  readonly hyperparameters: readonly Hyperparameter[];
  readonly settings: JobSettings;
  /** Whether `randint` occurs, or comes with a component's defaults, in anything that is executed. */
  readonly hasRandint: boolean;
  /** What `expandSpec` walks; nobody else's business, and not to be sent anywhere. */
  readonly source: SpecSource;
}

/** What a spec that has been read keeps for expanding it. */
export interface SpecSource {
  readonly root: MapNode;
  readonly rootDefaults: MapNode;
  readonly replacements: Replacements;
  readonly library: ComponentLibrary;
}
