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
  #basis: readonly unknown[] = [];
  #version = 0;
  /** The version of `#model`; -1: none is kept. */
  #made = -1;
  #model: SearchModel | null = null;

  constructor(source: () => Modelled) {
    this.#source = source;
  }

  /** Rises whenever the model would be another. */
  get version(): number {
    const { hyperparameters, runSets } = this.#source();
    const basis = [runSets, runSets.version, hyperparameters, this.learned];
    if (basis.some((part, i) => part !== this.#basis[i])) this.#version += 1;
    this.#basis = basis;
    return this.#version;
  }

  /** Drops the model, which takes a tenth of a megabyte, until it is asked for again. */
  forget(): void {
    this.#made = -1;
    this.#model = null;
  }

  /** Null before any run has completed. */
  get now(): SearchModel | null {
    const { version } = this;
    if (this.#made === version) return this.#model;
    this.#made = version;
    const { hyperparameters, runSets } = this.#source();
    this.#model = runSets.best() === null ? null : new SearchModel(hyperparameters, runSets, this.learned);
    return this.#model;
  }
}
