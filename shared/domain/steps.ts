/** Long work in steps of a few milliseconds, so that the caller can do other work between them. */
export type Steps<Result = void> = Generator<void, Result, void>;

/** Takes all steps without a pause, and returns the result. */
export function atOnce<Result>(steps: Steps<Result>): Result {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}
