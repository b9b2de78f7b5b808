import { type Rng, rngFrom } from "../../shared/domain/rng.ts";
import type { FaultKind, SimulationOptions } from "./options.ts";
import type { SimBroker } from "./sim-broker.ts";
import type { SimCoordinator } from "./sim-coordinator.ts";
import type { SimWorker } from "./sim-worker.ts";
import type { Timeline } from "./timeline.ts";

export interface FaultTargets {
  readonly timeline: Timeline;
  readonly broker: SimBroker;
  readonly coordinators: readonly SimCoordinator[];
  readonly workers: readonly SimWorker[];
}

/** Worker faults that strike by chance; others (slow, lying, lossy) are traits of some workers from the start. */
const sudden = ["lost", "returned", "frozen", "flapping", "cut", "broken", "clocks"] as const;
const coordinatorFaults = ["killed", "stopped", "frozen", "cut", "clocks"] as const;
type SuddenFault = (typeof sudden)[number];

/** Causes faults at times that the seed alone decides, mends each after a while, and counts them. */
export class Faults {
  readonly counts = new Map<string, number>();
  readonly #options: SimulationOptions;
  readonly #targets: FaultTargets;
  readonly #rng: Rng;
  readonly #kinds: readonly SuddenFault[];
  #isOver = false;

  constructor(options: SimulationOptions, targets: FaultTargets) {
    this.#options = options;
    this.#targets = targets;
    this.#rng = rngFrom(`${options.seed} faults`);
    this.#kinds = sudden.filter((kind) => options.faults.has(kind));
  }

  start(): void {
    const { workers, workerFaultMs, coordinatorFaultMs, brokerFaultMs } = this.#options;
    if (this.#kinds.length > 0) this.#again(workerFaultMs / workers, () => this.#worker());
    if (this.#has("coordinator")) this.#again(coordinatorFaultMs, () => this.#coordinator());
    if (this.#has("broker")) this.#again(brokerFaultMs, () => this.#broker());
  }

  /** Ends all faults and mends everything that is broken. */
  end(): void {
    this.#isOver = true;
    const { broker, coordinators, workers } = this.#targets;
    broker.thaw();
    broker.restart();
    for (const each of coordinators) {
      each.thaw();
      each.mend(true);
      each.start();
    }
    for (const each of workers) {
      each.thaw();
      each.mend(true);
      if (each.spooled > 0) each.start();
    }
  }

  #has(kind: FaultKind): boolean {
    return this.#options.faults.has(kind);
  }

  /** Repeats the action at exponentially distributed intervals. */
  #again(meanMs: number, action: () => void): void {
    this.#after(-Math.log(1 - this.#rng.uniform()) * meanMs, () => {
      action();
      this.#again(meanMs, action);
    });
  }

  #after(ms: number, action: () => void): void {
    const { timeline } = this.#targets;
    timeline.plan(null, timeline.now + ms, () => {
      if (!this.#isOver) action();
    });
  }

  #between(least: number, most: number): number {
    return least + (most - least) * this.#rng.uniform();
  }

  count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  #worker(): void {
    const { workers } = this.#targets;
    const worker = workers[this.#rng.below(workers.length)];
    const kind = this.#kinds[this.#rng.below(this.#kinds.length)];
    const { leaseMs } = this.#options;
    if (!worker?.isRunning || worker.isFrozen || kind === undefined) return;
    this.count(`worker ${kind}`);
    switch (kind) {
      case "lost":
        worker.kill();
        this.#after(this.#between(0.01, 3) * leaseMs, () => worker.start());
        break;
      case "returned":
        worker.handBack();
        this.#after(this.#between(0.5, 3) * leaseMs, () => worker.start());
        break;
      case "frozen": {
        worker.freeze(this.#rng.uniform() < 0.5);
        // One freeze in eight lasts 200 to 400 s: the broker gives up a silent client after about 240 s.
        const ms = this.#rng.below(8) === 0 ? this.#between(200_000, 400_000) : this.#between(0.1, 3) * leaseMs;
        this.#after(ms, () => worker.thaw());
        break;
      }
      case "flapping":
        for (let i = 0; i < 5; i += 1) {
          this.#after(3000 * i + this.#between(0, 1000), () => worker.kill());
          this.#after(3000 * i + this.#between(1000, 2900), () => worker.start());
        }
        break;
      case "cut":
        worker.cut();
        this.#after(this.#between(500, 3 * leaseMs), () => worker.mend());
        break;
      case "broken":
        worker.disconnect();
        break;
      case "clocks":
        worker.jumpClock(this.#between(-1e10, 1e10));
        break;
      default: {
        const never: never = kind;
        throw new RangeError(`unknown fault ${String(never)}`);
      }
    }
  }

  #coordinator(): void {
    const { coordinators } = this.#targets;
    // Mostly the leader: a standby's faults harm nobody.
    const leader = coordinators.find(({ leads }) => leads);
    const any = coordinators[this.#rng.below(coordinators.length)];
    const target = this.#rng.uniform() < 0.8 ? (leader ?? any) : any;
    if (!target?.isRunning || target.isFrozen) return;
    const kind = coordinatorFaults[this.#rng.below(this.#has("clocks") ? 5 : 4)];
    this.count(`coordinator ${kind}`);
    if (kind === "clocks") {
      target.jumpClock(this.#between(-1e10, 1e10));
    } else if (kind === "killed") {
      target.kill();
      this.#after(this.#between(200, 20_000), () => target.start());
    } else if (kind === "stopped") {
      target.stop();
      this.#after(this.#between(2000, 20_000), () => target.start());
    } else if (kind === "frozen") {
      target.freeze();
      this.#after(this.#between(500, 30_000), () => target.thaw());
    } else {
      target.cut();
      this.#after(this.#between(500, 30_000), () => target.mend());
    }
  }

  #broker(): void {
    const { broker } = this.#targets;
    if (!broker.isUp) return;
    if (this.#rng.uniform() < 0.5) {
      this.count("broker killed");
      broker.kill();
      this.#after(this.#between(200, 10_000), () => broker.restart());
    } else {
      this.count("broker frozen");
      broker.freeze();
      this.#after(this.#between(500, 30_000), () => broker.thaw());
    }
  }
}
