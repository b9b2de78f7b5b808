import { type Rng, rngFrom } from "../../../../shared/domain/rng.ts";
import type { Metric } from "../../../../shared/domain/run.ts";
import type { ComponentFactory, Environment, SavedState } from "../../component.ts";
import type { ComponentSpec } from "../../component-spec.ts";
import { Properties } from "../../properties.ts";
import { restoreRng, savedArray, saveRng } from "../../saved-state.ts";

// Constants of Barto, Sutton and Anderson 1983, as in Sutton's program, which most implementations copy. SI units.
const gravity = 9.8;
const poleMass = 0.1;
const totalMass = 1.0 + poleMass;
/** Half the length of the pole. */
const poleLength = 0.5;
const force = 10;
const secondsPerStep = 0.02;
const farthest = 2.4;
/** 12 degrees, in radians. */
const steepest = (12 * Math.PI) / 180;

/**
 * Keep a pole upright by pushing its cart left (action 0) or right (1). Each step is worth 1. The episode ends when the cart is
 * more than 2.4 m from the middle, when the pole leans more than 12 degrees, or after `max_steps`.
 */
class CartPoleEnv implements Environment {
  /** Position, speed, angle, angular speed; all within a small multiple of 1. */
  readonly observationSize = 4;
  readonly actionCount = 2;
  /** Each step is worth the same, so the number of steps is what matters. */
  readonly metrics: readonly Metric[] = [
    { short: "len", long: "steps per episode", decimals: 2, higherIsBetter: true, aggregation: "mean" },
    { short: "rew", long: "reward per step", decimals: 5, higherIsBetter: true, aggregation: "mean" },
  ];
  ended = true;
  private readonly rng: Rng;
  private readonly maxSteps: number;
  /** Position, speed, angle, angular speed. */
  private readonly motion = new Float64Array(4);
  private steps = 0;
  // Since the last call of takeMeasurements.
  private iterations = 0;
  private episodes = 0;
  private stepsOfEpisodes = 0;

  constructor(spec: ComponentSpec) {
    const properties = new Properties(spec);
    this.rng = rngFrom(properties.seed("start_seed"));
    this.maxSteps = properties.integer("max_steps", 1, 1_000_000);
    properties.check();
  }

  reset(observation: Float32Array): void {
    for (let i = 0; i < 4; i++) this.motion[i] = 0.1 * this.rng.uniform() - 0.05;
    this.steps = 0;
    this.ended = false;
    observation.set(this.motion);
  }

  step(action: number, observation: Float32Array): number {
    const [x, speed, angle, turning] = [this.motion[0]!, this.motion[1]!, this.motion[2]!, this.motion[3]!];
    const push = action === 1 ? force : -force;
    const cos = Math.cos(angle);
    const sin = Math.sin(angle);
    const mixed = (push + poleMass * poleLength * turning * turning * sin) / totalMass;
    const angular = (gravity * sin - cos * mixed) / (poleLength * (4 / 3 - (poleMass * cos * cos) / totalMass));
    const linear = mixed - (poleMass * poleLength * angular * cos) / totalMass;
    // Euler's method: positions change by the speeds before the push.
    this.motion[0] = x + secondsPerStep * speed;
    this.motion[1] = speed + secondsPerStep * linear;
    this.motion[2] = angle + secondsPerStep * turning;
    this.motion[3] = turning + secondsPerStep * angular;
    this.steps += 1;
    this.iterations += 1;
    const fell = Math.abs(this.motion[0]) > farthest || Math.abs(this.motion[2]) > steepest;
    this.ended = fell || this.steps >= this.maxSteps;
    if (this.ended) {
      this.episodes += 1;
      this.stepsOfEpisodes += this.steps;
    }
    observation.set(this.motion);
    return 1;
  }

  takeMeasurements(values: Float64Array, counts: Float64Array): void {
    values[0] = this.episodes > 0 ? this.stepsOfEpisodes / this.episodes : Number.NaN;
    counts[0] = this.episodes;
    values[1] = this.iterations > 0 ? 1 : Number.NaN;
    counts[1] = this.iterations;
    this.iterations = 0;
    this.episodes = 0;
    this.stepsOfEpisodes = 0;
  }

  save(): SavedState {
    const { steps, ended, iterations, episodes, stepsOfEpisodes } = this;
    const counters = Float64Array.of(steps, ended ? 1 : 0, iterations, episodes, stepsOfEpisodes);
    return { rng: saveRng(this.rng), motion: this.motion, counters };
  }

  restore(state: SavedState): void {
    restoreRng(this.rng, state, "rng");
    this.motion.set(savedArray(state, "motion", Float64Array, 4));
    const counters = savedArray(state, "counters", Float64Array, 5);
    this.steps = counters[0]!;
    this.ended = counters[1] === 1;
    [this.iterations, this.episodes, this.stepsOfEpisodes] = [counters[2]!, counters[3]!, counters[4]!];
  }
}

const factory: ComponentFactory<"environments"> = (spec) => new CartPoleEnv(spec);
export default factory;
