/**
 * Symmetric positive definite matrices and their Cholesky factors U (upper triangular, U' U is the matrix), as flat arrays, row by
 * row. The inner loops are the model's whole cost: they walk rows from left to right, and wait for no earlier result.
 */

/** Rounding can make a pivot tiny or negative; this floor keeps the factor finite. */
const leastPivot = 1e-9;

/** Replaces the upper triangle of the n x n matrix by its factor U; what lies below the diagonal is neither read nor changed. */
export function factorise(matrix: Float64Array, n: number): void {
  for (let i = 0; i < n; i++) {
    const row = i * n;
    let k = 0;
    for (; k + 4 <= i; k += 4) subtractFour(matrix, row, matrix, k * n, n, matrix, k * n + i, n, i, n);
    for (; k < i; k++) subtract(matrix, row, at(matrix, k * n + i), matrix, k * n, i, n);
    const pivot = Math.sqrt(Math.max(at(matrix, row + i), leastPivot));
    matrix[row + i] = pivot;
    for (let j = i + 1; j < n; j++) matrix[row + j] = at(matrix, row + j) / pivot;
  }
}

/** Solves U' x = b in place. */
export function solveTransposed(factor: Float64Array, n: number, b: Float64Array): void {
  for (let k = 0; k < n; k++) {
    const x = at(b, k) / at(factor, k * n + k);
    b[k] = x;
    subtract(b, 0, x, factor, k * n, k + 1, n);
  }
}

/** Solves U x = b in place. */
export function solve(factor: Float64Array, n: number, b: Float64Array): void {
  for (let i = n - 1; i >= 0; i--) {
    let sum = at(b, i);
    for (let k = i + 1; k < n; k++) sum -= at(factor, i * n + k) * at(b, k);
    b[i] = sum / at(factor, i * n + i);
  }
}

/** Solves U' X = B in place, for the n x c matrix B. */
export function solveTransposedAll(factor: Float64Array, n: number, b: Float64Array, c: number): void {
  for (let i = 0; i < n; i++) {
    const row = i * c;
    let k = 0;
    for (; k + 4 <= i; k += 4) subtractFour(b, row, b, k * c, c, factor, k * n + i, n, 0, c);
    for (; k < i; k++) subtract(b, row, at(factor, k * n + i), b, k * c, 0, c);
    const pivot = at(factor, i * n + i);
    for (let j = 0; j < c; j++) b[row + j] = at(b, row + j) / pivot;
  }
}

/** Subtracts B' B from the upper triangle of the c x c matrix, for the n x c matrix B. */
export function subtractSquare(matrix: Float64Array, c: number, b: Float64Array, n: number): void {
  let k = 0;
  for (; k + 4 <= n; k += 4) {
    for (let i = 0; i < c; i++) subtractFour(matrix, i * c, b, k * c, c, b, k * c + i, c, i, c);
  }
  for (; k < n; k++) for (let i = 0; i < c; i++) subtract(matrix, i * c, at(b, k * c + i), b, k * c, i, c);
}

/** ln of the matrix's determinant, from its factor. */
export function logDeterminant(factor: Float64Array, n: number): number {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += Math.log(at(factor, i * n + i));
  return 2 * sum;
}

export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += at(a, i) * at(b, i);
  return sum;
}

/**
 * Four times `subtract`, one after the other, in half the time: rows of `from`, `width` apart from `first` on, times the elements of
 * `factors` that are `step` apart from `factor` on.
 */
function subtractFour(
  to: Float64Array,
  toStart: number,
  from: Float64Array,
  first: number,
  width: number,
  factors: Float64Array,
  factor: number,
  step: number,
  start: number,
  end: number,
): void {
  const p = at(factors, factor);
  const q = at(factors, factor + step);
  const r = at(factors, factor + 2 * step);
  const s = at(factors, factor + 3 * step);
  for (let i = start; i < end; i++) {
    to[toStart + i] =
      at(to, toStart + i) -
      p * at(from, first + i) -
      q * at(from, first + width + i) -
      r * at(from, first + 2 * width + i) -
      s * at(from, first + 3 * width + i);
  }
}

/** to[i] -= factor * from[i] for i from `start` to `end`, each from its own offset on. */
function subtract(
  to: Float64Array,
  toStart: number,
  factor: number,
  from: Float64Array,
  fromStart: number,
  start: number,
  end: number,
): void {
  for (let i = start; i < end; i++) to[toStart + i] = at(to, toStart + i) - factor * at(from, fromStart + i);
}

const at = (array: Float64Array, i: number): number => array[i] as number; // every index above lies within its array
