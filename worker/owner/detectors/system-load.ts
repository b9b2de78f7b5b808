import type { Detector, Found } from "./detector.ts";

/** Where no /proc/stat tells whose processor time it is: the system's mean load over a minute, less one for each run in hand. */
export class SystemLoad implements Detector {
  readonly name = "load";
  readonly everyMs = 2000;
  readonly #mean: () => number;
  readonly #runs: () => number;

  constructor(mean: () => number, runs: () => number) {
    this.#mean = mean;
    this.#runs = runs;
  }

  look(): Found {
    return { load: Math.max(0, this.#mean() - this.#runs()) };
  }

  close(): void {}
}
