import { beta1, beta2, type Kernels, tiniestMoment } from "./kernels.ts";

/** Increase this when any bit of a result changes. */
const version = 1;

/**
 * The kernels as their formulas read, with sums in double precision. They test the fast ones, and run if WebAssembly cannot.
 */
export function plainKernels(f: Float32Array): Kernels {
  /** One row of a gradient, and the gradient of the biases. They grow to the largest layer in the first update. */
  let row = new Float64Array(0);
  let biases = new Float64Array(0);
  return {
    build: `plain-${version}`,
    floats: f,

    gemv(w, b, x, y, rows, cols, relu) {
      // Four rows at a time: each load of x serves four products.
      for (let r = 0; r < rows; r += 4) {
        const w0 = (w + r * cols) | 0;
        const w1 = w0 + cols;
        const w2 = w1 + cols;
        const w3 = w2 + cols;
        let y0 = f[b + r]!;
        let y1 = f[b + r + 1]!;
        let y2 = f[b + r + 2]!;
        let y3 = f[b + r + 3]!;
        for (let c = 0; c < cols; c++) {
          const xc = f[x + c]!;
          y0 += f[w0 + c]! * xc;
          y1 += f[w1 + c]! * xc;
          y2 += f[w2 + c]! * xc;
          y3 += f[w3 + c]! * xc;
        }
        const floor = relu === 1 ? 0 : -Infinity;
        f[y + r] = Math.max(y0, floor);
        f[y + r + 1] = Math.max(y1, floor);
        f[y + r + 2] = Math.max(y2, floor);
        f[y + r + 3] = Math.max(y3, floor);
      }
    },

    inputGradient(dy, w, dx, dxStride, steps, rows, cols) {
      for (let t = 0; t < steps; t++) {
        const dxt = (dx + t * dxStride) | 0;
        for (let r = 0; r < rows; r += 4) {
          const d = (dy + t * rows + r) | 0;
          const d0 = f[d]!;
          const d1 = f[d + 1]!;
          const d2 = f[d + 2]!;
          const d3 = f[d + 3]!;
          if (d0 === 0 && d1 === 0 && d2 === 0 && d3 === 0) continue;
          const w0 = (w + r * cols) | 0;
          const w1 = w0 + cols;
          const w2 = w1 + cols;
          const w3 = w2 + cols;
          for (let c = 0; c < cols; c++) {
            f[dxt + c]! += d0 * f[w0 + c]! + d1 * f[w1 + c]! + d2 * f[w2 + c]! + d3 * f[w3 + c]!;
          }
        }
      }
    },

    reluGradient(y, dy, length) {
      for (let i = 0; i < length; i++) if (f[y + i]! <= 0) f[dy + i] = 0;
    },

    squaredNorm(dy, x, xStride, steps, rows, cols) {
      let sum = 0;
      for (let s = 0; s < steps; s++) {
        for (let t = 0; t <= s; t++) {
          let dd = 0;
          for (let r = 0; r < rows; r++) dd += f[dy + s * rows + r]! * f[dy + t * rows + r]!;
          let xx = 1; // The bias is the weight of an input that is always 1.
          for (let c = 0; c < cols; c++) xx += f[x + s * xStride + c]! * f[x + t * xStride + c]!;
          sum += (s === t ? 1 : 2) * dd * xx;
        }
      }
      return sum;
    },

    adam(w, b, apart, dy, x, xStride, steps, rows, cols, scale, rate, correction, epsilon) {
      if (row.length < cols) row = new Float64Array(cols);
      if (biases.length < rows) biases = new Float64Array(rows);
      for (let r = 0; r < rows; r++) {
        biases[r] = gradientRow(f, dy + r, rows, x, xStride, steps, cols, scale, row);
        adamRow(f, (w + r * cols) | 0, apart, row, cols, rate, correction, epsilon);
      }
      adamRow(f, b, apart, biases, rows, rate, correction, epsilon);
    },

    gruForward(inputs, recurrent, h, next, units) {
      for (let i = 0; i < units; i++) {
        const ir = inputs + i;
        const iz = ir + units;
        const id = iz + units;
        const r = sigmoid(f[ir]! + f[recurrent + i]!);
        const z = sigmoid(f[iz]! + f[recurrent + units + i]!);
        const n = Math.tanh(f[id]! + r * f[recurrent + 2 * units + i]!);
        f[ir] = r;
        f[iz] = z;
        f[id] = n;
        f[next + i] = (1 - z) * n + z * f[h + i]!;
      }
    },

    gruBackward(gates, recurrent, h, dNext, dh, units) {
      for (let i = 0; i < units; i++) {
        const ir = gates + i;
        const iz = ir + units;
        const id = iz + units;
        const r = f[ir]!;
        const z = f[iz]!;
        const n = f[id]!;
        const d = f[dNext + i]!;
        const dn = d * (1 - z) * (1 - n * n);
        const dz = d * (f[h + i]! - n) * z * (1 - z);
        const dr = dn * f[recurrent + 2 * units + i]! * r * (1 - r);
        f[ir] = dr;
        f[iz] = dz;
        f[id] = dn;
        f[recurrent + i] = dr;
        f[recurrent + units + i] = dz;
        f[recurrent + 2 * units + i] = dn * r;
        f[dh + i]! += d * z;
      }
    },
  };
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** Writes one row of scale dY^T X into `row`. Returns the sum of scale dY for that row, the gradient of its bias. */
function gradientRow(
  f: Float32Array,
  dy: number,
  dyStride: number,
  x: number,
  xStride: number,
  steps: number,
  cols: number,
  scale: number,
  row: Float64Array,
): number {
  let bias = 0;
  row.fill(0, 0, cols);
  // Four steps at a time: each load and store of the row serves four products; missing steps have weight 0. `| 0`, here and
  // below, keeps a product of integers from becoming a double, which would make a slow index.
  for (let t = 0; t < steps; t += 4) {
    const left = steps - t;
    const d = dy + t * dyStride;
    const d0 = scale * f[d]!;
    const d1 = left > 1 ? scale * f[d + dyStride]! : 0;
    const d2 = left > 2 ? scale * f[d + 2 * dyStride]! : 0;
    const d3 = left > 3 ? scale * f[d + 3 * dyStride]! : 0;
    if (d0 === 0 && d1 === 0 && d2 === 0 && d3 === 0) continue;
    bias += d0 + d1 + d2 + d3;
    const x0 = (x + t * xStride) | 0;
    const x1 = left > 1 ? x0 + xStride : x0;
    const x2 = left > 2 ? x1 + xStride : x0;
    const x3 = left > 3 ? x2 + xStride : x0;
    for (let c = 0; c < cols; c++) {
      row[c]! += d0 * f[x0 + c]! + d1 * f[x1 + c]! + d2 * f[x2 + c]! + d3 * f[x3 + c]!;
    }
  }
  return bias;
}

/** Adam on `cols` parameters in a row, from their gradient. */
function adamRow(
  f: Float32Array,
  p: number,
  apart: number,
  gradient: Float64Array,
  cols: number,
  rate: number,
  correction: number,
  epsilon: number,
): void {
  const m = p + apart;
  const v = m + apart;
  // Local copies: an imported constant is looked up at each use, which took half of the time here.
  const b1 = beta1;
  const b2 = beta2;
  const tiniest = tiniestMoment;
  for (let c = 0; c < cols; c++) {
    const g = gradient[c]!;
    let first = b1 * f[m + c]! + (1 - b1) * g;
    let second = b2 * f[v + c]! + (1 - b2) * g * g;
    if (first < tiniest && first > -tiniest) first = 0;
    if (second < tiniest) second = 0;
    f[m + c] = first;
    f[v + c] = second;
    f[p + c]! -= (rate * first) / (correction * Math.sqrt(second) + epsilon);
  }
}
