/** Fits a sine with a small net, by stochastic gradient descent. At a desk: node train.mjs --lr 0.05 --units 16 */
import { parseArgs } from "node:util";

const text = (value) => ({ type: "string", default: value });
const { values } = parseArgs({ options: { lr: text("0.01"), units: text("8"), epochs: text("20") } });
const [lr, units, epochs] = [Number(values.lr), Number(values.units), Number(values.epochs)];

/** Numbers between 0 and 1 that a seed determines: mulberry32. */
function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const random = randomFrom(Number(process.env.NEXUS_SEED ?? 1));
const weights = () => Float64Array.from({ length: units }, () => random() * 2 - 1);
const [into, shift, out] = [weights(), weights(), weights()];
const hidden = new Float64Array(units);
const answer = (x) => {
  let sum = 0;
  for (let i = 0; i < units; i += 1) {
    hidden[i] = Math.tanh(into[i] * x + shift[i]);
    sum += out[i] * hidden[i];
  }
  return sum;
};

for (let epoch = 1; epoch <= epochs; epoch += 1) {
  for (let step = 0; step < 2000; step += 1) {
    const x = random() * 6 - 3;
    const error = answer(x) - Math.sin(x);
    for (let i = 0; i < units; i += 1) {
      const slope = error * out[i] * (1 - hidden[i] ** 2);
      out[i] -= lr * error * hidden[i];
      into[i] -= lr * slope * x;
      shift[i] -= lr * slope;
    }
  }
  let loss = 0;
  for (let x = -3; x <= 3; x += 0.1) loss += (answer(x) - Math.sin(x)) ** 2 / 61;
  console.log(JSON.stringify({ iters: epoch, loss }));
}
