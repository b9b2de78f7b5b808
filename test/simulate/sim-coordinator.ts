import { serve } from "../../coordinator/leader/service.ts";
import { readJournal } from "../../shared/broker/store/journal-reader.ts";
import { writeSnapshot } from "../../shared/broker/store/snapshots.ts";
import type { Log } from "../../shared/log.ts";
import { BusError } from "../../shared/ports.ts";
import type { SimBroker } from "./sim-broker.ts";
import { SimBus } from "./sim-bus.ts";
import { SimProcess } from "./sim-process.ts";
import type { Timeline } from "./timeline.ts";

export interface SimCoordinatorPorts {
  readonly timeline: Timeline;
  readonly broker: SimBroker;
  readonly log: Log;
  readonly seed: string;
  readonly leaseMs: number;
  readonly snapshotEvery: number;
  readonly onCrash: (why: string) => void;
  readonly onLeading: (name: string) => void;
}

interface Life {
  readonly process: SimProcess;
  readonly bus: SimBus;
  readonly stop: AbortController;
}

/** Milliseconds that a coordinator needs for each message that reaches it. */
const serviceMs = 0.1;

/** One machine's coordinator: the real `serve` on a simulated clock and bus. */
export class SimCoordinator {
  readonly name: string;
  readonly #ports: SimCoordinatorPorts;
  #boots = 0;
  #snapshots = 0;
  #life: Life | undefined;
  #startsAgain = false;
  #wallOffsetMs = 0;
  leads = false;

  constructor(name: string, ports: SimCoordinatorPorts) {
    this.name = name;
    this.#ports = ports;
  }

  get isRunning(): boolean {
    return this.#life !== undefined;
  }

  get isFrozen(): boolean {
    return this.#life?.process.isFrozen === true;
  }

  /** Starts at once or, if the process was told to stop, when it has ended. */
  start(): void {
    if (this.#life) {
      this.#startsAgain = this.#life.stop.signal.aborted;
      return;
    }
    const { timeline, broker, log, seed, leaseMs, snapshotEvery, onCrash, onLeading } = this.#ports;
    this.#startsAgain = false;
    this.#boots += 1;
    const pid = this.#boots;
    const name = `${this.name}#${pid}`;
    const process = new SimProcess(timeline, name, `${seed} ${name}`);
    process.wallOffsetMs = this.#wallOffsetMs;
    const bus = new SimBus(broker, process);
    bus.link.serviceMs = serviceMs;
    const stop = new AbortController();
    const life: Life = { process, bus, stop };
    this.#life = life;
    const identity = { leader: name, host: this.name, pid, started: String(pid) };
    serve(
      {
        bus,
        clock: process.clock,
        chance: process.chance,
        log,
        identity,
        leaseMs,
        isKnownDead: (entry) => entry.host === this.name && entry.pid !== pid,
        drawSeed: () => 7,
        publishUsers: async () => undefined,
        snapshotEvery,
        writeSnapshot: async () => {
          const taken = await readJournal(bus, process.clock).catch((error: unknown) => {
            if (error instanceof BusError) return undefined;
            throw error;
          });
          // If the process is killed in between, its stored pieces stay and nobody reads them.
          this.#snapshots += 1;
          const tag = `${this.name}-${this.#snapshots}`;
          if (taken) await writeSnapshot(bus, taken, tag).catch((error: unknown) => log.info(String(error)));
        },
        onLeading: (leads) => {
          this.leads = leads;
          if (leads) onLeading(name);
        },
      },
      stop.signal,
    ).then(
      () => {
        bus.drop();
        if (this.#life !== life) return;
        this.#life = undefined;
        if (this.#startsAgain) this.start();
      },
      (error: unknown) => onCrash(`${name} ended: ${error instanceof Error ? error.stack : String(error)}`),
    );
  }

  kill(): void {
    if (!this.#life) return;
    this.#life.process.kill();
    this.#life.bus.drop();
    this.#life = undefined;
    this.leads = false;
  }

  /** SIGTERM: it steps down by itself. */
  stop(): void {
    this.#life?.stop.abort();
  }

  freeze(): void {
    this.#life?.process.freeze();
  }

  thaw(): void {
    this.#life?.process.thaw();
  }

  /** Sets the machine's wall clock, also for later processes. */
  jumpClock(ms: number): void {
    this.#wallOffsetMs += ms;
    if (this.#life) this.#life.process.wallOffsetMs = this.#wallOffsetMs;
  }

  cut(): void {
    this.#life?.bus.link.cut();
  }

  mend(entirely = false): void {
    this.#life?.bus.link.mend(entirely);
  }
}
