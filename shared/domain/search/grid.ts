import type { Configuration, Hyperparameter } from "../hyperparameter.ts";
import type { Search } from "./search.ts";
import { firstAllowed, spaceSize } from "./space.ts";

/**
 * Tries every configuration once, in row-major order of the listed values, then starts again: a grid of 12 with `total_runs: 36`
 * gives each configuration three runs. Choice n is turn n, so the place of a cancelled run stays empty until the next round. An
 * excluded configuration gives its turn to the next one that is not.
 */
export const gridSearch: Search = {
  choose(view, n) {
    const turn = gridTurn(view.hyperparameters, n);
    const configuration = firstAllowed(view, turn.configuration);
    if (configuration === null) return null;
    const size = spaceSize(view.hyperparameters);
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
  /** From 1; counts from 1 again after a completed grid has grown. */
  readonly round: number;
}

/** A part of the grid: a half-open range of positions for each hyperparameter. */
type Box = readonly (readonly [from: number, to: number])[];

/**
 * The configuration whose turn it is.
 *
 * A grid that has not grown is one box, in row-major order. Added values add a shell: the boxes of all configurations with an
 * added value. During the first round the shell comes after the existing boxes; later it comes at once, before the next round.
 * So each configuration has a turn before any has another.
 *
 * @param n  number of the choice, from 1
 */
export function gridTurn(hyperparameters: readonly Hyperparameter[], n: number): GridTurn {
  const size = spaceSize(hyperparameters);
  const { boxes, base } = boxesOf(hyperparameters);
  const index = BigInt(n - 1 - base);
  let left = index % size;
  for (const box of boxes) {
    const inBox = sizeOf(box);
    if (left < inBox) {
      return { configuration: within(box, left), place: (index % size) + 1n, round: Number(index / size) + 1 };
    }
    left -= inBox;
  }
  throw new Error(`turn ${n} lies outside the grid of ${size}`);
}

/** The parts of the grid in the order of their turns, and the choice after which the first of them began. */
function boxesOf(hyperparameters: readonly Hyperparameter[]): { boxes: Box[]; base: number } {
  const edits = [...new Set(hyperparameters.flatMap(({ grown = [] }) => grown.map(({ after }) => after)))];
  let lengths = hyperparameters.map(({ values, grown = [] }) => grown[0]?.from ?? values.length);
  let boxes: Box[] = [lengths.map((length) => [0, length])];
  let base = 0;
  for (const after of edits.sort((a, b) => a - b)) {
    const before = lengths;
    const now = hyperparameters.map(
      ({ values, grown = [] }) => grown.find((g) => g.after > after)?.from ?? values.length,
    );
    const shell = now.flatMap((length, i): Box[] => {
      const from = before[i] ?? length;
      if (from === length) return [];
      return [now.map((other, j) => (j === i ? [from, length] : [0, j < i ? (before[j] ?? other) : other]))];
    });
    const isFirstRound = BigInt(after - base) < boxes.reduce((size, box) => size + sizeOf(box), 0n);
    boxes = isFirstRound ? [...boxes, ...shell] : [...shell, ...boxes];
    if (!isFirstRound) base = after;
    lengths = now;
  }
  return { boxes, base };
}

const sizeOf = (box: Box): bigint => box.reduce((size, [from, to]) => size * BigInt(to - from), 1n);

/** Row-major within the box: the last hyperparameter varies fastest. */
function within(box: Box, index: bigint): Configuration {
  const configuration = new Array<number>(box.length).fill(0);
  let rest = index;
  for (let i = box.length - 1; i >= 0; i -= 1) {
    const [from, to] = box[i] ?? [0, 1];
    const length = BigInt(to - from);
    configuration[i] = from + Number(rest % length);
    rest /= length;
  }
  return configuration;
}
