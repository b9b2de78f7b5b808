import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { rngFrom } from "../../../../../shared/domain/rng.ts";
import { UsageError } from "../../../../../shared/errors.ts";
import { chooseKernels } from "../../../../../worker/components/kernels/choose.ts";
import { beta1, type Kernels, tiniestMoment } from "../../../../../worker/components/kernels/kernels.ts";
import { plainKernels } from "../../../../../worker/components/kernels/plain.ts";
import { wasmKernels } from "../../../../../worker/components/kernels/wasm.ts";

const length = 40_000;

/** Calls the same kernel on the same random memory of both implementations; everything in memory must agree afterwards. */
async function assertAgree(
  seed: number,
  call: (kernels: Kernels) => unknown,
  prepare: (floats: Float32Array) => void = () => {},
) {
  const fast = await wasmKernels(length);
  const plain = plainKernels(new Float32Array(length));
  const rng = rngFrom(seed);
  for (let i = 0; i < length; i++) plain.floats[i] = 2 * rng.uniform() - 1;
  prepare(plain.floats);
  fast.floats.set(plain.floats);
  const [a, b] = [call(fast), call(plain)];
  if (typeof a === "number" && typeof b === "number")
    assert.ok(Math.abs(a - b) <= 1e-9 * (1 + Math.abs(b)), `${a} ${b}`);
  else assert.equal(a, b);
  for (let i = 0; i < length; i++) {
    const [x, y] = [fast.floats[i]!, plain.floats[i]!];
    // Sums of at most 100 products of numbers below 1, in single precision.
    if (!(Math.abs(x - y) <= 1e-5 * (1 + Math.abs(y))))
      assert.fail(`float ${i}: ${x} by WebAssembly, ${y} by the plain kernel`);
  }
}

const size = fc.integer({ min: 1, max: 20 }).map((n) => 4 * n);
const steps = fc.integer({ min: 1, max: 9 });
const seed = fc.nat();
const few = { numRuns: 40 };

// Disjoint places for W, b, x, y and their gradients, not all at multiples of 16.
const w = 4;
const [b, x, y, dy, dx] = [7_000, 7_100, 9_204, 11_300, 13_000];

test("kernels: gemv agrees, with and without ReLU", async () => {
  await fc.assert(
    fc.asyncProperty(seed, size, size, fc.constantFrom(0 as const, 1 as const), (seed, rows, cols, relu) =>
      assertAgree(seed, (kernels) => kernels.gemv(w, b, x, y, rows, cols, relu)),
    ),
    few,
  );
});

test("kernels: input gradients agree, also where output gradients are zero", async () => {
  await fc.assert(
    fc.asyncProperty(seed, steps, size, size, fc.nat(9), (seed, steps, rows, cols, spare) =>
      assertAgree(
        seed,
        (kernels) => kernels.inputGradient(dy, w, dx, cols + 4 * spare, steps, rows, cols),
        (floats) => floats.fill(0, dy, dy + 8),
      ),
    ),
    few,
  );
});

test("kernels: the gradient of ReLU agrees", async () => {
  await fc.assert(
    fc.asyncProperty(seed, size, (seed, length) => assertAgree(seed, (kernels) => kernels.reluGradient(y, dy, length))),
    few,
  );
});

test("kernels: the squared norm of a gradient equals that of the explicit product", async () => {
  await fc.assert(
    fc.asyncProperty(seed, steps, size, size, fc.nat(9), async (seed, steps, rows, cols, spare) => {
      const xStride = cols + 4 * spare;
      await assertAgree(seed, (kernels) => kernels.squaredNorm(dy, x, xStride, steps, rows, cols));
      const kernels = await wasmKernels(length);
      const rng = rngFrom(seed);
      for (let i = 0; i < length; i++) kernels.floats[i] = rng.uniform() - 0.5;
      let sum = 0;
      for (let r = 0; r < rows; r++) {
        for (let c = -1; c < cols; c++) {
          let g = 0;
          for (let t = 0; t < steps; t++)
            g += kernels.floats[dy + t * rows + r]! * (c < 0 ? 1 : kernels.floats[x + t * xStride + c]!);
          sum += g * g;
        }
      }
      const found = kernels.squaredNorm(dy, x, xStride, steps, rows, cols);
      assert.ok(Math.abs(found - sum) < 1e-9 * (1 + sum), `${found} ${sum}`);
    }),
    few,
  );
});

