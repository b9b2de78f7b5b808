import { type Rng, rngFrom } from "../../../../shared/domain/rng.ts";
import { exitCode, NexusError } from "../../../../shared/errors.ts";
import type { Agent, AgentGiven, ComponentFactory, Model, SavedState } from "../../component.ts";
import type { ComponentSpec } from "../../component-spec.ts";
import { chooseKernels } from "../../kernels/choose.ts";
import type { Kernels } from "../../kernels/kernels.ts";
import { MemoryPlan } from "../../kernels/memory-plan.ts";
import { Properties } from "../../properties.ts";
import { createComponent } from "../../registry.ts";
import { restoreRng, savedArray, saveRng } from "../../saved-state.ts";
import { type LossWeights, lossGradients, sampleAction, type Window } from "./actor-critic-loss.ts";
import { Adam } from "./adam.ts";
import { loadParameters, saveParameters } from "./parameters.ts";

interface Settings extends LossWeights {
  readonly rewardScale: number;
  readonly train: boolean;
  readonly actionCount: number;
}

/**
 * Advantage actor-critic (Mnih et al. 2016, with one actor) on windows of `bptt_period` steps; the end of an episode ends a
 * window early. Each window gives one update by backpropagation through its steps, with the memory at its start held constant.
 */
class AacAgent implements Agent {
  readonly build: string;
  private readonly model: Model;
  private readonly plan: MemoryPlan;
  private readonly kernels: Kernels;
  private readonly settings: Settings;
  private readonly adam: Adam;
  private readonly rng: Rng;
  private readonly window: Window;

  constructor(model: Model, plan: MemoryPlan, kernels: Kernels, settings: Settings, adam: Adam, rng: Rng) {
    this.build = kernels.build;
    this.model = model;
    this.plan = plan;
    this.kernels = kernels;
    this.settings = settings;
    this.adam = adam;
    this.rng = rng;
    this.window = { steps: 0, actions: new Int32Array(plan.steps), rewards: new Float64Array(plan.steps) };
    model.initialise(kernels, rng);
  }

  act(observation: Float32Array): number {
    const { floats } = this.kernels;
    const t = this.window.steps;
    this.see(observation, t);
    this.model.forward(this.kernels, t);
    const { logits } = this.model;
    const action = sampleAction(
      floats,
      logits.offset + t * logits.stride,
      this.settings.actionCount,
      this.rng.uniform(),
    );
    this.window.actions[t] = action;
    return action;
  }

  learn(reward: number, ended: boolean, observation: Float32Array): void {
    const { window, settings, plan } = this;
    window.rewards[window.steps] = reward * settings.rewardScale;
    window.steps += 1;
    const isFull = ended || window.steps === plan.steps;
    if (settings.train && isFull) this.update(ended, observation);
    // An agent that does not learn needs only its memory of the past.
    if (isFull || !settings.train) this.beginWindow(ended);
  }

  /** One step of the optimiser on the loss of the window. */
  private update(ended: boolean, observation: Float32Array): void {
    const { kernels, model, window, settings } = this;
    const { steps } = window;
    let bootstrap = 0;
    if (!ended) {
      // The value of the observation after the window stands in for all later rewards.
      this.see(observation, steps);
      model.forward(kernels, steps);
      bootstrap = kernels.floats[model.values.offset + steps * model.values.stride]!;
    }
    lossGradients(kernels.floats, model.logits, model.values, settings.actionCount, window, bootstrap, settings);
    model.backward(kernels, steps);
    const norm = this.adam.step(kernels, model.layers, this.plan.parameterLength, steps);
    if (!Number.isFinite(norm)) {
      throw new NexusError(
        "DIVERGED",
        exitCode.failure,
        `the training diverged: the gradient's norm is ${norm}; a smaller learning_rate may help`,
      );
    }
  }

  /** Moves the memory to the start of the next window, or clears it for a new episode. */
  private beginWindow(ended: boolean): void {
    const { memory } = this.model;
    if (memory) {
      const { floats } = this.kernels;
      const from = memory.offset + this.window.steps * memory.stride;
      if (ended) floats.fill(0, memory.offset, memory.offset + memory.stride);
      else floats.copyWithin(memory.offset, from, from + memory.stride);
    }
    this.window.steps = 0;
  }

  private see(observation: Float32Array, t: number): void {
    const { observations } = this.model;
    this.kernels.floats.set(observation, observations.offset + t * observations.stride);
  }

  saveModel(): SavedState {
    return saveParameters(this.kernels, this.plan.parameters);
  }

  loadModel(model: SavedState): void {
    loadParameters(this.kernels, this.plan.parameters, model);
  }

  /** Parameters and moments, the generator, and the window so far: the memory at its start, and what was seen and done since. */
  save(): SavedState {
    const { kernels, plan, model, window } = this;
    const { floats } = kernels;
    const { memory, observations } = model;
    const learned = (this.settings.train ? 3 : 1) * plan.parameterLength;
    return {
      learned: floats.subarray(0, learned),
      adam: this.adam.save(),
      rng: saveRng(this.rng),
      memory: memory ? floats.subarray(memory.offset, memory.offset + memory.stride) : new Float32Array(0),
      observations: floats.subarray(observations.offset, observations.offset + window.steps * observations.stride),
      actions: Uint32Array.from(window.actions.subarray(0, window.steps)),
      rewards: window.rewards.subarray(0, window.steps),
    };
  }

  restore(state: SavedState): void {
    const { kernels, plan, model, window } = this;
    const { floats } = kernels;
    const { memory, observations } = model;
    const learned = (this.settings.train ? 3 : 1) * plan.parameterLength;
    floats.set(savedArray(state, "learned", Float32Array, learned));
    this.adam.restore(savedArray(state, "adam", Float64Array, 2));
    restoreRng(this.rng, state, "rng");
    if (memory) floats.set(savedArray(state, "memory", Float32Array, memory.stride), memory.offset);
    const { actions } = state;
    const steps = actions?.length ?? 0;
    window.actions.set(savedArray(state, "actions", Uint32Array, steps));
    window.rewards.set(savedArray(state, "rewards", Float64Array, steps));
    floats.set(savedArray(state, "observations", Float32Array, steps * observations.stride), observations.offset);
    // The parameters have not changed since the window began, so repeating the passes gives the same activations.
    for (let t = 0; t < steps; t++) model.forward(kernels, t);
    window.steps = steps;
  }
}

const factory: ComponentFactory<"agents"> = async (spec: ComponentSpec, given: AgentGiven) => {
  const properties = new Properties(spec);
  const seed = properties.seed("random_seed");
  const steps = properties.integer("bptt_period", 1, 4096);
  const settings: Settings = {
    discount: properties.number("discount_factor", 0, 1),
    rewardScale: properties.positive("reward_scale", 1e6),
    entropy: properties.number("entropy", 0, 100),
    value: properties.number("value_weight", 0, 100),
    train: given.train,
    actionCount: given.actionCount,
  };
  const gradientClip = properties.positive("gradient_clip", Number.MAX_VALUE);
  const adam = new Adam(properties.positive("learning_rate", 10), properties.positive("adam_epsilon", 1), gradientClip);
  const modelSpec = properties.component("model");
  properties.check();

  const plan = new MemoryPlan(steps);
  const { observationSize, actionCount } = given;
  const model = await createComponent("models", modelSpec, { plan, observationSize, actionCount });
  const kernels = await chooseKernels(plan.seal(), given.log);
  return new AacAgent(model, plan, kernels, settings, adam, rngFrom(seed));
};
export default factory;
