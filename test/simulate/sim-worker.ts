import { tmpdir } from "node:os";
import { join } from "node:path";
import type { WorkerId } from "../../shared/domain/names.ts";
import { readSpec } from "../../shared/domain/runspec/spec-read.ts";
import type { Log } from "../../shared/log.ts";
import { WorkerNode } from "../../worker/node/node.ts";
import { Liar } from "./liar.ts";
import type { SimBroker } from "./sim-broker.ts";
import { SimBus } from "./sim-bus.ts";
import { brokerPatienceMs } from "./sim-link.ts";
import { SimProcess } from "./sim-process.ts";
import { type Ledger, SimRunners } from "./sim-runners.ts";
import { SimSpool } from "./sim-spool.ts";
import type { Training } from "./sim-task.ts";
import type { Timeline } from "./timeline.ts";

const readings = new Map<string, ReturnType<typeof readSpec>>();

/** Reads each spec text once: all workers have the same few. */
const readOnce: typeof readSpec = (input) => {
  const known = readings.get(input.text);
  if (known) return known;
  const reading = readSpec(input);
  readings.set(input.text, reading);
  return reading;
};

export interface SimWorkerPorts {
  readonly timeline: Timeline;
  readonly broker: SimBroker;
  readonly log: Log;
  readonly training: Training;
  readonly ledger: Ledger;
  readonly seed: string;
  /** Called with events that must never happen. */
  readonly onCrash: (why: string) => void;
}

interface Life {
  readonly process: SimProcess;
  readonly bus: SimBus;
  readonly runners: SimRunners;
  readonly node: WorkerNode;
  readonly since: number;
  liar: Liar | undefined;
}

/** One machine: the real `WorkerNode` on a simulated clock, bus and runners, with a simulated owner. */
export class SimWorker {
  readonly id: WorkerId;
  readonly slots: number;
  isLiar = false;
  /** Factor by which its training and its connection are slower than others'. */
  slowness = 1;
  readonly #ports: SimWorkerPorts;
  readonly #spool = new SimSpool();
  #boots = 0;
  #isEnding = false;
  #startsAgain = false;
  #life: Life | undefined;

  constructor(id: WorkerId, slots: number, ports: SimWorkerPorts) {
    this.id = id;
    this.slots = slots;
    this.#ports = ports;
  }

  /** Slot-milliseconds that the current process has offered so far. */
  get offeredMs(): number {
    return this.#life ? this.slots * (this.#ports.timeline.now - this.#life.since) : 0;
  }

  get isRunning(): boolean {
    return this.#life !== undefined;
  }

  /** Number of messages that wait on its disk. */
  get spooled(): number {
    return this.#spool.names().length;
  }

  get isFrozen(): boolean {
    return this.#life?.process.isFrozen === true;
  }

  /** Starts at once or, if the process was told to end, when it has ended. */
  start(): void {
    if (this.#life) {
      this.#startsAgain = this.#isEnding;
      return;
    }
    const { timeline, broker, log, training, ledger, seed, onCrash } = this.#ports;
    this.#startsAgain = false;
    this.#isEnding = false;
    this.#boots += 1;
    const name = `${this.id}#${this.#boots}`;
    const process = new SimProcess(timeline, name, `${seed} ${name}`);
    const bus = new SimBus(broker, process);
    bus.link.slowness = this.slowness;
    const runners = new SimRunners(timeline, process, training, ledger, `${seed} ${name}`, () => this.slowness);
    const node = new WorkerNode(
      {
        bus,
        clock: process.clock,
        chance: process.chance,
        log,
        runners,
        spool: this.#spool,
        readSpec: readOnce,
        unpackCode: () => "",
        removeFolder: () => undefined,
      },
      {
        worker: this.id,
        bootId: `boot-${this.#boots}`,
        version: "simulated",
        slots: this.slots,
        targets: [],
        opportunistic: false,
        noCode: false,
        stateDir: join(tmpdir(), "nexus-simulated", this.id),
      },
      () => undefined,
    );
    const life: Life = { process, bus, runners, node, since: timeline.now, liar: undefined };
    if (this.isLiar) life.liar = new Liar(this.id, bus, process, `${seed} ${name}`);
    this.#life = life;
    node.work().then(
      () => {
        bus.drop();
        this.#end(life);
        if (this.#startsAgain) this.start();
      },
      (error: unknown) => onCrash(`${name} ended: ${error instanceof Error ? error.stack : String(error)}`),
    );
  }

  /** The machine loses power. */
  kill(): void {
    this.#isEnding = false;
    const life = this.#life;
    if (!life) return;
    life.process.kill();
    life.runners.kill();
    life.bus.drop();
    this.#end(life);
  }

  /** SIGTERM: the worker hands its runs back and ends. */
  handBack(): void {
    this.#isEnding = true;
    this.#life?.node.handBack("its owner came back");
  }

  freeze(withRunners: boolean): void {
    this.#life?.process.freeze();
    if (withRunners) this.#life?.runners.freeze();
  }

  thaw(): void {
    const life = this.#life;
    if (!life) return;
    life.runners.thaw();
    let isBroken = false;
    life.process.thaw((frozenMs) => {
      isBroken = frozenMs > brokerPatienceMs;
      return isBroken;
    });
    if (isBroken) life.bus.link.break();
  }

  cut(): void {
    this.#life?.bus.link.cut();
  }

  mend(entirely = false): void {
    this.#life?.bus.link.mend(entirely);
  }

  disconnect(): void {
    this.#life?.bus.link.break();
  }

  jumpClock(ms: number): void {
    if (this.#life) this.#life.process.wallOffsetMs += ms;
  }

  #end(life: Life): void {
    if (this.#life !== life) return;
    this.#life = undefined;
    this.#ports.ledger.offeredMs += this.slots * (this.#ports.timeline.now - life.since);
  }
}
