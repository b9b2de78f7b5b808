import type { Rng } from "../../../shared/domain/rng.ts";
import type { Kernels } from "./kernels.ts";
import { type Block, eachRow, type MemoryPlan, type Parameter, pad4 } from "./memory-plan.ts";

export interface LinearOptions {
  /** Number of groups of `outputs` outputs each, such as the gates of a GRU; 1 by default. */
  readonly parts?: number;
  /** Whether negative outputs become 0; false by default. */
  readonly relu?: boolean;
  /** Whether the gradient overwrites the outputs, because nobody reads them afterwards; false by default. */
  readonly inPlace?: boolean;
  /** Initial weights are uniform within +- this; 1 / sqrt(inputs) by default. */
  readonly weightBound?: number;
  /** Likewise the biases; 0 by default. */
  readonly biasBound?: number;
}

/** A layer y = W x + b, with a row of x, of y and of the gradient of y for each step of a window. */
export class Linear {
  /** parts * outputs x inputs. */
  readonly weights: Parameter;
  /** parts x outputs. */
  readonly biases: Parameter;
  readonly input: Block;
  readonly output: Block;
  /** Gradient of the loss with respect to `output`; each reader of `output` adds its share. */
  readonly gradient: Block;
  private readonly options: LinearOptions;

  constructor(
    plan: MemoryPlan,
    name: string,
    input: Block,
    inputs: number,
    outputs: number,
    options: LinearOptions = {},
  ) {
    const parts = options.parts ?? 1;
    this.weights = plan.weights(`${name}.weights`, parts, outputs, inputs);
    this.biases = plan.biases(`${name}.biases`, parts, outputs);
    this.input = input;
    this.output = plan.perStep(parts * pad4(outputs));
    this.gradient = options.inPlace ? this.output : plan.perStep(parts * pad4(outputs));
    this.options = options;
  }

  /** Draws the initial parameters. The padding and its gradient stay zero. */
  initialise(kernels: Kernels, rng: Rng): void {
    const { weightBound = 1 / Math.sqrt(this.weights.partCols), biasBound = 0 } = this.options;
    fill(kernels.floats, this.weights, weightBound, rng);
    fill(kernels.floats, this.biases, biasBound, rng);
  }

  /** Computes the output of step t from its input. */
  forward(kernels: Kernels, t: number): void {
    const { weights, input, output } = this;
    const x = input.offset + t * input.stride;
    const y = output.offset + t * output.stride;
    kernels.gemv(weights.offset, this.biases.offset, x, y, weights.rows, weights.cols, this.options.relu ? 1 : 0);
  }

  /** Sets `gradient` to zero, before anyone adds to it. */
  clearGradient(kernels: Kernels, steps: number): void {
    clear(kernels, this.gradient, steps);
  }

  /** Turns the gradient of the output into that of W x + b, after everyone has added to it. */
  backward(kernels: Kernels, steps: number): void {
    if (this.options.relu) kernels.reluGradient(this.output.offset, this.gradient.offset, steps * this.output.stride);
  }

  /** Adds to `dInput` (steps x inputs) the gradient with respect to the input. */
  addInputGradient(kernels: Kernels, dInput: Block, steps: number, from = 0): void {
    const { weights, gradient } = this;
    const dy = gradient.offset + from * gradient.stride;
    const dx = dInput.offset + from * dInput.stride;
    kernels.inputGradient(dy, weights.offset, dx, dInput.stride, steps, weights.rows, weights.cols);
  }

  /** The squared norm of the gradient of weights and biases over the window. */
  squaredNorm(kernels: Kernels, steps: number): number {
    const { weights, input, gradient } = this;
    return kernels.squaredNorm(gradient.offset, input.offset, input.stride, steps, weights.rows, weights.cols);
  }
}

/** Sets the first `rows` rows of a block to zero. */
export function clear(kernels: Kernels, block: Block, rows: number): void {
  kernels.floats.fill(0, block.offset, block.offset + rows * block.stride);
}

function fill(floats: Float32Array, parameter: Parameter, bound: number, rng: Rng): void {
  if (bound === 0) return;
  eachRow(parameter, (from, to) => {
    for (let i = from; i < to; i++) floats[i] = (2 * rng.uniform() - 1) * bound;
  });
}
