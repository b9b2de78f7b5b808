import type { CurvePoint } from "../curve.ts";

/** Most pieces kept of a curve; when one more comes, neighbours are joined in pairs. */
const mostPieces = 48;

/** A stretch of a curve: from the end of the piece before to `end`. */
export interface Piece {
  /** Iterations of the stage at its end. */
  readonly end: number;
  /** Mean over its iterations, the last value, and the extremes. */
  readonly mean: number;
  readonly last: number;
  readonly max: number;
  readonly min: number;
}

/**
 * The reported curve of the current stage's first metric. The summaries are exact, like the runner's own (run.ts); the
 * curve is thinned, so that a run of a million reports takes as much memory as one of fifty.
 */
export class OpenCurve {
  /** 0 before the first report. */
  stage = 0;
  iters = 0;
  /** Reports of this stage. */
  reports = 0;
  /** Weighted by the reports' counts. */
  mean = Number.NaN;
  last = Number.NaN;
  max = Number.NEGATIVE_INFINITY;
  min = Number.POSITIVE_INFINITY;
  #counts = 0;
  #pieces: Piece[] = [];
  /** Reports in a full piece; doubles whenever pieces are joined. */
  #perPiece = 1;
  #inPiece = 0;

  get pieces(): readonly Piece[] {
    return this.#pieces;
  }

  /** Returns whether the report was used: not if it is repeated, of an earlier stage, or without a measurement. */
  add([stage, iters, , values, counts]: CurvePoint): boolean {
    const value = values[0] ?? Number.NaN;
    const count = counts[0] ?? 0;
    if (stage < this.stage || !(count > 0) || !Number.isFinite(value)) return false;
    if (stage > this.stage) this.#begin(stage);
    if (iters <= this.iters) return false;
    this.mean = this.#counts === 0 ? value : (this.mean * this.#counts + value * count) / (this.#counts + count);
    this.#counts += count;
    this.last = value;
    this.max = Math.max(this.max, value);
    this.min = Math.min(this.min, value);
    this.reports += 1;
    this.#addPiece({ end: iters, mean: value, last: value, max: value, min: value });
    this.iters = iters;
    return true;
  }

  #begin(stage: number): void {
    this.stage = stage;
    this.iters = 0;
    this.reports = 0;
    this.#counts = 0;
    this.max = Number.NEGATIVE_INFINITY;
    this.min = Number.POSITIVE_INFINITY;
    this.#pieces = [];
    this.#perPiece = 1;
    this.#inPiece = 0;
  }

  #addPiece(piece: Piece): void {
    const pieces = this.#pieces;
    const open = pieces.at(-1);
    if (open && this.#inPiece < this.#perPiece) {
      pieces[pieces.length - 1] = joined(open, piece, pieces.at(-2)?.end ?? 0);
      this.#inPiece += 1;
      return;
    }
    if (pieces.length === mostPieces) {
      this.#pieces = pieces.flatMap((second, i) => {
        const first = pieces[i - 1];
        return i % 2 === 0 || !first ? [] : [joined(first, second, pieces[i - 2]?.end ?? 0)];
      });
      this.#perPiece *= 2;
    }
    this.#pieces.push(piece);
    this.#inPiece = 1;
  }
}

function joined(first: Piece, second: Piece, start: number): Piece {
  const { end } = second;
  const part = (first.end - start) / (end - start);
  return {
    end,
    mean: first.mean * part + second.mean * (1 - part),
    last: second.last,
    max: Math.max(first.max, second.max),
    min: Math.min(first.min, second.min),
  };
}
