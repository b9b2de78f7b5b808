// The kernels of ../kernels.ts in WebAssembly, four floats at a time. AssemblyScript, built by `npm run build`.
// Arguments named like arrays are offsets in floats; `at` turns one into an address.

// @ts-ignore: decorator
@inline function at(offset: i32): usize {
  return (<usize>offset) << 2;
}

// @ts-ignore: decorator
@inline function mulAdd(sum: v128, a: v128, b: v128): v128 {
  return f32x4.add(sum, f32x4.mul(a, b));
}

/** The sums of the lanes of four vectors, as one vector. */
// @ts-ignore: decorator
@inline function sums(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.add(v128.shuffle<f32>(a, b, 0, 4, 1, 5), v128.shuffle<f32>(a, b, 2, 6, 3, 7)); // a02 b02 a13 b13
  const cd = f32x4.add(v128.shuffle<f32>(c, d, 0, 4, 1, 5), v128.shuffle<f32>(c, d, 2, 6, 3, 7));
  return f32x4.add(v128.shuffle<f32>(ab, cd, 0, 1, 4, 5), v128.shuffle<f32>(ab, cd, 2, 3, 6, 7));
}

export function gemv(w: i32, b: i32, x: i32, y: i32, rows: i32, cols: i32, relu: i32): void {
  const row = at(cols);
  const xStart = at(x);
  const xEnd = xStart + row;
  const zero = f32x4.splat(0);
  let bp = at(b);
  let yp = at(y);
  let w0 = at(w);
  // Four rows at a time: each load of x serves four products.
  for (let r = 0; r < rows; r += 4) {
    const w1 = w0 + row;
    const w2 = w1 + row;
    const w3 = w2 + row;
    let s0 = zero;
    let s1 = zero;
    let s2 = zero;
    let s3 = zero;
    let o: usize = 0;
    for (let xp = xStart; xp < xEnd; xp += 16, o += 16) {
      const xv = v128.load(xp);
      s0 = mulAdd(s0, v128.load(w0 + o), xv);
      s1 = mulAdd(s1, v128.load(w1 + o), xv);
      s2 = mulAdd(s2, v128.load(w2 + o), xv);
      s3 = mulAdd(s3, v128.load(w3 + o), xv);
    }
    let result = f32x4.add(v128.load(bp), sums(s0, s1, s2, s3));
    if (relu) result = f32x4.max(result, zero);
    v128.store(yp, result);
    w0 = w3 + row;
    bp += 16;
    yp += 16;
  }
}

export function inputGradient(dy: i32, w: i32, dx: i32, dxStride: i32, steps: i32, rows: i32, cols: i32): void {
  const row = at(cols);
  const dyRow = at(rows);
  const dxRow = at(dxStride);
  for (let r = 0; r < rows; r += 4) {
    const w0 = at(w + r * cols);
    const w1 = w0 + row;
    const w2 = w1 + row;
    const w3 = w2 + row;
    let dyp = at(dy + r);
    let dxp = at(dx);
    for (let t = 0; t < steps; t++, dyp += dyRow, dxp += dxRow) {
      if (!v128.any_true(v128.load(dyp))) continue;
      const d0 = v128.load32_splat(dyp);
      const d1 = v128.load32_splat(dyp, 4);
      const d2 = v128.load32_splat(dyp, 8);
      const d3 = v128.load32_splat(dyp, 12);
      for (let o: usize = 0; o < row; o += 16) {
        let sum = mulAdd(v128.load(dxp + o), d0, v128.load(w0 + o));
        sum = mulAdd(sum, d1, v128.load(w1 + o));
        sum = mulAdd(sum, d2, v128.load(w2 + o));
        v128.store(dxp + o, mulAdd(sum, d3, v128.load(w3 + o)));
      }
    }
  }
}

export function reluGradient(y: i32, dy: i32, length: i32): void {
  const zero = f32x4.splat(0);
  let yp = at(y);
  let dyp = at(dy);
  for (let i = 0; i < length; i += 4, yp += 16, dyp += 16) {
    v128.store(dyp, v128.andnot(v128.load(dyp), f32x4.le(v128.load(yp), zero)));
  }
}

/** Dot product of `length` floats, in double precision. */
function dot(a: usize, b: usize, length: i32): f64 {
  let s0 = f64x2.splat(0);
  let s1 = f64x2.splat(0);
  const end = a + at(length);
  for (; a < end; a += 16, b += 16) {
    const av = v128.load(a);
    const bv = v128.load(b);
    s0 = f64x2.add(s0, f64x2.mul(f64x2.promote_low_f32x4(av), f64x2.promote_low_f32x4(bv)));
    const ah = v128.shuffle<f32>(av, av, 2, 3, 2, 3);
    const bh = v128.shuffle<f32>(bv, bv, 2, 3, 2, 3);
    s1 = f64x2.add(s1, f64x2.mul(f64x2.promote_low_f32x4(ah), f64x2.promote_low_f32x4(bh)));
  }
  s0 = f64x2.add(s0, s1);
  return f64x2.extract_lane(s0, 0) + f64x2.extract_lane(s0, 1);
}

