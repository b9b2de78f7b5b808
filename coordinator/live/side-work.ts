import { atOnce, type Steps } from "../../shared/domain/steps.ts";

/**
 * Work on what a view shows, for which no frame and no key waits. A view that draws frames takes the steps between
 * them; without one, work is done as soon as it is asked for.
 */
export class SideWork {
  readonly #open = new Map<object, Steps>();
  #wake: (() => void) | undefined;

  /**
   * From now on the caller takes the steps.
   *
   * @param wake  called when there is something to do
   * @returns a function that ends this; work begun is dropped, and whoever still wants it asks again
   */
  takenBy(wake: () => void): () => void {
    this.#wake = wake;
    return () => {
      this.#wake = undefined;
      this.#open.clear();
    };
  }

  /** Queues work; does nothing if work with the same `what` is still queued. */
  ask(what: object, steps: () => Steps): void {
    if (!this.#wake) {
      atOnce(steps());
      return;
    }
    if (this.#open.has(what)) return;
    this.#open.set(what, steps());
    this.#wake();
  }

  get isOpen(): boolean {
    return this.#open.size > 0;
  }

  /** Takes the next step of what was asked for first. Returns whether that finished it. */
  step(): boolean {
    for (const [what, steps] of this.#open) {
      if (steps.next().done !== true) return false;
      this.#open.delete(what);
      return true;
    }
    return false;
  }
}
