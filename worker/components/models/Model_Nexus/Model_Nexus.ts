import type { Rng } from "../../../../shared/domain/rng.ts";
import type { ComponentFactory, Model, ModelCore, ModelGiven } from "../../component.ts";
import type { ComponentSpec } from "../../component-spec.ts";
import type { Kernels } from "../../kernels/kernels.ts";
import { Linear } from "../../kernels/linear.ts";
import { type Block, pad4 } from "../../kernels/memory-plan.ts";
import { Properties } from "../../properties.ts";
import { createComponent } from "../../registry.ts";

/** logits = Wa p + ba and value = Wc q + bc, where p and q are the two parts of the core's hidden layer. */
class ModelNexus implements Model {
  readonly layers: readonly Linear[];
  readonly observations: Block;
  readonly memory: Block | null;
  readonly logits: Block;
  readonly values: Block;
  private readonly core: ModelCore;
  private readonly policy: Linear;
  private readonly value: Linear;
  /** Gradients of the two parts of the hidden layer. */
  private readonly policyGradient: Block;
  private readonly valueGradient: Block;

  constructor(core: ModelCore, observations: Block, { plan, actionCount }: ModelGiven) {
    this.core = core;
    this.observations = observations;
    this.memory = core.memory;
    const { hidden, hiddenSize } = core;
    const second = pad4(hiddenSize);
    // With zero output weights the policy starts exactly uniform.
    const policyInput = plan.view(hidden.output, 0, 0, hiddenSize);
    this.policy = new Linear(plan, "policy", policyInput, hiddenSize, actionCount, { inPlace: true, weightBound: 0 });
    this.policyGradient = plan.view(hidden.gradient, 0, 0, hiddenSize);
    const valueInput = plan.view(hidden.output, 0, second, hiddenSize);
    this.value = new Linear(plan, "value", valueInput, hiddenSize, 1, { inPlace: true });
    this.valueGradient = plan.view(hidden.gradient, 0, second, hiddenSize);
    this.logits = this.policy.output;
    this.values = this.value.output;
    this.layers = [...core.layers, this.policy, this.value];
  }

  initialise(kernels: Kernels, rng: Rng): void {
    for (const layer of this.layers) layer.initialise(kernels, rng);
  }

  forward(kernels: Kernels, t: number): void {
    this.core.forward(kernels, t);
    this.policy.forward(kernels, t);
    this.value.forward(kernels, t);
  }

  backward(kernels: Kernels, steps: number): void {
    this.core.hidden.clearGradient(kernels, steps);
    this.policy.addInputGradient(kernels, this.policyGradient, steps);
    this.value.addInputGradient(kernels, this.valueGradient, steps);
    this.core.backward(kernels, steps);
  }
}

const factory: ComponentFactory<"models"> = async (spec: ComponentSpec, given) => {
  const properties = new Properties(spec);
  const core = properties.component("model_core");
  properties.check();
  const { plan, observationSize } = given;
  const observations = plan.perStep(observationSize);
  return new ModelNexus(
    await createComponent("model_cores", core, { plan, observations, observationSize }),
    observations,
    given,
  );
};
export default factory;
