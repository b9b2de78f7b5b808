import { type Detector, type Found, newOrLast } from "./detector.ts";

/** Where no /proc/stat tells whose processor time it is: the system's mean load over a minute, less one for each run in hand. */
export class SystemLoad implements Detector {
  readonly name = "load";
  readonly everyMs = 2000;
  readonly #mean: () => number;
  readonly #runs: () => number;
  #found: Found = {};

  constructor(mean: () => number, runs: () => number) {
    this.#mean = mean;
    this.#runs = runs;
  }

  look(): Found {
    this.#found = newOrLast(this.#found, { load: Math.max(0, this.#mean() - this.#runs()) });
    return this.#found;
  }

  close(): void {}
}
