import { type Configuration, configurationKey, type Hyperparameter } from "../hyperparameter.ts";
import { rngFrom } from "../rng.ts";
import { isNoiseFree } from "../run-sets/noise-free.ts";
import type { RunSet, RunSets } from "../run-sets/run-set.ts";
import { type ActiveSets, activeSetsOf, type Pooled, pooledEstimate, repeatVariance } from "./active-sets.ts";
import { evidenceOf, isMeasured } from "./evidence.ts";
import { GaussianProcess, type Observed } from "./gaussian-process.ts";
import { type Beliefs, Places, priorBeliefs } from "./kernel.ts";
import { learn, leastNoise, type RepeatSpread } from "./learning.ts";
import type { Squash } from "./squash.ts";

/** How many of the active sets to learn from: the first of the best, and the last of the others. */
const learnBest = 63;
const learnOthers = 27;
/** Fewer results teach nothing: the priors say more. */
const leastResults = 10;
/** Beliefs are relearned when the number of results has grown by this factor. */
const growth = 1.25;
/** Least number of run sets from which one can be foretold. */
const leastToForetell = 20;
/** Deviations are computed for this many members at a time. */
const together = 8;
/** Configurations rank by their posterior mean less this many standard deviations. */
const caution = 2;

/** What was learned about a surface, and from how many results. */
export interface LearnedModel {
  readonly beliefs: Beliefs;
  readonly results: number;
}

/** A run set that the model rests on. */
export interface Member extends Observed {
  readonly runSet: RunSet;
  readonly configuration: Configuration;
}

/** What a new run with some configuration can be expected to reach, in units of hpmax. */
export interface Expected {
  readonly hpmax: number;
  /** Standard deviation of that mean, not of single runs. */
  readonly stDev: number;
}

/** A measured run set in the order in which it may be recommended. */
export interface Ranked extends Expected {
  readonly runSet: RunSet;
  /** What it ranks by, in the model's units: the posterior mean less two standard deviations; without luck, the result. */
  readonly bound: number;
}

/** Whether this many results are worth relearning from. */
export const isLearningDue = (results: number, learned: LearnedModel | undefined): boolean =>
  results >= leastResults && (learned === undefined || results >= growth * learned.results);

/**
 * The model of a search: a Gaussian process over the means of its run sets, after squashing what is bad. Everything that says
 * which configuration is best, or chooses by it, asks this model. It is a pure function of the run sets and of what was learned.
 */
export class SearchModel {
  readonly hyperparameters: readonly Hyperparameter[];
  readonly places: Places;
  readonly process: GaussianProcess;
  readonly beliefs: Beliefs;
  readonly members: readonly Member[];
  #best: Ranked | undefined;
  #ranked: readonly Ranked[] | undefined;
  readonly #isNoiseFree: boolean;
  readonly #pooled: Pooled;
  readonly #units: Units;

