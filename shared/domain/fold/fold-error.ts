/** The journal contradicts itself: something else wrote it, or it is damaged. Nothing is guessed. */
export class FoldError extends Error {
  override readonly name = "FoldError";
}
