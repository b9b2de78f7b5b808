import type { Rng } from "../../shared/domain/rng.ts";
import type { SimProcess } from "./sim-process.ts";
import type { Timeline } from "./timeline.ts";

/** How the network behaves. All times in milliseconds. */
export interface Weather {
  /** Latency of one way between a client and the broker. */
  readonly latencyMs: number;
  /** Added to it, uniform from 0. */
  readonly jitterMs: number;
  /** Share of messages that never arrive, as when a connection ends. */
  readonly loss: number;
  /** Share of unstored messages that arrive twice. */
  readonly duplicates: number;
  /** Messages of different subjects may overtake each other, as on the routes of a cluster. */
  readonly reorders: boolean;
}

export const fairWeather: Weather = { latencyMs: 0.3, jitterMs: 0.4, loss: 0, duplicates: 0, reorders: false };

/** A client notices a silent broker after two missed pings; see shared/broker/client/bus.ts. */
const pingOutMs = 12_000;
/** After about this the broker gives up a client that answers no ping; nats-server's default. */
export const brokerPatienceMs = 240_000;
const reconnectMs = 250;
const lanes = 4;

/** One client's connection to the broker: ordered and delayed; it can be cut, broken and remade. */
export class SimLink {
  readonly process: SimProcess;
  readonly #timeline: Timeline;
  readonly #rng: Rng;
  readonly #weather: Weather;
  readonly #isBrokerUp: () => boolean;
  /** Raised when the connection breaks; messages of an earlier epoch are lost. */
  #epoch = 0;
  #connected = true;
  #closed = false;
  #cuts = 0;
  #heldUp: (() => void)[] = [];
  #heldDown: (() => void)[] = [];
  readonly #upAt = new Float64Array(lanes);
  readonly #downAt = new Float64Array(lanes);
  /** Milliseconds that the process needs for each message that it receives; messages queue. */
  serviceMs = 0;
  #busyUntil = 0;
  onDisconnect: () => void = () => undefined;
  onConnect: () => void = () => undefined;
  /** Factor by which this connection is slower than others. */
  slowness = 1;

  constructor(timeline: Timeline, process: SimProcess, rng: Rng, weather: Weather, isBrokerUp: () => boolean) {
    this.#timeline = timeline;
    this.process = process;
    this.#rng = rng;
    this.#weather = weather;
    this.#isBrokerUp = isBrokerUp;
  }

  get isConnected(): boolean {
    return this.#connected;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** Sends; `arrive` is called now with the time of arrival, or later when the cable is mended, or never. */
  up(subject: string, arrive: (at: number) => void): void {
    if (!this.#connected || this.#isLost()) return;
    if (this.#cuts > 0) this.#heldUp.push(() => this.up(subject, arrive));
    else arrive(this.#arrival(this.#upAt, subject, this.#timeline.now));
  }

  /** Delivers something that leaves the broker at `leavesAt`; `deliver` runs in the process, or never. */
  down(subject: string, leavesAt: number, deliver: () => void, mayRepeat = false): void {
    if (!this.#connected || this.#isLost()) return;
    this.#deliverAt(this.#arrival(this.#downAt, subject, leavesAt), deliver);
    if (mayRepeat && this.#weather.duplicates > 0 && this.#rng.uniform() < this.#weather.duplicates) {
      this.#deliverAt(this.#arrival(this.#downAt, subject, leavesAt), deliver);
    }
  }

  /** Pulls the cable: nothing arrives, but nothing is lost yet. */
  cut(): void {
    this.#cuts += 1;
    if (this.#cuts > 1) return;
    const { epoch } = this;
    this.process.clock.after(pingOutMs, () => {
      if (this.#cuts > 0 && epoch === this.#epoch) this.break();
    });
  }

  /** Undoes one cut; `entirely`: all cuts. */
  mend(entirely = false): void {
    this.#cuts = entirely ? 0 : Math.max(0, this.#cuts - 1);
    if (this.#cuts > 0) return;
    const up = this.#heldUp;
    const down = this.#heldDown;
    this.#heldUp = [];
    this.#heldDown = [];
    for (const send of up) send();
    for (const deliver of down) deliver();
  }

  /** Breaks the connection and loses messages on their way; the client reconnects as soon as it can. */
  break(): void {
    if (!this.#connected || this.#closed) return;
    this.#connected = false;
    this.#epoch += 1;
    this.#heldUp = [];
    this.#heldDown = [];
    this.onDisconnect();
    this.#tryAgain();
  }

  /** Closes the connection for good, as its client does. */
  close(): void {
    this.#closed = true;
    this.#connected = false;
    this.#epoch += 1;
    this.onDisconnect();
  }

  #tryAgain(): void {
    this.process.clock.after(reconnectMs * (1 + 0.4 * this.#rng.uniform()), () => {
      if (this.#closed || this.#connected) return;
      if (this.#cuts > 0 || !this.#isBrokerUp()) {
        this.#tryAgain();
        return;
      }
      this.#connected = true;
      this.onConnect();
    });
  }

  #deliverAt(at: number, deliver: () => void): void {
    const { epoch } = this;
    const arrive = (): void => {
      if (epoch !== this.#epoch) return;
      if (this.#cuts > 0) this.#heldDown.push(() => this.process.hear(this.#timeline.now, arrive));
      else deliver();
    };
    this.process.hear(at, arrive);
  }

  #isLost(): boolean {
    return this.#weather.loss > 0 && this.#rng.uniform() < this.#weather.loss;
  }

  /** The time of arrival: in order within a lane. There is one lane unless subjects may overtake each other. */
  #arrival(latest: Float64Array, subject: string, from: number): number {
    const { latencyMs, jitterMs, reorders } = this.#weather;
    const lane = reorders ? laneOf(subject) : 0;
    let at = from + this.slowness * (latencyMs + jitterMs * this.#rng.uniform());
    if (latest === this.#downAt && this.serviceMs > 0) {
      at = Math.max(at, this.#busyUntil);
      this.#busyUntil = at + this.serviceMs;
    }
    at = Math.max(at, latest[lane] ?? 0);
    latest[lane] = at;
    return at;
  }
}

function laneOf(subject: string): number {
  let sum = 0;
  for (let i = 0; i < subject.length; i += 1) sum = (sum * 31 + subject.charCodeAt(i)) | 0;
  return (sum >>> 3) % lanes;
}
