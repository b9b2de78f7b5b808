import type { Hyperparameter } from "../hyperparameter.ts";

/** Caches what is made from a list of hyperparameters and their constraints, because every claim asks for it. */
export class ByWhere<Made> {
  readonly #known = new WeakMap<
    readonly Hyperparameter[],
    { readonly where: readonly string[]; readonly made: Made }[]
  >();
  readonly #make: (hyperparameters: readonly Hyperparameter[], where: readonly string[]) => Made;

  constructor(make: (hyperparameters: readonly Hyperparameter[], where: readonly string[]) => Made) {
    this.#make = make;
  }

  of(hyperparameters: readonly Hyperparameter[], where: readonly string[]): Made {
    let entries = this.#known.get(hyperparameters);
    if (entries === undefined) {
      entries = [];
      this.#known.set(hyperparameters, entries);
    }
    const found = entries.find((entry) => entry.where === where) ?? entries.find((entry) => isSame(entry.where, where));
    if (found !== undefined) return found.made;
    const made = this.#make(hyperparameters, where);
    entries.push({ where, made });
    return made;
  }
}

const isSame = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((text, i) => text === b[i]);
