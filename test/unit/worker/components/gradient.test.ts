import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { rngFrom } from "../../../../shared/domain/rng.ts";
import { lossGradients } from "../../../../worker/components/agents/AAC_Agent/actor-critic-loss.ts";
import type { Model } from "../../../../worker/components/component.ts";
import { beta1, type Kernels } from "../../../../worker/components/kernels/kernels.ts";
import { eachRow, MemoryPlan } from "../../../../worker/components/kernels/memory-plan.ts";
import { plainKernels } from "../../../../worker/components/kernels/plain.ts";
import { wasmKernels } from "../../../../worker/components/kernels/wasm.ts";
import { createComponent } from "../../../../worker/components/registry.ts";
import { componentSpec } from "../../../support/learner.ts";

interface Case {
  readonly seed: number;
  readonly core: Readonly<Record<string, unknown>>;
  readonly steps: number;
  readonly observationSize: number;
  readonly actionCount: number;
}

const small = fc.integer({ min: 1, max: 11 });
const cases = fc.record<Case>({
  seed: fc.nat(),
  core: fc.oneof(
    fc.record({
      component: fc.constant("model_cores/GRU_Core"),
      obs_embed_size: small,
      num_rnn_units: small,
      output_layer_size: small,
    }),
    fc.record({
      component: fc.constant("model_cores/MLP_Core"),
      layer_size: small,
      num_layers: fc.integer({ min: 1, max: 3 }),
      output_layer_size: small,
    }),
  ),
  steps: fc.integer({ min: 1, max: 7 }),
  observationSize: small,
  actionCount: fc.integer({ min: 1, max: 6 }),
});

const weights = { discount: 0.8, entropy: 0.3, value: 0.7 };
const bootstrap = 0.4;

/** A model with random parameters, memory and observations, and a window of experience with it. */
async function prepare(setup: Case, makeKernels: (length: number) => Kernels | Promise<Kernels>) {
  const { seed, steps, observationSize, actionCount } = setup;
  const plan = new MemoryPlan(steps);
  const spec = componentSpec("models/Model_Nexus", { model_core: setup.core });
  const model = await createComponent("models", spec, { plan, observationSize, actionCount });
  const kernels = await makeKernels(plan.seal());
  const rng = rngFrom(seed);
  const random = (from: number, to: number) => {
    for (let i = from; i < to; i++) kernels.floats[i] = 1.6 * rng.uniform() - 0.8;
  };
  for (const parameter of plan.parameters) eachRow(parameter, random);
  const { memory, observations } = model;
  if (memory) {
    const { num_rnn_units: units } = setup.core;
    random(memory.offset, memory.offset + Number(units));
  }
  for (let t = 0; t < steps; t++) {
    const from = observations.offset + t * observations.stride;
    random(from, from + observationSize);
  }
  const actions = Int32Array.from({ length: steps }, () => rng.below(actionCount));
  const rewards = Float64Array.from({ length: steps }, () => 4 * rng.uniform() - 2);
  return { plan, model, kernels, window: { steps, actions, rewards }, actionCount };
}

type Prepared = Awaited<ReturnType<typeof prepare>>;

function forward({ model, kernels, window }: Prepared): void {
  for (let t = 0; t < window.steps; t++) model.forward(kernels, t);
}

const valueAt = (model: Model, kernels: Kernels, t: number) =>
  kernels.floats[model.values.offset + t * model.values.stride]!;

/** R_t and A_t at the present parameters. In the loss they are constants; only the V in R - V varies. */
function returnsOf({ model, kernels, window }: Prepared): { returns: number[]; advantages: number[] } {
  const returns: number[] = [];
  let next = bootstrap;
  for (let t = window.steps - 1; t >= 0; t--) {
    next = window.rewards[t]! + weights.discount * next;
    returns.unshift(next);
  }
  return { returns, advantages: returns.map((value, t) => value - valueAt(model, kernels, t)) };
}

/** The loss by the formula in actor-critic-loss.ts, from logits and values in memory. */
function lossOf(prepared: Prepared, returns: number[], advantages: number[]): number {
  const { model, kernels, window, actionCount } = prepared;
  let loss = 0;
  for (let t = 0; t < window.steps; t++) {
    const from = model.logits.offset + t * model.logits.stride;
    const powers = Array.from(kernels.floats.subarray(from, from + actionCount), Math.exp);
    const sum = powers.reduce((a, b) => a + b);
    const pi = powers.map((power) => power / sum);
    const entropy = -pi.reduce((total, p) => total + p * Math.log(p), 0);
    const error = returns[t]! - valueAt(model, kernels, t);
    loss +=
      -advantages[t]! * Math.log(pi[window.actions[t]!]!) + weights.value * error * error - weights.entropy * entropy;
  }
  return loss;
}

