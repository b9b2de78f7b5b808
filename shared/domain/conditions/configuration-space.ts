import type { Configuration, Hyperparameter } from "../hyperparameter.ts";
import { drawPosition } from "../ranges/places.ts";
import type { Rng } from "../rng.ts";
import { activityOf } from "./activity.ts";
import { ByWhere } from "./by-where.ts";
import { type Box, bigBelow, partsOfSpace, type SpacePart } from "./space-parts.ts";

/** Maximum number of draws of linked hyperparameters before one of their counted combinations is taken instead. */
const mostDraws = 64;
/** The same where the combinations were not counted; a walk from the tuned values follows. */
const mostBlindDraws = 5000;

/**
 * The configurations that a search may choose from: each once, in canonical form (`canonical`), without those that `where` forbids.
 *
 * Their order is row-major by parts; without conditions and constraints it is the order of a grid.
 */
export class ConfigurationSpace {
  /** It often exceeds 2^53. */
  readonly size: bigint;
  /** Whether the size was counted; constraints and conditions that link too many hyperparameters allow only an estimate. */
  readonly isExact: boolean;
  /** Whether there are neither conditions nor constraints. */
  readonly isPlain: boolean;
  readonly #hyperparameters: readonly Hyperparameter[];
  readonly #parts: readonly SpacePart[];
  readonly #tuned: readonly number[];

  constructor(
    hyperparameters: readonly Hyperparameter[],
    where: readonly string[] = [],
    box: Box = hyperparameters.map(({ values }) => [0, values.length]),
  ) {
    this.#hyperparameters = hyperparameters;
    this.isPlain = where.length === 0 && activityOf(hyperparameters) === null;
    this.#parts = partsOfSpace(hyperparameters, where, box);
    this.#tuned = hyperparameters.map((each) => Math.max(0, each.values.indexOf(each.tuned)));
    this.size = this.#parts.reduce((size, part) => size * part.size, 1n);
    this.isExact = this.#parts.every(({ isExact }) => isExact);
  }

  /** @param index  below `size` */
  at(index: bigint): Configuration {
    const configuration = [...this.#tuned];
    let left = index;
    for (let i = this.#parts.length - 1; i >= 0; i -= 1) {
      const part = this.#parts[i];
      if (part === undefined) continue;
      part.put(left % part.size, configuration);
      left /= part.size;
    }
    return configuration;
  }

  /** The configurations after this one, in order and round past the end, endlessly. Only for an exact space. */
  *after(configuration: Configuration): Iterable<Configuration> {
    let index = this.#parts.reduce((at, part) => at * part.size + part.indexOf(configuration), 0n);
    for (;;) {
      index = (index + 1n) % this.size;
      yield this.at(index);
    }
  }

  /**
   * A configuration at random. Each hyperparameter is drawn uniformly (a range over its scale), and again where `where`
   * forbids the result; inactive ones keep their tuned values. So a value that switches others on is as likely as one
   * that switches them off, however many settings they have.
   */
  draw(rng: Rng): Configuration {
    const drawn = this.#hyperparameters.map((each) => drawPosition(each, rng));
    if (this.isPlain) return drawn;
    for (const part of this.#parts) if (part.isConstrained) this.#redraw(part, drawn, rng);
    activityOf(this.#hyperparameters)?.settle(drawn);
    return drawn;
  }

  /** Draws the part's members again until they are allowed, or takes an allowed combination after too many draws. */
  #redraw(part: SpacePart, drawn: number[], rng: Rng): void {
    const most = part.isExact ? mostDraws : mostBlindDraws;
    for (let draw = 0; draw < most && !this.#allows(part, drawn); draw += 1) {
      for (const i of part.members) drawn[i] = this.#anyPosition(i, rng);
    }
    if (this.#allows(part, drawn)) return;
    if (part.isExact && part.size > 0n) {
      part.put(bigBelow(rng, part.size), drawn);
      return;
    }
    // A random walk from the tuned values, which are allowed, over allowed combinations.
    for (const i of part.members) drawn[i] = this.#tuned[i] ?? 0;
    for (let step = 0; step < 8 * part.members.length; step += 1) {
      const i = part.members[rng.below(part.members.length)] ?? 0;
      const before = drawn[i] ?? 0;
      drawn[i] = this.#anyPosition(i, rng);
      if (!this.#allows(part, drawn)) drawn[i] = before;
    }
  }

  #anyPosition(i: number, rng: Rng): number {
    const hyperparameter = this.#hyperparameters[i];
    return hyperparameter === undefined ? 0 : drawPosition(hyperparameter, rng);
  }

  #allows(part: SpacePart, configuration: readonly number[]): boolean {
    const activity = activityOf(this.#hyperparameters);
    const active = activity?.settle([...configuration]) ?? new Uint8Array(configuration.length).fill(1);
    return part.allows(configuration, active);
  }
}

const known = new ByWhere((hyperparameters, where) => new ConfigurationSpace(hyperparameters, where));
const nothing: readonly string[] = [];

/** Cached by the list of hyperparameters. */
export const spaceOf = (
  hyperparameters: readonly Hyperparameter[],
  where: readonly string[] = nothing,
): ConfigurationSpace => known.of(hyperparameters, where);
