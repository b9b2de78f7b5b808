/**
 * The numerics of the learner: a few functions on one block of floats. Arguments named like arrays are offsets into `floats`,
 * in elements. Matrices are row-major; `rows` and `cols` are multiples of 4 (`memory-plan.ts` pads), so no kernel has a tail loop.
 *
 * A layer is y = W x + b at every step of a window of `steps` steps; x, y and their gradients have a row for each step. The
 * gradient of the weights, dW = dY^T X (rows x cols), is never stored: `squaredNorm` and `adam` compute what they need of it
 * from dY (steps x rows) and X (steps x cols), which saves two passes over memory as large as the parameters.
 */
export interface Kernels {
  /** Names the implementation and its version. Results repeat bit for bit only with the same build. */
  readonly build: string;
  readonly floats: Float32Array;

  /** y = W x + b; if `relu` is 1, negative results become 0. */
  gemv(w: number, b: number, x: number, y: number, rows: number, cols: number, relu: 0 | 1): void;

  /** dX += dY W; rows of dX are `dxStride` apart. */
  inputGradient(dy: number, w: number, dx: number, dxStride: number, steps: number, rows: number, cols: number): void;

  /** dY = 0 where ReLU cut off the output y of the layer, `length` floats. */
  reluGradient(y: number, dy: number, length: number): void;

  /**
   * Sum of the squares of dW = dY^T X and of db = sum of the rows of dY, in double precision, by
   * |dY^T X|^2 = sum over steps s, t of (dY_s . dY_t)(X_s . X_t). Rows of X are `xStride` apart.
   */
  squaredNorm(dy: number, x: number, xStride: number, steps: number, rows: number, cols: number): number;

  /**
   * One Adam step (Kingma and Ba 2015) on W and b with gradients `scale` dW and `scale` db. The first moments lie `apart` floats
   * after the parameters, the second moments `apart` floats after those. p -= rate m / (correction sqrt(v) + epsilon) with
   * rate = learning rate / (1 - beta1^k) and correction = 1 / sqrt(1 - beta2^k) in step k.
   */
  adam(
    w: number,
    b: number,
    apart: number,
    dy: number,
    x: number,
    xStride: number,
    steps: number,
    rows: number,
    cols: number,
    scale: number,
    rate: number,
    correction: number,
    epsilon: number,
  ): void;

  /**
   * One GRU cell. `inputs` = Wi e + bi and `recurrent` = Wh h + bh hold three blocks of `units` (r, z, n); `inputs` is replaced
   * by the gates: r = sigmoid(ir + hr), z = sigmoid(iz + hz), n = tanh(in + r hn); next = (1 - z) n + z h.
   */
  gruForward(inputs: number, recurrent: number, h: number, next: number, units: number): void;

  /**
   * The derivative of `gruForward`. `dNext` is the gradient of `next`. `gates` becomes the gradient of Wi e + bi, `recurrent` that
   * of Wh h + bh, and dNext z is added to `dh`. The caller adds the path through Wh.
   */
  gruBackward(gates: number, recurrent: number, h: number, dNext: number, dh: number, units: number): void;
}

/** Decay of Adam's moments; the usual values. */
export const beta1 = 0.9;
export const beta2 = 0.999;

/**
 * Moments closer to zero than this, 2^-110, are stored as zero. Otherwise those of dead units decay into denormal numbers, which
 * make an Adam pass 1.7 times slower (measured with 4% of entries, after 20,000 steps). They do not affect a step: a first moment
 * of this size moves a parameter by less than 1e-25, and a second moment is far below the square of epsilon.
 */
export const tiniestMoment = 7.703719777548943e-34;
