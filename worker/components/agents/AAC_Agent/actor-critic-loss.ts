import type { Block } from "../../kernels/memory-plan.ts";

/** One window of experience, in order. */
export interface Window {
  /** Steps taken so far. */
  steps: number;
  readonly actions: Int32Array;
  /** Already scaled. */
  readonly rewards: Float64Array;
}

export interface LossWeights {
  readonly discount: number;
  readonly entropy: number;
  readonly value: number;
}

/**
 * Replaces logits (steps x actions) and values (steps, the first float of each row) by the gradient, with respect to each, of
 *
 *     loss = sum over steps t of  -A_t log pi(a_t) + value (R_t - V_t)^2 - entropy H(pi_t)
 *
 * with R_t = r_t + discount R_{t+1}, starting from `bootstrap` after the last step; A_t = R_t - V_t, a constant in its term;
 * pi = softmax(logits); and H in nats. The loss is a sum, not a mean, so a longer window has a larger gradient.
 */
export function lossGradients(
  floats: Float32Array,
  logits: Block,
  values: Block,
  actionCount: number,
  window: Window,
  bootstrap: number,
  weights: LossWeights,
): void {
  let futureReturn = bootstrap;
  for (let t = window.steps - 1; t >= 0; t--) {
    const v = values.offset + t * values.stride;
    futureReturn = window.rewards[t]! + weights.discount * futureReturn;
    const advantage = futureReturn - floats[v]!;
    floats[v] = -2 * weights.value * advantage;

    const l = logits.offset + t * logits.stride;
    const logSum = logSumExp(floats, l, actionCount);
    let entropy = 0;
    for (let a = 0; a < actionCount; a++) {
      const logPi = floats[l + a]! - logSum;
      entropy -= Math.exp(logPi) * logPi;
    }
    for (let a = 0; a < actionCount; a++) {
      const logPi = floats[l + a]! - logSum;
      const pi = Math.exp(logPi);
      const chosen = a === window.actions[t] ? 1 : 0;
      floats[l + a] = advantage * (pi - chosen) + weights.entropy * pi * (logPi + entropy);
    }
  }
}

/** Samples an action from softmax(logits): the one whose share of [0, 1) contains `uniform`. */
export function sampleAction(floats: Float32Array, logits: number, actionCount: number, uniform: number): number {
  const logSum = logSumExp(floats, logits, actionCount);
  let rest = uniform;
  for (let a = 0; a < actionCount - 1; a++) {
    rest -= Math.exp(floats[logits + a]! - logSum);
    if (rest < 0) return a;
  }
  return actionCount - 1;
}

function logSumExp(floats: Float32Array, from: number, count: number): number {
  let largest = -Infinity;
  for (let i = 0; i < count; i++) largest = Math.max(largest, floats[from + i]!);
  let sum = 0;
  for (let i = 0; i < count; i++) sum += Math.exp(floats[from + i]! - largest);
  return largest + Math.log(sum);
}
