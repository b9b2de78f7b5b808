import type { Rng } from "../../shared/domain/rng.ts";
import type { Metric } from "../../shared/domain/run.ts";
import type { ComponentSpec } from "./component-spec.ts";
import type { Kernels } from "./kernels/kernels.ts";
import type { Linear } from "./kernels/linear.ts";
import type { Block, MemoryPlan } from "./kernels/memory-plan.ts";

/**
 * What components are to one another. A component is a folder with a module of its name, whose default export is a factory, and a
 * YAML file of its name with the defaults of its properties. `registry.ts` finds it by the name in the spec.
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

/** One array of a saved state; its numbers come back bit for bit. */
export type StateArray = Float32Array | Float64Array | Uint32Array | Uint8Array;

/**
 * A component's state by name. The arrays may be views on the component's own memory, so whoever asks for them copies or encodes
 * them before the component does anything else, and whoever is given them copies what it keeps.
 */
export type SavedState = Readonly<Record<string, StateArray>>;

// ------------------------------------------------------------------------------------------------ environments

/** Nothing beyond its properties. */
export type EnvironmentGiven = Readonly<Record<string, never>>;

/** A world that one agent acts in, episode after episode. */
export interface Environment {
  /** Floats of an observation. */
  readonly observationSize: number;
  /** Actions are the integers below this. */
  readonly actionCount: number;
  /** What it measures; the first one is what a search maximises. */
  readonly metrics: readonly Metric[];
  /** Begins an episode and writes its first observation, every float of it. */
  reset(observation: Float32Array): void;
  /** Does an action, writes the observation after it, and returns the reward. */
  step(action: number, observation: Float32Array): number;
  /** Whether the last step ended the episode; `reset` is then next. */
  readonly ended: boolean;
  /** Writes value and count per metric since the last call, NaN and 0 where nothing was measured, and begins anew. */
  takeMeasurements(values: Float64Array, counts: Float64Array): void;
  /** All of the state: position, generator, measurements so far. */
  save(): SavedState;
  restore(state: SavedState): void;
}

// ------------------------------------------------------------------------------------------------------ agents

export interface AgentGiven {
  readonly observationSize: number;
  readonly actionCount: number;
  /** False: the agent acts and never learns. */
  readonly train: boolean;
  /** One line for people. */
  readonly log: (line: string) => void;
}

/** Chooses actions, and learns from what follows. */
export interface Agent {
  /** Names the numerics under which this agent's runs repeat bit for bit. */
  readonly build: string;
  /** The action to do at this observation. */
  act(observation: Float32Array): number;
  /** What the action led to: its reward, whether the episode ended, and what is seen after it. */
  learn(reward: number, ended: boolean, observation: Float32Array): void;
  /** What it has learned, by parameter name, for `loadModel` of an agent with the same model. */
  saveModel(): SavedState;
  /** Throws, naming what differs, if the parameters are not those of this agent's model. */
  loadModel(model: SavedState): void;
  save(): SavedState;
  restore(state: SavedState): void;
}

// ------------------------------------------------------------------------------------------- models and their cores

export interface ModelGiven {
  /** Where parameters and buffers are reserved; its `steps` is the longest window. */
  readonly plan: MemoryPlan;
  readonly observationSize: number;
  readonly actionCount: number;
}

/** A policy and a value for an observation. Blocks have a row per step of the window, and one for the observation after it. */
export interface Model {
  /** Every layer, so every parameter; each layer is used once per step. */
  readonly layers: readonly Linear[];
  /** Filled by the agent before `forward`. */
  readonly observations: Block;
  /** Recurrent state before each step; null for a model without memory. */
  readonly memory: Block | null;
  readonly logits: Block;
  /** The value is each row's first float. */
  readonly values: Block;
  initialise(kernels: Kernels, rng: Rng): void;
  /** Logits and value of step t, and the memory of step t + 1, from step t's observation and memory. */
  forward(kernels: Kernels, t: number): void;
  /** Gradients of the layers' outputs, from the loss's gradients, which have replaced `logits` and `values` of the steps. */
  backward(kernels: Kernels, steps: number): void;
}

export interface ModelCoreGiven {
  readonly plan: MemoryPlan;
  readonly observations: Block;
  readonly observationSize: number;
}

/** The hidden part of a model: observations in, one hidden layer for the policy and one for the value out. */
export interface ModelCore {
  readonly layers: readonly Linear[];
  readonly memory: Block | null;
  /** Its last layer, of two parts: what the policy reads, what the value reads. */
  readonly hidden: Linear;
  /** Width of either part. */
  readonly hiddenSize: number;
  forward(kernels: Kernels, t: number): void;
  /** Gradients of all its layers, from `hidden.gradient`. */
  backward(kernels: Kernels, steps: number): void;
}