test("kernels: an Adam step agrees with one on the explicit gradient", async () => {
  await fc.assert(
    fc.asyncProperty(seed, steps, size, size, fc.nat(9), (seed, steps, rows, cols, spare) =>
      assertAgree(
        seed,
        (kernels) =>
          kernels.adam(w, b, 10_000, 32_000, 34_000, cols + 4 * spare, steps, rows, cols, 0.7, 0.01, 1.5, 1e-3),
        (floats) => {
          for (let i = 20_000; i < 30_000; i++) floats[i] = Math.abs(floats[i]!);
        },
      ),
    ),
    few,
  );
});

test("kernels: moments without gradient decay to zero, not to denormal numbers", async () => {
  for (const kernels of [await wasmKernels(length), plainKernels(new Float32Array(length))]) {
    kernels.floats.fill(tiniestMoment * 1.05, 100, 300);
    kernels.adam(0, 20, 100, 1000, 1000, 4, 1, 4, 4, 1, 0.01, 1, 1e-8);
    assert.deepEqual([...kernels.floats.subarray(100, 116)], new Array(16).fill(0));
    assert.ok(kernels.floats[200]! > tiniestMoment, "a second moment decays slowly");
    for (let i = 0; i < 100; i++) kernels.adam(0, 20, 100, 1000, 1000, 4, 1, 4, 4, 1, 0.01, 1, 1e-8);
    assert.deepEqual([...kernels.floats.subarray(200, 216)], new Array(16).fill(0));
    assert.ok(beta1 * tiniestMoment > 1.2e-38, "what is kept is a normal number");
  }
});

test("kernels: the GRU cell and its derivative agree, saturated or not", async () => {
  await fc.assert(
    fc.asyncProperty(seed, size, fc.constantFrom(1, 8, 200), async (seed, units, scale) => {
      const prepare = (floats: Float32Array) => {
        for (let i = 0; i < 1000; i++) floats[i]! *= scale;
      };
      await assertAgree(seed, (kernels) => kernels.gruForward(0, 300, 1000, 1200, units), prepare);
      await assertAgree(seed, (kernels) => kernels.gruBackward(1000, 1300, 1600, 1700, 1800, units));
    }),
    few,
  );
});

test("kernels: without the built file the plain kernels train, and the console says so", async () => {
  const lines: string[] = [];
  const missing = (length: number) => wasmKernels(length, new URL("no-such.wasm", import.meta.url));
  const kernels = await chooseKernels(8, (line) => lines.push(line), missing);
  assert.match(kernels.build, /^plain-/);
  assert.equal(lines.length, 1);
  assert.match(lines[0]!, /plain kernels.*no-such\.wasm/);
});

test("kernels: NEXUS_KERNELS selects them, and an unknown value is refused", async () => {
  const before = process.env["NEXUS_KERNELS"];
  const log = () => assert.fail("nothing to say");
  try {
    process.env["NEXUS_KERNELS"] = "plain";
    assert.match((await chooseKernels(8, log)).build, /^plain-/);
    process.env["NEXUS_KERNELS"] = "wasm";
    assert.match((await chooseKernels(8, log)).build, /^wasm-[0-9a-f]{12}$/);
    process.env["NEXUS_KERNELS"] = "cuda";
    await assert.rejects(chooseKernels(8, log), UsageError);
  } finally {
    if (before === undefined) delete process.env["NEXUS_KERNELS"];
    else process.env["NEXUS_KERNELS"] = before;
  }
});