/** The gradient as training uses it, read from Adam's first moments after a first step. */
function gradientByAdam({ plan, model, kernels, window, actionCount }: Prepared): Float64Array {
  lossGradients(kernels.floats, model.logits, model.values, actionCount, window, bootstrap, weights);
  model.backward(kernels, window.steps);
  const apart = plan.parameterLength;
  for (const { weights, biases, gradient, input } of model.layers) {
    const [w, b, dy, x] = [weights.offset, biases.offset, gradient.offset, input.offset];
    kernels.adam(w, b, apart, dy, x, input.stride, window.steps, weights.rows, weights.cols, 1, 0, 1, 1);
  }
  return Float64Array.from(kernels.floats.subarray(apart, 2 * apart), (moment) => moment / (1 - beta1));
}

const norm = (values: readonly number[]) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));

/** Double precision in the plain kernels: only the type says Float32Array. */
const exactKernels = (length: number) => plainKernels(new Float64Array(length) as unknown as Float32Array);

test("learner: every parameter's gradient agrees with finite differences in double precision", async () => {
  const step = 1e-6;
  await fc.assert(
    fc.asyncProperty(cases, async (setup) => {
      const prepared = await prepare(setup, exactKernels);
      const { plan, kernels } = prepared;
      forward(prepared);
      const { returns, advantages } = returnsOf(prepared);
      const gradient = gradientByAdam(prepared);
      const lossAt = (i: number, value: number): number => {
        kernels.floats[i] = value;
        forward(prepared);
        return lossOf(prepared, returns, advantages);
      };
      for (const parameter of plan.parameters) {
        const [found, expected]: [number[], number[]] = [[], []];
        eachRow(parameter, (from, to) => {
          for (let i = from; i < to; i++) {
            const before = kernels.floats[i]!;
            expected.push((lossAt(i, before + step) - lossAt(i, before - step)) / (2 * step));
            found.push(gradient[i]!);
            kernels.floats[i] = before;
          }
        });
        const error = norm(found.map((value, i) => value - expected[i]!));
        // Differences of doubles err by about 1e-10 / step; a wrong term errs by about the norm itself.
        assert.ok(error <= 1e-7 * (1 + norm(expected)), `${parameter.name}: off by ${error} of ${norm(expected)}`);
      }
    }),
    // Seeded, because once in some thousand cases a difference straddles the corner of a ReLU, where no gradient
    // exists.
    { numRuns: 60, seed: 1 },
  );
});

test("learner: WebAssembly and plain gradients agree to float precision, padding included", async () => {
  await fc.assert(
    fc.asyncProperty(cases, async (setup) => {
      const [exact, fast] = [await prepare(setup, exactKernels), await prepare(setup, wasmKernels)];
      forward(exact);
      forward(fast);
      const [expected, found] = [gradientByAdam(exact), gradientByAdam(fast)];
      const error = norm([...found].map((value, i) => value - expected[i]!));
      assert.ok(error <= 2e-5 * (1 + norm([...expected])), `off by ${error} of ${norm([...expected])}`);
      const padding = new Set(expected.keys());
      for (const parameter of fast.plan.parameters) {
        eachRow(parameter, (from, to) => {
          for (let i = from; i < to; i++) padding.delete(i);
        });
      }
      for (const i of padding) assert.ok(found[i] === 0 && fast.kernels.floats[i] === 0, `padding at ${i} is not zero`);
    }),
    { numRuns: 60 },
  );
});

test("learner: valuing the observation after a window does not change the window's gradient", async () => {
  const core = { component: "model_cores/GRU_Core", obs_embed_size: 5, num_rnn_units: 6, output_layer_size: 7 };
  const setup: Case = { seed: 3, core, steps: 4, observationSize: 3, actionCount: 2 };
  const prepared = await prepare(setup, exactKernels);
  forward(prepared);
  const expected = gradientByAdam(prepared);
  assert.ok(norm([...expected]) > 0.1);
  const peeking = await prepare(setup, exactKernels);
  forward(peeking);
  const { observations } = peeking.model;
  const after = observations.offset + setup.steps * observations.stride;
  peeking.kernels.floats.fill(0.9, after, after + setup.observationSize);
  peeking.model.forward(peeking.kernels, setup.steps);
  assert.deepEqual(gradientByAdam(peeking), expected);
});
