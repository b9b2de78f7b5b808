import { durationText } from "./quantities.ts";

/** `--pretend owner-active`: the worker behaves for a while as if somebody used the machine, and says what it does. */
export class Pretence {
  readonly #ms: number;
  readonly #tell: (text: string) => void;
  /** How many of its runs' processes are frozen, and how many there are. */
  readonly #still: () => readonly [number, number];
  #since: number | undefined;
  #firstLook: number | undefined;
  #isStillTold = false;
  #isOver = false;

  constructor(ms: number, tell: (text: string) => void, still: () => readonly [number, number]) {
    this.#ms = ms;
    this.#tell = tell;
    this.#still = still;
  }

  /** How long the pretended owner stays, in milliseconds, or undefined while absent. @param running  runs in hand */
  look(monotonic: number, running: number): number | undefined {
    if (this.#isOver) return undefined;
    this.#firstLook ??= monotonic;
    // With a run in hand there is more to see: wait a while for one.
    if (this.#since === undefined && running === 0 && monotonic - this.#firstLook < waitMs) return undefined;
    if (this.#since === undefined) this.#tell(`pretending for ${durationText(this.#ms)} that its owner is there`);
    this.#since ??= monotonic;
    if (monotonic - this.#since < this.#ms) return this.#ms;
    this.#isOver = true;
    const [still, all] = this.#still();
    if (!this.#isStillTold && all > 0) this.#tell(`${still} of ${all} processes of its runs stood still`);
    this.#tell("pretending that its owner is gone; from now on only real signs count");
    return undefined;
  }

  /** Called after the worker was told. */
  told(monotonic: number): void {
    if (this.#since === undefined || this.#isStillTold || this.#isOver) return;
    const [still, all] = this.#still();
    if (all === 0 || still < all) return;
    this.#isStillTold = true;
    const ms = Math.max(0, Math.round(monotonic - this.#since));
    this.#tell(`${all === 1 ? "its 1 process stands" : `all ${all} processes of its runs stand`} still after ${ms} ms`);
  }
}

const waitMs = 15_000;
