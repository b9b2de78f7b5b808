import type { Claim } from "../../shared/wire/messages.ts";

/** One trial's time in a slot. The slot is free, and claims again, as soon as the run's end is on its way. */
export class Stay {
  /** Resolves when the slot is free. */
  readonly left: Promise<void>;
  /** Resolves when the broker has the end of this trial and of those before it in this slot. */
  readonly delivered: Promise<void>;
  /** What is on its way to the broker. */
  onItsWay: Claim["after"] = null;

  /** `carry` gets what it calls when the end goes on its way, and resolves when the broker has that. */
  constructor(
    { job, n }: { readonly job: NonNullable<Claim["after"]>["job"]; readonly n: number },
    carry: (leaving: (attempt: number) => void) => Promise<void>,
    before: Promise<void> = Promise.resolve(),
  ) {
    let leave: () => void = () => undefined;
    this.left = new Promise((resolve) => {
      leave = resolve;
    });
    const carried = carry((attempt) => {
      this.onItsWay = { job, n, attempt };
      leave();
    });
    const done = carried.finally(() => {
      this.onItsWay = null;
      leave();
    });
    this.delivered = before.then(() => done);
  }
}
