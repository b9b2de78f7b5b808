import type { Hyperparameter } from "../hyperparameter.ts";
import type { RunSets } from "../run-sets/run-set.ts";
import { type LearnedModel, SearchModel } from "./search-model.ts";

/** The present input of the model. */
export interface Modelled {
  readonly hyperparameters: readonly Hyperparameter[];
  readonly runSets: RunSets;
}

/**
 * The model of a running search. It is made when somebody asks for it, and kept until a result, a verdict, a new value
 * on a dial or new beliefs change it. So all who ask between two results get the same answer for the price of one.
 */
export class CurrentModel {
  /** From the journal, so that all readers believe the same; undefined: the model learns from the run sets itself. */
  learned: LearnedModel | undefined;
  readonly #source: () => Modelled;
  #kept: { readonly version: number; readonly of: Modelled; readonly by: LearnedModel | undefined } | undefined;
  #model: SearchModel | null = null;

  constructor(source: () => Modelled) {
    this.#source = source;
  }

  /** Drops the model, which takes a tenth of a megabyte, until it is asked for again. */
  forget(): void {
    this.#kept = undefined;
    this.#model = null;
  }

  /** Null before any run has completed. */
  get now(): SearchModel | null {
    const { hyperparameters, runSets } = this.#source();
    const { version } = runSets;
    const kept = this.#kept;
    const isSame = kept?.version === version && kept.of.hyperparameters === hyperparameters && kept.by === this.learned;
    if (isSame && kept.of.runSets === runSets) return this.#model;
    this.#kept = { version, of: { hyperparameters, runSets }, by: this.learned };
    this.#model = runSets.best() === null ? null : new SearchModel(hyperparameters, runSets, this.learned);
    return this.#model;
  }
}
