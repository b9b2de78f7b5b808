import type { CurrentModel } from "../../../shared/domain/model/current-model.ts";
import { finerMarks, type Refining } from "../../../shared/domain/ranges/finer-marks.ts";
import type { RunSetIndex } from "../../../shared/domain/run-sets/run-set.ts";
import type { Surface } from "./surface.ts";

/** Adds marks to ranges where a search looks, as often as the coordinator does (leader/rules/refine-ranges.ts). */
export class Refiner {
  readonly #surface: Surface;
  readonly #runSets: RunSetIndex;
  readonly #refining: Refining;
  #dueAt = 0;

  constructor(surface: Surface, runSets: RunSetIndex, refining: Refining) {
    this.#surface = surface;
    this.#runSets = runSets;
    this.#refining = refining;
  }

  /** @param runsOnce  no configuration runs twice */
  refineIfDue(model: CurrentModel, runsOnce: boolean): void {
    const { hyperparameters } = this.#surface;
    const { completed, ended, inFlight } = this.#runSets.totals;
    if (completed < this.#dueAt || !hyperparameters.some(({ range }) => range)) return;
    this.#dueAt = completed + Math.max(5, Math.ceil(0.1 * completed));
    const now = this.#refining === "around the best" ? model.now : null;
    const known = now && { best: now.best.runSet.configuration, lengths: now.beliefs.lengths };
    const marks = finerMarks(hyperparameters, this.#runSets, this.#refining, known, { runsOnce, isExhausted: false });
    if (Object.keys(marks).length > 0) this.#surface.refine?.(marks, ended + inFlight);
  }
}
