import { type Rng, rngFrom } from "../../../../shared/domain/rng.ts";
import type { Metric } from "../../../../shared/domain/run.ts";
import type { ComponentFactory, Environment, SavedState } from "../../component.ts";
import type { ComponentSpec } from "../../component-spec.ts";
import { Properties } from "../../properties.ts";
import { restoreRng, savedArray, saveRng } from "../../saved-state.ts";
import { type Maze, readLayout } from "./layout.ts";

const mean = { higherIsBetter: true, aggregation: "mean" } as const;

/**
 * Find the goal of a fixed maze while seeing only the four neighbour cells. Actions are north, east, south, west; a step into a
 * wall counts, but does not move the agent. Entering the goal is worth 1 and ends the episode, as `max_steps` does, worth 0.
 */
class MazeEnv implements Environment {
  /** [is wall, is goal] of the cells N, W, E, S; the last action, one-hot; the last reward. */
  readonly observationSize = 13;
  readonly actionCount = 4;
  readonly metrics: readonly Metric[] = [
    { short: "rew", long: "reward per step", decimals: 5, ...mean },
    { short: "win", long: "won episodes", decimals: 5, ...mean },
  ];
  ended = true;
  private readonly maze: Maze;
  private readonly maxSteps: number;
  private readonly rng: Rng;
  private agent = 0;
  private steps = 0;
  // Since the last call of takeMeasurements.
  private iterations = 0;
  private won = 0;
  private episodes = 0;

  constructor(spec: ComponentSpec) {
    const properties = new Properties(spec);
    this.rng = rngFrom(properties.seed("agent_placement_seed"));
    const layout = properties.text("layout");
    this.maxSteps = properties.integer("max_steps", 1, 1_000_000);
    properties.check();
    this.maze = readLayout(layout, spec.component);
  }

  reset(observation: Float32Array): void {
    this.agent = this.maze.floor[this.rng.below(this.maze.floor.length)]!;
    this.steps = 0;
    this.ended = false;
    this.look(observation, -1, 0);
  }

  step(action: number, observation: Float32Array): number {
    const next = this.agent + this.maze.moves[action]!;
    if (this.maze.walls[next] === 0) this.agent = next;
    this.steps += 1;
    const won = this.agent === this.maze.goal;
    const reward = won ? 1 : 0;
    this.ended = won || this.steps >= this.maxSteps;
    this.iterations += 1;
    this.won += reward;
    if (this.ended) this.episodes += 1;
    this.look(observation, action, reward);
    return reward;
  }

  takeMeasurements(values: Float64Array, counts: Float64Array): void {
    values[0] = this.iterations > 0 ? this.won / this.iterations : Number.NaN;
    counts[0] = this.iterations;
    values[1] = this.episodes > 0 ? this.won / this.episodes : Number.NaN;
    counts[1] = this.episodes;
    this.iterations = 0;
    this.won = 0;
    this.episodes = 0;
  }

  save(): SavedState {
    const { agent, steps, ended, iterations, won, episodes } = this;
    return {
      rng: saveRng(this.rng),
      counters: Float64Array.of(agent, steps, ended ? 1 : 0, iterations, won, episodes),
    };
  }

  restore(state: SavedState): void {
    restoreRng(this.rng, state, "rng");
    const counters = savedArray(state, "counters", Float64Array, 6);
    [this.agent, this.steps] = [counters[0]!, counters[1]!];
    this.ended = counters[2] === 1;
    [this.iterations, this.won, this.episodes] = [counters[3]!, counters[4]!, counters[5]!];
  }

  private look(observation: Float32Array, action: number, reward: number): void {
    const { walls, goal, moves } = this.maze;
    const [north, east, south, west] = moves;
    observation.fill(0);
    let i = 0;
    for (const move of [north, west, east, south]) {
      const cell = this.agent + move;
      observation[i++] = walls[cell]!;
      observation[i++] = cell === goal ? 1 : 0;
    }
    if (action >= 0) observation[8 + action] = 1;
    observation[12] = reward;
  }
}

const factory: ComponentFactory<"environments"> = (spec) => new MazeEnv(spec);
export default factory;