  /**
   * @param runSets  at least one with a completed run
   * @param learned  what was learned before; left out, the model learns from these run sets alone
   * @param active   the run sets that it rests on; left out, it finds them
   */
  constructor(
    hyperparameters: readonly Hyperparameter[],
    runSets: RunSets,
    learned?: LearnedModel,
    active?: ActiveSets,
  ) {
    const { completed } = runSets.totals;
    const foresee = (first: ActiveSets): ((set: RunSet) => number) => {
      const untaught = { beliefs: priorBeliefs(hyperparameters.length), results: 0 };
      const { process, places } = new SearchModel(hyperparameters, runSets, learned ?? untaught, first);
      return ({ configuration }) => process.meanAt(places.of(configuration));
    };
    const { sets, pooled } = active ?? activeSetsOf(runSets, rngFrom(`model/${completed}`), foresee);
    this.hyperparameters = hyperparameters;
    this.#isNoiseFree = isNoiseFree(runSets);
    this.places = new Places(hyperparameters);
    this.#pooled = pooled;
    this.#units = unitsOf(sets, pooled);
    this.members = sets.map((runSet) => this.#member(runSet));
    this.beliefs = this.#withKnownNoise((learned ?? this.learned(undefined, completed)).beliefs);
    this.process = new GaussianProcess(this.places, this.beliefs, this.members);
  }

  /** What these run sets teach, beginning with what was known. */
  learned(before: LearnedModel | undefined, results: number): LearnedModel {
    const beliefs = this.#withKnownNoise(before?.beliefs ?? priorBeliefs(this.places.width));
    if (results < leastResults) return { beliefs, results };
    const sweeps = before ? 2 : 3;
    return { beliefs: learn(this.places, beliefs, this.#taught(), this.#repeats(), sweeps), results };
  }

  /**
   * The recommended run set: the highest posterior mean less two standard deviations, so that luck does not lead. Where nothing is
   * luck, the highest result.
   *
   * @throws RangeError if none of the run sets is measured
   */
  get best(): Ranked {
    this.#best ??= this.#isNoiseFree ? this.ranked[0] : this.#first();
    if (!this.#best) throw new RangeError("a model without run sets has no best one");
    return this.#best;
  }

  /** The members in the order in which they may be recommended. */
  get ranked(): readonly Ranked[] {
    this.#ranked ??= this.#isNoiseFree ? this.#rankResults() : this.#rank();
    return this.#ranked;
  }

  /** What a run with this configuration can be expected to reach, measured or not. */
  expected(configuration: Configuration): Expected {
    const { means, variances } = this.process.at([this.places.of(configuration)]);
    return this.inHpmax(means[0] ?? 0, Math.sqrt(variances[0] ?? 0));
  }

  /** From the model's units to hpmax. Below the median the deviation is stretched as values were squashed. */
  inHpmax(mean: number, stDev: number): Expected {
    const { centre, scale } = this.#units;
    const hpmax = this.#pooled.squash.back(centre + scale * mean);
    return { hpmax, stDev: (stDev * scale) / Math.max(this.#pooled.squash.slope(hpmax), 1e-9) };
  }

  /**
   * What all other run sets say of a configuration, in hpmax, whatever its own runs were. Null if there are fewer than
   * 20 members, too few to say anything.
   */
  foretold(): ((configuration: Configuration) => number) | null {
    const { members, process, places } = this;
    if (members.length < leastToForetell) return null;
    const means = process.meansWithoutThemselves();
    const own = new Map(members.map(({ configuration }, i) => [configurationKey(configuration), means[i] ?? 0]));
    return (configuration) =>
      this.inHpmax(own.get(configurationKey(configuration)) ?? process.meanAt(places.of(configuration)), 0).hpmax;
  }

  /** A mean of runs as far as it counts: no lower than the squash's limit. */
  bounded(mean: number): number {
    const { squash } = this.#pooled;
    return squash.back(squash.of(mean));
  }

  /** The estimate of a run set that need not be a member: drawn towards the mean of all by the noise that all sets share; without luck, its result. */
  pooled(runSet: RunSet): Expected {
    const { mean, stDev } = this.#pooledHere(runSet);
    return this.inHpmax(mean, stDev);
  }

  /** What a run set that need not be a member ranks by, as `Ranked.bound`. */
  pooledBound(runSet: RunSet): number {
    const { mean, stDev } = this.#pooledHere(runSet);
    return mean - caution * stDev;
  }

  #pooledHere(runSet: RunSet): { readonly mean: number; readonly stDev: number } {
    if (this.#isNoiseFree) return { mean: this.#resultOf(runSet), stDev: 0 };
    const { scale, centre } = this.#units;
    const { noise, signal } = this.beliefs;
    return {
      mean: (pooledEstimate(this.#pooled, runSet) - centre) / scale,
      stDev: Math.sqrt(noise / (runSet.completed + noise / signal)),
    };
  }

  /**
   * Standard deviation, in hpmax, of single runs about their true mean, where results are about as good as the best.
   */
  get noise(): number {
    return Math.sqrt(this.beliefs.noise) * this.#units.scale;
  }

  #member(runSet: RunSet): Member {
    const { configuration } = runSet;
    const { runs, value } = evidenceOf(runSet, this.#pooled.squash);
    const { centre, scale } = this.#units;
    return {
      runSet,
      configuration,
      place: this.places.of(configuration),
      runs,
      value: (value - centre) / scale,
    };
  }

  #taught(): readonly Observed[] {
    const { members } = this;
    if (members.length <= learnBest + learnOthers) return members;
    return [...members.slice(0, learnBest), ...members.slice(-learnOthers)];
  }

  #withKnownNoise(beliefs: Beliefs): Beliefs {
    return this.#isNoiseFree ? { ...beliefs, noise: leastNoise } : beliefs;
  }

  #repeats(): RepeatSpread | null {
    if (this.#isNoiseFree) return null;
    let degrees = 0;
    let squares = 0;
    for (const { runSet } of this.members) {
      if (runSet.completed < 2) continue;
      degrees += runSet.completed - 1;
      squares += (runSet.completed - 1) * repeatVariance(runSet, this.#pooled.squash, this.#units.scale, 1);
    }
    return { degrees, squares };
  }

  /** Places of the feasible members with a completed run: a prediction alone recommends nothing. */
  #recommendable(): number[] {
    return [...this.members.keys()].filter((i) => isMeasured((this.members[i] as Member).runSet)); // i is its index
  }

  /** The first of `ranked`, for a tenth of the price: computes deviations only for members whose means may lead. */
  #first(): Ranked | undefined {
    const means = this.process.meansThere();
    const order = this.#recommendable().sort((a, b) => (means[b] ?? 0) - (means[a] ?? 0));
    let best: Ranked | undefined;
    let highest = Number.NEGATIVE_INFINITY;
    for (let from = 0; from < order.length && (means[order[from] ?? 0] ?? 0) >= highest; from += together) {
      const some = order.slice(from, from + together);
      const { variances } = this.process.at(some.map((i) => (this.members[i] as Member).place)); // i is its index
      for (const [at, i] of some.entries()) {
        const mean = means[i] ?? 0;
        const { runSet } = this.members[i] as Member; // i is its index
        const stDev = Math.sqrt(variances[at] ?? 0);
        const bound = mean - caution * stDev;
        const isOlder = bound === highest && (runSet.firstSeen ?? 0) < (best?.runSet.firstSeen ?? 0);
        if (!(bound > highest || isOlder)) continue;
        highest = bound;
        best = { runSet, bound, ...this.inHpmax(mean, stDev) };
      }
    }
    return best;
  }

  /** The result of a measured run set, where all its runs have the same, in the model's units. */
  #resultOf({ mean }: RunSet): number {
    return (this.#pooled.squash.of(mean) - this.#units.centre) / this.#units.scale;
  }

  /** Where nothing is luck, a run set's result is certain, whatever the others say, and however often it has run. */
  #rankResults(): readonly Ranked[] {
    return this.#recommendable()
      .map((i): Ranked => {
        const { runSet } = this.members[i] as Member; // i is its index
        return { runSet, bound: this.#resultOf(runSet), hpmax: this.bounded(runSet.mean), stDev: 0 };
      })
      .sort((a, b) => b.bound - a.bound || (a.runSet.firstSeen ?? 0) - (b.runSet.firstSeen ?? 0));
  }

  #rank(): readonly Ranked[] {
    const { variances } = this.process.at(this.members.map(({ place }) => place));
    const means = this.process.meansThere();
    const bound = (i: number): number => (means[i] ?? 0) - caution * Math.sqrt(variances[i] ?? 0);
    return this.#recommendable()
      .map((i) => ({ runSet: (this.members[i] as Member).runSet, i, bound: bound(i) })) // i is its index
      .sort((a, b) => b.bound - a.bound || (a.runSet.firstSeen ?? 0) - (b.runSet.firstSeen ?? 0))
      .map((each) => ({
        runSet: each.runSet,
        bound: each.bound,
        ...this.inHpmax(means[each.i] ?? 0, Math.sqrt(variances[each.i] ?? 0)),
      }));
  }
}

/** The model's 0 and 1, in squashed units. */
interface Units {
  readonly centre: number;
  readonly scale: number;
}

function unitsOf(sets: readonly RunSet[], { squash }: Pooled): Units {
  const values = sets.map((set) => evidenceOf(set, squash).value);
  const centre = values.reduce((mean, value, i) => mean + (value - mean) / (i + 1), 0);
  const reach = Math.max(...values.map((value) => Math.abs(value - centre)));
  if (!(reach > 0)) return { centre, scale: spreadOfRepeats(sets, squash) || 1 };
  const squares = values.reduce((sum, value) => sum + ((value - centre) / reach) ** 2, 0);
  return { centre, scale: reach * Math.sqrt(squares / Math.max(1, values.length - 1)) };
}

/**
 * For sets whose means give no scale, as with one configuration: the scale at which runs of one configuration differ as
 * the priors expect.
 */
function spreadOfRepeats(sets: readonly RunSet[], squash: Squash): number {
  let degrees = 0;
  let squares = 0;
  for (const set of sets) {
    if (set.completed < 2) continue;
    degrees += set.completed - 1;
    squares += (set.completed - 1) * repeatVariance(set, squash, 1, Number.POSITIVE_INFINITY);
  }
  return degrees === 0 ? 0 : Math.sqrt(squares / degrees / priorBeliefs(0).noise);
}
