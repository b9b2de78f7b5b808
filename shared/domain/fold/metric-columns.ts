import { NumberedTexts } from "../columns.ts";

/** Maximum number of metric columns of a job; without it a worker could exhaust the memory of every reader of the journal. */
export const mostColumns = 1000;
/** How many columns one worker may add, so that a few results of one worker cannot use them up. */
export const mostColumnsOfOne = 300;

/** The metrics of a job's runs as columns, in order of first appearance: `s1-hrs`, `s1-rew`, ... */
export class MetricColumns {
  readonly #names: NumberedTexts;

  constructor(names: readonly string[] = []) {
    this.#names = new NumberedTexts(names);
  }

  get names(): readonly string[] {
    return this.#names.all;
  }

  /**
   * Those of a run's metrics that have a column, or would get one.
   *
   * @param most  maximum number of new columns
   */
  fitting(names: readonly string[], most = mostColumns): string[] {
    let free = Math.min(most, mostColumns - this.names.length);
    return names.filter((name) => this.#names.find(name) !== undefined || free-- > 0);
  }

  /** A run's values by column, NaN if it has none. The row ends at its last column, so that few metrics cost little. */
  row(metrics: Readonly<Record<string, number>>): number[] {
    const values: number[] = [];
    for (const name in metrics) {
      const column = this.names.length < mostColumns ? this.#names.add(name) : this.#names.find(name);
      if (column === undefined) continue;
      while (values.length < column) values.push(Number.NaN);
      values[column] = metrics[name] ?? Number.NaN;
    }
    // The copy has no room to grow.
    return values.slice();
  }
}
