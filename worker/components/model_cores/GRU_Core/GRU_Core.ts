import type { ComponentFactory, ModelCore, ModelCoreGiven } from "../../component.ts";
import type { ComponentSpec } from "../../component-spec.ts";
import type { Kernels } from "../../kernels/kernels.ts";
import { clear, Linear } from "../../kernels/linear.ts";
import type { Block } from "../../kernels/memory-plan.ts";
import { Properties } from "../../properties.ts";

/**
 * e = We o + be, h' = GRU(e, h), hidden = ReLU(W h' + b), with the two hidden layers (policy, value) as one matrix.
 * Per step: o [observation], e [embed], h [units], hidden [2 out]. Cho et al. 2014, in the variant where r multiplies Whn h + bhn.
 */
class GruCore implements ModelCore {
  readonly layers: readonly Linear[];
  readonly hidden: Linear;
  readonly hiddenSize: number;
  /** Row t is h before step t. */
  readonly memory: Block;
  private readonly embedding: Linear;
  /** Wi e + bi for the gates r, z, n: steps x 3 units. `forward` replaces it by the gates, `backward` by its gradient. */
  private readonly inputs: Linear;
  /** Wh h + bh, likewise. */
  private readonly recurrent: Linear;
  private readonly memoryGradient: Block;
  /** Gradient of h after each step: the same rows, shifted by one. */
  private readonly nextGradient: Block;

  constructor(spec: ComponentSpec, { plan, observations, observationSize }: ModelCoreGiven) {
    const properties = new Properties(spec);
    const embed = properties.integer("obs_embed_size", 1, 65_536);
    const units = properties.integer("num_rnn_units", 1, 65_536);
    const out = properties.integer("output_layer_size", 1, 65_536);
    properties.check();

    this.hiddenSize = out;
    // steps + 2 rows: the pass that values the observation after the window advances the GRU too.
    this.memory = plan.buffer(plan.steps + 2, units);
    this.memoryGradient = plan.perStep(units);
    const next = plan.view(this.memory, 1, 0, units);
    this.nextGradient = plan.view(this.memoryGradient, 1, 0, units);

    const bound = 1 / Math.sqrt(units);
    const gates = { parts: 3, inPlace: true, weightBound: bound, biasBound: bound };
    this.embedding = new Linear(plan, "embedding", observations, observationSize, embed);
    this.inputs = new Linear(plan, "gru.inputs", this.embedding.output, embed, units, gates);
    this.recurrent = new Linear(plan, "gru.recurrent", this.memory, units, units, gates);
    this.hidden = new Linear(plan, "hidden", next, units, out, { parts: 2, relu: true });
    this.layers = [this.embedding, this.inputs, this.recurrent, this.hidden];
  }

  forward(kernels: Kernels, t: number): void {
    const { inputs, recurrent, memory } = this;
    this.embedding.forward(kernels, t);
    inputs.forward(kernels, t);
    recurrent.forward(kernels, t);
    const h = memory.offset + t * memory.stride;
    const gates = inputs.output.offset + t * inputs.output.stride;
    const viaMemory = recurrent.output.offset + t * recurrent.output.stride;
    kernels.gruForward(gates, viaMemory, h, h + memory.stride, memory.stride);
    this.hidden.forward(kernels, t);
  }

  backward(kernels: Kernels, steps: number): void {
    const { embedding, inputs, recurrent, hidden, memory, memoryGradient } = this;
    hidden.backward(kernels, steps);
    clear(kernels, memoryGradient, steps + 1);
    hidden.addInputGradient(kernels, this.nextGradient, steps);
    // Back through time. The memory at the start of the window is a constant, so its gradient is not needed.
    for (let t = steps - 1; t >= 0; t--) {
      const h = memory.offset + t * memory.stride;
      const gates = inputs.output.offset + t * inputs.output.stride;
      const viaMemory = recurrent.output.offset + t * recurrent.output.stride;
      const dh = memoryGradient.offset + t * memoryGradient.stride;
      kernels.gruBackward(gates, viaMemory, h, dh + memoryGradient.stride, dh, memory.stride);
      if (t > 0) recurrent.addInputGradient(kernels, memoryGradient, 1, t);
    }
    embedding.clearGradient(kernels, steps);
    inputs.addInputGradient(kernels, embedding.gradient, steps);
  }
}

const factory: ComponentFactory<"model_cores"> = (spec, given) => new GruCore(spec, given);
export default factory;
