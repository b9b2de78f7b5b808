/**
 * Symmetric positive definite matrices and their Cholesky factors U (upper triangular, U' U is the matrix), as flat
 * arrays, row by row. The inner loops are the model's whole cost: they walk rows from left to right, and wait for no
 * earlier result.
 */

/** Rounding can make a pivot tiny or negative; this floor keeps the factor finite. */
const leastPivot = 1e-9;

/** Replaces the upper triangle of the n x n matrix by its factor U; the part below the diagonal is then meaningless. */
export function factorise(matrix: Float64Array, n: number): void {
  eliminate(matrix, n, matrix, n, true);
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
  eliminate(factor, n, b, c, false);
}

/** Subtracts B' B from the upper triangle of the c x c matrix, for the n x c matrix B; the rest is then meaningless. */
export function subtractSquare(matrix: Float64Array, c: number, b: Float64Array, n: number): void {
  for (let i = 0; i < c; i += 4) subtractProducts(matrix, i, c, b, n, b, c, i);
}

/**
 * Subtracts Z' U from the m x c matrix, for the c x m matrix Z and the c x c matrix U, upper triangular (zeros below).
 */
export function subtractProduct(matrix: Float64Array, m: number, z: Float64Array, u: Float64Array, c: number): void {
  for (let i = 0; i < m; i += 4) subtractProducts(matrix, i, c, u, c, z, m, 0, 1);
}

/**
 * Solves U' X = B row by row: subtracts the contributions of the rows above, then divides by the pivot. With
 * `isMaking`, B becomes the factor itself, and each pivot is first made from its row.
 */
function eliminate(factor: Float64Array, n: number, b: Float64Array, c: number, isMaking: boolean): void {
  for (let first = 0; first < n; first += 4) {
    subtractProducts(b, first, c, b, first, factor, n, isMaking ? first : 0);
    for (let i = first; i < n && i < first + 4; i++) {
      const row = i * c;
      const start = isMaking ? i : 0;
      for (let k = first; k < i; k++) subtract(b, row, at(factor, k * n + i), b, k * c, start, c);
      if (isMaking) b[row + i] = Math.sqrt(Math.max(at(b, row + i), leastPivot));
      const pivot = at(factor, i * n + i);
      for (let j = isMaking ? i + 1 : 0; j < c; j++) b[row + j] = at(b, row + j) / pivot;
    }
  }
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
 * Subtracts products from rows i to i + 3 of `to`, or to row `width` - 1: the first `rows` rows of `from`, each times
 * its numbers in these columns of `factors`. Rows of `to` and `from` are c long, those of `factors` `width`. Only
 * columns from `start` on change; with `moves` 1, `from` is upper triangular and `start` moves on with its rows.
 *
 * Each element has the products subtracted one by one in the same order, however many rows are taken at a time.
 */
function subtractProducts(
  to: Float64Array,
  i: number,
  c: number,
  from: Float64Array,
  rows: number,
  factors: Float64Array,
  width: number,
  start: number,
  moves: 0 | 1 = 0,
): void {
  const end = Math.min(i + 4, width);
  let k = 0;
  if (end === i + 4) {
    for (; k + 4 <= rows; k += 4) {
      subtractFour(to, i * c, c, from, k * c, factors, k * width + i, width, start + moves * k);
    }
  }
  for (; k < rows; k++) {
    for (let row = i; row < end; row++) {
      subtract(to, row * c, at(factors, k * width + row), from, k * c, start + moves * k, c);
    }
  }
}

/** Four rows of `to` and four of `from`, so that each number is loaded once for four products. */
function subtractFour(
  to: Float64Array,
  row: number,
  c: number,
  from: Float64Array,
  first: number,
  factors: Float64Array,
  factor: number,
  width: number,
  start: number,
): void {
  const p = factor;
  const q = p + width;
  const r = q + width;
  const s = r + width;
  const [p0, p1, p2, p3] = [at(factors, p), at(factors, p + 1), at(factors, p + 2), at(factors, p + 3)];
  const [q0, q1, q2, q3] = [at(factors, q), at(factors, q + 1), at(factors, q + 2), at(factors, q + 3)];
  const [r0, r1, r2, r3] = [at(factors, r), at(factors, r + 1), at(factors, r + 2), at(factors, r + 3)];
  const [s0, s1, s2, s3] = [at(factors, s), at(factors, s + 1), at(factors, s + 2), at(factors, s + 3)];
  for (let j = start; j < c; j++) {
    const w = at(from, first + j);
    const x = at(from, first + c + j);
    const y = at(from, first + 2 * c + j);
    const z = at(from, first + 3 * c + j);
    const t = row + j;
    to[t] = at(to, t) - p0 * w - q0 * x - r0 * y - s0 * z;
    to[t + c] = at(to, t + c) - p1 * w - q1 * x - r1 * y - s1 * z;
    to[t + 2 * c] = at(to, t + 2 * c) - p2 * w - q2 * x - r2 * y - s2 * z;
    to[t + 3 * c] = at(to, t + 3 * c) - p3 * w - q3 * x - r3 * y - s3 * z;
  }
}

/** to[i] -= factor * from[i] for i from `start` to below `end`, each counted from its own offset. */
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