export function squaredNorm(dy: i32, x: i32, xStride: i32, steps: i32, rows: i32, cols: i32): f64 {
  let sum: f64 = 0;
  for (let s = 0; s < steps; s++) {
    for (let t = 0; t <= s; t++) {
      const dd = dot(at(dy + s * rows), at(dy + t * rows), rows);
      if (dd === 0) continue;
      const xx = 1 + dot(at(x + s * xStride), at(x + t * xStride), cols);
      sum += (s === t ? 1 : 2) * dd * xx;
    }
  }
  return sum;
}

// Arguments of `adam`, for `adamStep`.
let rateV: v128 = f32x4.splat(0);
let correctionV: v128 = f32x4.splat(0);
let epsilonV: v128 = f32x4.splat(0);
/** Bytes from a parameter to its first moment, and from there to its second. */
let gap: usize = 0;

/** Adam on the four parameters at address p. The constants are those of ../kernels.ts. */
// @ts-ignore: decorator
@inline function adamStep(p: usize, g: v128): void {
  const tiniest = f32x4.splat(7.703719777548943e-34);
  const pm = p + gap;
  const pv = pm + gap;
  let m = mulAdd(f32x4.mul(f32x4.splat(0.9), v128.load(pm)), f32x4.splat(0.1), g);
  let v = mulAdd(f32x4.mul(f32x4.splat(0.999), v128.load(pv)), f32x4.splat(0.001), f32x4.mul(g, g));
  m = v128.and(m, f32x4.ge(f32x4.abs(m), tiniest));
  v = v128.and(v, f32x4.ge(v, tiniest));
  v128.store(pm, m);
  v128.store(pv, v);
  const root = mulAdd(epsilonV, correctionV, f32x4.sqrt(v));
  v128.store(p, f32x4.sub(v128.load(p), f32x4.div(f32x4.mul(rateV, m), root)));
}

export function adam(
  w: i32, b: i32, apart: i32, dy: i32, x: i32, xStride: i32, steps: i32, rows: i32, cols: i32,
  scale: f32, rate: f32, correction: f32, epsilon: f32,
): void {
  rateV = f32x4.splat(rate);
  correctionV = f32x4.splat(correction);
  epsilonV = f32x4.splat(epsilon);
  gap = at(apart);
  const scaleV = f32x4.splat(scale);
  const row = at(cols);
  const dyRow = at(rows);
  const xRow = at(xStride);
  const xStart = at(x);
  const pairs = row & ~31;
  const zero = f32x4.splat(0);
  for (let r = 0; r < rows; r += 4) {
    const dyStart = at(dy + r);
    let p0 = at(w + r * cols);
    let p1 = p0 + row;
    let p2 = p1 + row;
    let p3 = p2 + row;
    // Four rows by eight columns of the gradient at a time: eight sums in registers, then straight into Adam.
    let o: usize = 0;
    for (; o < pairs; o += 32) {
      let g0 = zero, g1 = zero, g2 = zero, g3 = zero;
      let h0 = zero, h1 = zero, h2 = zero, h3 = zero;
      let dp = dyStart;
      let xp = xStart + o;
      for (let t = 0; t < steps; t++, dp += dyRow, xp += xRow) {
        const xg = v128.load(xp);
        const xh = v128.load(xp, 16);
        const d0 = v128.load32_splat(dp);
        const d1 = v128.load32_splat(dp, 4);
        const d2 = v128.load32_splat(dp, 8);
        const d3 = v128.load32_splat(dp, 12);
        g0 = mulAdd(g0, d0, xg);
        g1 = mulAdd(g1, d1, xg);
        g2 = mulAdd(g2, d2, xg);
        g3 = mulAdd(g3, d3, xg);
        h0 = mulAdd(h0, d0, xh);
        h1 = mulAdd(h1, d1, xh);
        h2 = mulAdd(h2, d2, xh);
        h3 = mulAdd(h3, d3, xh);
      }
      adamStep(p0, f32x4.mul(scaleV, g0));
      adamStep(p1, f32x4.mul(scaleV, g1));
      adamStep(p2, f32x4.mul(scaleV, g2));
      adamStep(p3, f32x4.mul(scaleV, g3));
      adamStep(p0 + 16, f32x4.mul(scaleV, h0));
      adamStep(p1 + 16, f32x4.mul(scaleV, h1));
      adamStep(p2 + 16, f32x4.mul(scaleV, h2));
      adamStep(p3 + 16, f32x4.mul(scaleV, h3));
      p0 += 32;
      p1 += 32;
      p2 += 32;
      p3 += 32;
    }
    // The last four columns, if their number is not a multiple of eight.
    if (o < row) {
      let g0 = zero, g1 = zero, g2 = zero, g3 = zero;
      let dp = dyStart;
      let xp = xStart + o;
      for (let t = 0; t < steps; t++, dp += dyRow, xp += xRow) {
        const xg = v128.load(xp);
        g0 = mulAdd(g0, v128.load32_splat(dp), xg);
        g1 = mulAdd(g1, v128.load32_splat(dp, 4), xg);
        g2 = mulAdd(g2, v128.load32_splat(dp, 8), xg);
        g3 = mulAdd(g3, v128.load32_splat(dp, 12), xg);
      }
      adamStep(p0, f32x4.mul(scaleV, g0));
      adamStep(p1, f32x4.mul(scaleV, g1));
      adamStep(p2, f32x4.mul(scaleV, g2));
      adamStep(p3, f32x4.mul(scaleV, g3));
    }
    let bias = zero;
    let dp = dyStart;
    for (let t = 0; t < steps; t++, dp += dyRow) bias = f32x4.add(bias, v128.load(dp));
    adamStep(at(b + r), f32x4.mul(scaleV, bias));
  }
}

