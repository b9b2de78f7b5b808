import { existsSync } from "node:fs";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Metric } from "../../../shared/domain/run.ts";
import { messageOf, NotFoundError } from "../../../shared/errors.ts";
import type { SavedState } from "../../components/component.ts";
import { decodeState, encodeState, savedArray } from "../../components/saved-state.ts";
import type { StageContext } from "../stage.ts";

/** The file that holds a stage's best model so far. */
export class ModelFile {
  private readonly file: string;
  private readonly agent: string;
  /** The first metric of the best report so far; NaN before the first report. */
  private best = Number.NaN;
  /** The contents of the file. */
  private bytes: Uint8Array = new Uint8Array(0);

  /** @param name relative to `directory` */
  constructor(directory: string, name: string, agent: string) {
    this.file = path.resolve(directory, name);
    this.agent = agent;
  }

  /** Writes the model if `value` is better than in every earlier report. Returns whether it was. */
  async saveIfBest(value: number, metric: Metric, model: () => SavedState): Promise<boolean> {
    const isBetter = metric.higherIsBetter ? value > this.best : value < this.best;
    if (Number.isNaN(value) || !(isBetter || Number.isNaN(this.best))) return false;
    this.best = value;
    this.bytes = encodeState({ agent: this.agent }, model());
    await this.write();
    return true;
  }

  /** The file is part of the state, because a run that continues elsewhere needs it there. */
  save(): SavedState {
    return { best: Float64Array.of(this.best), file: this.bytes };
  }

  async restore(state: SavedState): Promise<void> {
    this.best = savedArray(state, "best", Float64Array, 1)[0]!;
    const { file } = state;
    // A copy, so that the rest of the checkpoint can be freed.
    this.bytes = savedArray(state, "file", Uint8Array, file?.length ?? 0).slice();
    if (this.bytes.length > 0) await this.write();
  }

  /** Atomic: a run that dies while writing leaves the old file. */
  private async write(): Promise<void> {
    await mkdir(path.dirname(this.file), { recursive: true });
    const partial = `${this.file}.partial`;
    await writeFile(partial, this.bytes);
    await rename(partial, this.file);
  }
}

/**
 * Reads a model that an earlier stage or run saved; an earlier stage may have done so in an earlier attempt.
 *
 * @throws NotFoundError if the file cannot be read; StateError if it holds no model
 */
export async function readModel(
  { directory, stateDirectory }: Pick<StageContext, "directory" | "stateDirectory">,
  name: string,
): Promise<SavedState> {
  const own = path.resolve(directory, name);
  const file = existsSync(own) ? own : path.resolve(stateDirectory, name);
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (cause) {
    const reason = messageOf(cause);
    throw new NotFoundError(
      `processors/RL_Proc: property "load_model_from" is "${name}", which cannot be read (${reason}); ` +
        "expected the file that a stage with the same save_model_to has written before",
      { cause },
    );
  }
  return decodeState(bytes, file).state;
}
