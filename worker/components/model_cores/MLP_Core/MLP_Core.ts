import type { ComponentFactory, ModelCore, ModelCoreGiven } from "../../component.ts";
import type { ComponentSpec } from "../../component-spec.ts";
import type { Kernels } from "../../kernels/kernels.ts";
import { Linear } from "../../kernels/linear.ts";
import { Properties } from "../../properties.ts";

/** Shared ReLU layers, x' = ReLU(W x + b), then hidden = ReLU(W x + b) with the halves of policy and value as one matrix. */
class MlpCore implements ModelCore {
  readonly layers: readonly Linear[];
  readonly hidden: Linear;
  readonly hiddenSize: number;
  readonly memory = null;

  constructor(spec: ComponentSpec, { plan, observations, observationSize }: ModelCoreGiven) {
    const properties = new Properties(spec);
    const width = properties.integer("layer_size", 1, 65_536);
    const depth = properties.integer("num_layers", 1, 16);
    const out = properties.integer("output_layer_size", 1, 65_536);
    properties.check();

    const layers: Linear[] = [];
    let input = observations;
    let inputs = observationSize;
    for (let i = 1; i <= depth; i++) {
      const layer = new Linear(plan, `layer${i}`, input, inputs, width, { relu: true });
      layers.push(layer);
      input = layer.output;
      inputs = width;
    }
    this.hidden = new Linear(plan, "hidden", input, inputs, out, { parts: 2, relu: true });
    this.hiddenSize = out;
    this.layers = [...layers, this.hidden];
  }

  forward(kernels: Kernels, t: number): void {
    for (const layer of this.layers) layer.forward(kernels, t);
  }

  backward(kernels: Kernels, steps: number): void {
    for (let i = this.layers.length - 1; i >= 0; i--) {
      const layer = this.layers[i]!;
      const below = this.layers[i - 1];
      layer.backward(kernels, steps);
      below?.clearGradient(kernels, steps);
      if (below) layer.addInputGradient(kernels, below.gradient, steps);
    }
  }
}

const factory: ComponentFactory<"model_cores"> = (spec, given) => new MlpCore(spec, given);
export default factory;
