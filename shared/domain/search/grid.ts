import { gridTurn } from "./grid-turn.ts";
import type { Search } from "./search.ts";
import { firstAllowed, spaceSize } from "./space.ts";

/**
 * Tries every configuration once, in row-major order of the listed values, then goes round again for as long as the job lasts:
 * a grid of 12 with `total_runs: 36` gives each three runs. Choice n is the n-th, so a cancelled run's place is not filled
 * until the next round. Values added to the living search come after what the round still has, or, where every configuration
 * has had its turn, at once (grid-turn.ts). An excluded configuration gives its turn to the next one that is not.
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