/**
 * e^x to within 2 units in the last place for |x| up to 87, and clamped there: x = n ln 2 + r with |r| <= ln 2 / 2, then a
 * polynomial in r (the coefficients of Cephes' expf) times 2^n.
 */
// @ts-ignore: decorator
@inline function exp(x: v128): v128 {
  x = f32x4.min(f32x4.max(x, f32x4.splat(-87)), f32x4.splat(87));
  const n = f32x4.nearest(f32x4.mul(x, f32x4.splat(1.44269504088896341)));
  // ln 2 in two parts, of which the first times n is exact.
  let r = f32x4.sub(x, f32x4.mul(n, f32x4.splat(0.693359375)));
  r = f32x4.sub(r, f32x4.mul(n, f32x4.splat(-2.12194440e-4)));
  let p = f32x4.splat(1.9875691500e-4);
  p = mulAdd(f32x4.splat(1.3981999507e-3), p, r);
  p = mulAdd(f32x4.splat(8.3334519073e-3), p, r);
  p = mulAdd(f32x4.splat(4.1665795894e-2), p, r);
  p = mulAdd(f32x4.splat(1.6666665459e-1), p, r);
  p = mulAdd(f32x4.splat(5.0000001201e-1), p, r);
  p = mulAdd(f32x4.add(f32x4.splat(1), r), p, f32x4.mul(r, r));
  return f32x4.mul(p, i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(127)), 23));
}

// @ts-ignore: decorator
@inline function sigmoid(x: v128): v128 {
  const one = f32x4.splat(1);
  return f32x4.div(one, f32x4.add(one, exp(f32x4.neg(x))));
}

/** To within 1e-7, absolutely. */
// @ts-ignore: decorator
@inline function tanh(x: v128): v128 {
  const one = f32x4.splat(1);
  return f32x4.sub(one, f32x4.div(f32x4.splat(2), f32x4.add(one, exp(f32x4.add(x, x)))));
}

export function gruForward(inputs: i32, recurrent: i32, h: i32, next: i32, units: i32): void {
  const gate = at(units);
  const one = f32x4.splat(1);
  let ir = at(inputs);
  let hr = at(recurrent);
  let hp = at(h);
  let np = at(next);
  for (const end = hp + gate; hp < end; hp += 16, ir += 16, hr += 16, np += 16) {
    const iz = ir + gate;
    const id = iz + gate;
    const r = sigmoid(f32x4.add(v128.load(ir), v128.load(hr)));
    const z = sigmoid(f32x4.add(v128.load(iz), v128.load(hr + gate)));
    const n = tanh(mulAdd(v128.load(id), r, v128.load(hr + 2 * gate)));
    v128.store(ir, r);
    v128.store(iz, z);
    v128.store(id, n);
    v128.store(np, mulAdd(f32x4.mul(f32x4.sub(one, z), n), z, v128.load(hp)));
  }
}

export function gruBackward(gates: i32, recurrent: i32, h: i32, dNext: i32, dh: i32, units: i32): void {
  const gate = at(units);
  const one = f32x4.splat(1);
  let ir = at(gates);
  let hr = at(recurrent);
  let hp = at(h);
  let dp = at(dNext);
  let dhp = at(dh);
  for (const end = hp + gate; hp < end; hp += 16, ir += 16, hr += 16, dp += 16, dhp += 16) {
    const iz = ir + gate;
    const id = iz + gate;
    const r = v128.load(ir);
    const z = v128.load(iz);
    const n = v128.load(id);
    const d = v128.load(dp);
    const dn = f32x4.mul(f32x4.mul(d, f32x4.sub(one, z)), f32x4.sub(one, f32x4.mul(n, n)));
    const dz = f32x4.mul(f32x4.mul(d, f32x4.sub(v128.load(hp), n)), f32x4.mul(z, f32x4.sub(one, z)));
    const dr = f32x4.mul(f32x4.mul(dn, v128.load(hr + 2 * gate)), f32x4.mul(r, f32x4.sub(one, r)));
    v128.store(ir, dr);
    v128.store(iz, dz);
    v128.store(id, dn);
    v128.store(hr, dr);
    v128.store(hr + gate, dz);
    v128.store(hr + 2 * gate, f32x4.mul(dn, r));
    v128.store(dhp, mulAdd(v128.load(dhp), d, z));
  }
}
