import { ByWhere } from "../conditions/by-where.ts";
import { ConfigurationSpace } from "../conditions/configuration-space.ts";
import type { Box } from "../conditions/space-parts.ts";
import type { Configuration, Hyperparameter } from "../hyperparameter.ts";
import type { Search } from "./search.ts";
import { firstAllowed, spaceSize } from "./space.ts";

/**
 * Tries every configuration once, in row-major order of the listed values, then starts again: a grid of 12 with
 * `total_runs: 36` gives each configuration three runs. Ranges keep their first marks. Choice n is turn n, so a
 * cancelled run's place stays empty until the next round. An excluded configuration gives its turn to the next one that
 * is not.
 */
export const gridSearch: Search = {
  choose(view, n) {
    const turn = gridTurn(view.hyperparameters, n, view.where);
    const configuration = firstAllowed(view, turn.configuration);
    if (configuration === null) return null;
    const size = spaceSize(view.hyperparameters, view.where);
    const round = turn.round === 1 ? "" : `, round ${turn.round} of it`;
    const isOwnTurn = configuration.every((position, i) => position === turn.configuration[i]);
    const skipped = isOwnTurn ? "" : "; it is excluded, so the next one that is not";
    return { configuration, why: `configuration ${turn.place} of the ${inWords(size)} of the grid${round}${skipped}` };
  },
};

function inWords(size: bigint): string {
  return size <= BigInt(Number.MAX_SAFE_INTEGER) ? String(size) : `about 10^${String(size).length - 1}`;
}

/** The grid's n-th turn. */
export interface GridTurn {
  readonly configuration: Configuration;
  /** Its place in the grid, from 1. */
  readonly place: bigint;
  /** From 1; starts at 1 again when a completed grid grows. */
  readonly round: number;
}

/** The parts of a grid in the order of their turns. */
interface Grid {
  readonly parts: readonly ConfigurationSpace[];
  readonly size: bigint;
  /** The choice after which the first part began. */
  readonly base: number;
}

/**
 * The configuration whose turn it is.
 *
 * A grid that has not grown is one box, in row-major order. Added values add a shell: the boxes of all configurations
 * with an added value. During the first round the shell comes after the existing boxes; later it comes at once, before
 * the next round. So each configuration has a turn before any has another. Configurations that conditions make equal
 * share one turn, and those that `where` forbids have none, unless so many hyperparameters are linked that their
 * combinations cannot be counted.
 *
 * @param n  number of the choice, from 1
 */
export function gridTurn(
  hyperparameters: readonly Hyperparameter[],
  n: number,
  where: readonly string[] = [],
): GridTurn {
  const { parts, size, base } = grids.of(hyperparameters, where);
  const index = BigInt(n - 1 - base);
  let left = index % size;
  for (const part of parts) {
    if (left < part.size) {
      return { configuration: part.at(left), place: (index % size) + 1n, round: Number(index / size) + 1 };
    }
    left -= part.size;
  }
  throw new Error(`turn ${n} lies outside the grid of ${size}`);
}

const grids = new ByWhere<Grid>((hyperparameters, where) => {
  const edits = [...new Set(hyperparameters.flatMap(({ grown = [] }) => grown.map(({ after }) => after)))];
  let lengths = hyperparameters.map(({ values, grown = [] }) => grown[0]?.from ?? values.length);
  const spaceWithin = (box: Box): ConfigurationSpace => new ConfigurationSpace(hyperparameters, where, box);
  let parts = [spaceWithin(lengths.map((length) => [0, length]))];
  let base = 0;
  for (const after of edits.sort((a, b) => a - b)) {
    const before = lengths;
    const now = hyperparameters.map(
      ({ values, grown = [] }) => grown.find((g) => g.after > after)?.from ?? values.length,
    );
    const shell = now.flatMap((length, i): ConfigurationSpace[] => {
      const from = before[i] ?? length;
      if (from === length) return [];
      return [
        spaceWithin(now.map((other, j) => (j === i ? [from, length] : [0, j < i ? (before[j] ?? other) : other]))),
      ];
    });
    const isFirstRound = BigInt(after - base) < sizeOf(parts);
    parts = isFirstRound ? [...parts, ...shell] : [...shell, ...parts];
    if (!isFirstRound) base = after;
    lengths = now;
  }
  return { parts, size: sizeOf(parts), base };
});

const sizeOf = (parts: readonly ConfigurationSpace[]): bigint => parts.reduce((sum, { size }) => sum + size, 0n);
