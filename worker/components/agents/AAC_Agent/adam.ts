import { beta1, beta2, type Kernels } from "../../kernels/kernels.ts";
import type { Linear } from "../../kernels/linear.ts";

/** Adam over all layers of a model, with the gradient first scaled down to a global norm. */
export class Adam {
  private readonly learningRate: number;
  private readonly epsilon: number;
  private readonly gradientClip: number;
  /** beta1^k and beta2^k after k steps. Running products, because Math.pow differs between engines. */
  private beta1Power = 1;
  private beta2Power = 1;

  constructor(learningRate: number, epsilon: number, gradientClip: number) {
    this.learningRate = learningRate;
    this.epsilon = epsilon;
    this.gradientClip = gradientClip;
  }

  /**
   * Takes one step down the gradient of a window of `steps`. Moments lie `apart` floats after the parameters (see Kernels.adam).
   * Returns the norm of the gradient before clipping. If it is not finite, nothing is changed.
   */
  step(kernels: Kernels, layers: readonly Linear[], apart: number, steps: number): number {
    let squares = 0;
    for (const layer of layers) squares += layer.squaredNorm(kernels, steps);
    // Where the gradients of the steps cancel, rounding can make the sum negative.
    const norm = Math.sqrt(Math.max(0, squares));
    if (!Number.isFinite(norm)) return norm;

    this.beta1Power *= beta1;
    this.beta2Power *= beta2;
    const scale = Math.min(1, this.gradientClip / (norm + 1e-6));
    const rate = this.learningRate / (1 - this.beta1Power);
    const correction = 1 / Math.sqrt(1 - this.beta2Power);
    for (const { weights, biases, gradient, input } of layers) {
      kernels.adam(
        weights.offset,
        biases.offset,
        apart,
        gradient.offset,
        input.offset,
        input.stride,
        steps,
        weights.rows,
        weights.cols,
        scale,
        rate,
        correction,
        this.epsilon,
      );
    }
    return norm;
  }

  save(): Float64Array {
    return Float64Array.of(this.beta1Power, this.beta2Power);
  }

  restore(powers: Float64Array): void {
    this.beta1Power = powers[0]!;
    this.beta2Power = powers[1]!;
  }
}
