import type { Rng } from "../../shared/domain/rng.ts";
import type { Metric } from "../../shared/domain/run.ts";
import type { ComponentSpec } from "./component-spec.ts";
import type { Kernels } from "./kernels/kernels.ts";
import type { Linear } from "./kernels/linear.ts";
import type { Block, MemoryPlan } from "./kernels/memory-plan.ts";

/**
 * How components see one another. A component is a folder that contains a module and a YAML file, both of the folder's name. The
 * module's default export is a factory; the YAML file has the defaults. `registry.ts` finds a component by its name in the spec.
 */
export interface Kinds {
  readonly environments: { readonly given: EnvironmentGiven; readonly made: Environment };
  readonly agents: { readonly given: AgentGiven; readonly made: Agent };
  readonly models: { readonly given: ModelGiven; readonly made: Model };
  readonly model_cores: { readonly given: ModelCoreGiven; readonly made: ModelCore };
}

export type Kind = keyof Kinds;

/** A component module's default export. `spec` is expanded; a factory checks its own properties (`properties.ts`). */
export type ComponentFactory<K extends Kind> = (
  spec: ComponentSpec,
  given: Kinds[K]["given"],
) => Kinds[K]["made"] | Promise<Kinds[K]["made"]>;

/** One array of a saved state. It is restored bit for bit. */
export type StateArray = Float32Array | Float64Array | Uint32Array | Uint8Array;

/**
 * A component's state by name. The arrays may be views on the component's own memory: the caller of `save` copies or encodes
 * them before the component does anything else, and `restore` copies what it keeps.
 */
export type SavedState = Readonly<Record<string, StateArray>>;

// ------------------------------------------------------------------------------------------------ environments

/** Nothing beyond its properties. */
export type EnvironmentGiven = Readonly<Record<string, never>>;

/** A world in which one agent acts, episode after episode. */
export interface Environment {
  readonly observationSize: number;
  /** Actions are the integers from 0 up to this, exclusive. */
  readonly actionCount: number;
  /** What it measures. A search maximises the first one. */
  readonly metrics: readonly Metric[];
  /** Starts an episode and writes every float of its first observation. */
  reset(observation: Float32Array): void;
  /** Performs an action, writes the next observation, and returns the reward. */
  step(action: number, observation: Float32Array): number;
  /** Whether the last step ended the episode; if so, `reset` comes next. */
  readonly ended: boolean;
  /** Writes the value and count of each metric since the last call (NaN and 0 if nothing was measured), and clears them. */
  takeMeasurements(values: Float64Array, counts: Float64Array): void;
  /** The whole state: position, generator, measurements so far. */
  save(): SavedState;
  restore(state: SavedState): void;
}

// ------------------------------------------------------------------------------------------------------ agents

export interface AgentGiven {
  readonly observationSize: number;
  readonly actionCount: number;
  /** If false, the agent acts but never learns. */
  readonly train: boolean;
  /** One line for people. */
  readonly log: (line: string) => void;
}

/** Chooses actions and learns from their consequences. */
export interface Agent {
  /** Names the numerics under which this agent's runs repeat bit for bit. */
  readonly build: string;
  /** Chooses an action for this observation. */
  act(observation: Float32Array): number;
  /** Receives the result of the action: the reward, whether the episode ended, and the next observation. */
  learn(reward: number, ended: boolean, observation: Float32Array): void;
  /** The learned parameters by name, for `loadModel` of an agent that has the same model. */
  saveModel(): SavedState;
  /** @throws StateError that says what differs, if the parameters do not fit this agent's model */
  loadModel(model: SavedState): void;
  save(): SavedState;
  restore(state: SavedState): void;
}

// ------------------------------------------------------------------------------------------- models and their cores

export interface ModelGiven {
  /** Reserves parameters and buffers; its `steps` is the longest window. */
  readonly plan: MemoryPlan;
  readonly observationSize: number;
  readonly actionCount: number;
}

/** Gives a policy and a value for an observation. Blocks have a row per step of the window and one for the observation after it. */
export interface Model {
  /** All layers, hence all parameters. Each layer is used once per step. */
  readonly layers: readonly Linear[];
  /** Filled by the agent before `forward`. */
  readonly observations: Block;
  /** Recurrent state before each step; null if the model has no memory. */
  readonly memory: Block | null;
  readonly logits: Block;
  /** The value is each row's first float. */
  readonly values: Block;
  initialise(kernels: Kernels, rng: Rng): void;
  /** Computes logits and value of step t, and the memory of step t + 1, from the observation and the memory of step t. */
  forward(kernels: Kernels, t: number): void;
  /** Computes the gradients of all outputs; those of the loss have already replaced `logits` and `values`. */
  backward(kernels: Kernels, steps: number): void;
}

export interface ModelCoreGiven {
  readonly plan: MemoryPlan;
  readonly observations: Block;
  readonly observationSize: number;
}

/** The hidden part of a model: from observations to one hidden layer for the policy and one for the value. */
export interface ModelCore {
  readonly layers: readonly Linear[];
  readonly memory: Block | null;
  /** The last layer, in two parts: the policy's input and the value's input. */
  readonly hidden: Linear;
  /** Width of each part. */
  readonly hiddenSize: number;
  forward(kernels: Kernels, t: number): void;
  /** Computes the gradients of all layers from `hidden.gradient`. */
  backward(kernels: Kernels, steps: number): void;
}
