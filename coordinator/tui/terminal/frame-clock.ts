/** The most frames a second ... */
const fullRate = 8;
/** ... while nobody has pressed a key for a while. */
const idleRate = 1;
const idleMs = 600_000;
/** Milliseconds of processor time that a frame may cost. */
const frameBudgetMs = 15;
/** One slow frame may be the garbage collector, two a screen being compiled; this many in a row are our own cost. */
const badFrames = 3;
/** The first frames run code that is still being compiled: their cost says nothing about later ones. */
const warmingFrames = 16;
/** Frames within the budget after which the rate doubles again. */
const goodFrames = 16;
const tickMs = 1000 / fullRate;
/** How often, in milliseconds, a frame is drawn although nothing happened: the screen shows clocks. */
const clockMs = 1000;

export interface FramePorts {
  /** Draws a frame and returns its cost in milliseconds of processor time. */
  readonly draw: () => number;
  readonly isDrained: () => boolean;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Called when the rate changes; 0: full. */
  readonly onRate: (framesPerSecond: number) => void;
}

/** Decides when a frame is drawn. */
export class FrameClock {
  readonly #ports: FramePorts;
  #timer: NodeJS.Timeout | undefined;
  #soon: NodeJS.Immediate | undefined;
  #isDirty = true;
  #drawnAt = Number.NEGATIVE_INFINITY;
  #keyAt: number;
  #rate = fullRate;
  #good = 0;
  #bad = 0;
  #drawn = 0;

  constructor(ports: FramePorts) {
    this.#ports = ports;
    this.#keyAt = ports.now();
  }

  start(): void {
    this.#timer = setInterval(() => this.tick(), tickMs);
    this.#draw();
  }

  stop(): void {
    clearInterval(this.#timer);
    clearImmediate(this.#soon);
  }

  /** Something has changed: the next frame shows it. */
  change(): void {
    this.#isDirty = true;
  }

  /** A key is answered at once; keys that come together share a frame. */
  key(): void {
    this.#keyAt = this.#ports.now();
    this.#isDirty = true;
    this.#soon ??= setImmediate(() => {
      this.#soon = undefined;
      if (this.#ports.isDrained()) this.#draw();
    });
  }

  /** Called eight times a second. */
  tick(): void {
    const { now, isDrained } = this.#ports;
    const since = now() - this.#drawnAt;
    if (!this.#isDirty && since < clockMs) return;
    const rate = now() - this.#keyAt > idleMs ? idleRate : this.#rate;
    // A tick may come a little early.
    if (since < 1000 / rate - tickMs / 4 || !isDrained()) return;
    this.#draw();
  }

  #draw(): void {
    this.#isDirty = false;
    const cost = this.#ports.draw();
    this.#drawnAt = this.#ports.now();
    const before = this.#rate;
    this.#good = cost > frameBudgetMs ? 0 : this.#good + 1;
    this.#drawn += 1;
    this.#bad = cost > frameBudgetMs && this.#drawn > warmingFrames ? this.#bad + 1 : 0;
    if (this.#bad >= badFrames) {
      this.#rate = Math.max(1, this.#rate / 2);
      this.#bad = 0;
    } else if (this.#good >= goodFrames && this.#rate < fullRate) {
      this.#rate *= 2;
      this.#good = 0;
    }
    if (this.#rate !== before) this.#ports.onRate(this.#rate === fullRate ? 0 : this.#rate);
  }
}
