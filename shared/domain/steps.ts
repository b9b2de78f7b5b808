/** Work that takes long, in steps of a few milliseconds, between which whoever takes them may do something else. */
export type Steps<Result = void> = Generator<void, Result, void>;

/** Takes all steps at once. */
export function atOnce<Result>(steps: Steps<Result>): Result {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}
