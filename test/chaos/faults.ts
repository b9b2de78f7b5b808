import { runningBroker } from "../../shared/broker/server/broker-info.ts";
import { type Rng, rngFrom } from "../../shared/domain/rng.ts";
import type { WorkspacePaths } from "../../shared/machine/workspace.ts";
import type { TcpProxy } from "../support/broker/proxy.ts";
import { descendantsNaming, signalTo, type Victim } from "./victims.ts";

export interface ChaosTargets {
  readonly paths: WorkspacePaths;
  readonly coordinators: readonly Victim[];
  readonly workers: readonly { readonly victim: Victim; readonly proxy: TcpProxy }[];
}

const kinds = [
  "worker killed",
  "worker killed",
  "worker ended",
  "worker frozen",
  "worker frozen",
  "runner killed",
  "worker cut",
  "worker cut",
  "connection dropped",
  "connection slow",
  "coordinator killed",
  "coordinator frozen",
  "broker killed",
  "broker frozen",
] as const;
type Kind = (typeof kinds)[number];

/** Breaks one thing after another, at times and in ways that the seed decides, and mends each after a while. */
export class ChaosFaults {
  readonly counts = new Map<Kind, number>();
  readonly #targets: ChaosTargets;
  readonly #everyMs: number;
  readonly #leaseMs: number;
  readonly #rng: Rng;
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #say: (line: string) => void;

  constructor(
    targets: ChaosTargets,
    seed: number,
    everyMs: number,
    leaseMs: number,
    say: (line: string) => void = () => undefined,
  ) {
    this.#targets = targets;
    this.#everyMs = everyMs;
    this.#leaseMs = leaseMs;
    this.#rng = rngFrom(`chaos ${seed}`);
    this.#say = say;
  }

  get total(): number {
    return [...this.counts.values()].reduce((sum, times) => sum + times, 0);
  }

  start(): void {
    this.#after(-Math.log(1 - this.#rng.uniform()) * this.#everyMs, () => {
      this.#one();
      this.start();
    });
  }

  /** Nothing more breaks; resolves when everything that is broken is mended. */
  async end(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    const { coordinators, workers } = this.#targets;
    this.#toBroker("SIGCONT");
    for (const { proxy } of workers) {
      proxy.slow(0);
      proxy.mend();
    }
    await Promise.all([...coordinators, ...workers.map(({ victim }) => victim)].map((victim) => victim.goOn()));
  }

  #one(): void {
    const { coordinators, workers } = this.#targets;
    const kind = kinds[this.#rng.below(kinds.length)];
    const worker = workers[this.#rng.below(workers.length)];
    const coordinator = coordinators[this.#rng.below(coordinators.length)];
    // Always drawn, so that later faults do not depend on whether this one finds a victim.
    const share = this.#rng.uniform();
    if (!kind || !worker || !coordinator) return;
    const { victim, proxy } = worker;
    const happened = ((): boolean => {
      switch (kind) {
        case "worker killed":
          return this.#again(victim, "SIGKILL", 200 + 2 * share * this.#leaseMs);
        case "worker ended":
          return this.#again(victim, "SIGTERM", 3000 + share * this.#leaseMs);
        case "worker frozen":
          return this.#freeze(victim, (0.2 + 1.8 * share) * this.#leaseMs);
        case "runner killed": {
          const runners = victim.pid === undefined ? [] : descendantsNaming(victim.pid, "runner/main.js");
          const runner = runners[Math.floor(share * runners.length)];
          return runner !== undefined && signalTo(runner, "SIGKILL");
        }
        case "worker cut":
          proxy.cut();
          this.#after((0.2 + 2.5 * share) * this.#leaseMs, () => proxy.mend());
          return true;
        case "connection dropped":
          proxy.drop();
          return true;
        case "connection slow":
          proxy.slow(50 + 400 * share);
          this.#after(3000, () => proxy.slow(0));
          return true;
        case "coordinator killed":
          return this.#again(coordinator, "SIGKILL", 200 + 2000 * share);
        case "coordinator frozen":
          return this.#freeze(coordinator, 500 + 7000 * share);
        case "broker killed":
          return this.#toBroker("SIGKILL");
        case "broker frozen": {
          if (!this.#toBroker("SIGSTOP")) return false;
          this.#after(300 + 4000 * share, () => this.#toBroker("SIGCONT"));
          return true;
        }
        default: {
          const never: never = kind;
          throw new RangeError(`unknown fault ${String(never)}`);
        }
      }
    })();
    if (!happened) return;
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
    this.#say(`${kind}${/broker/.test(kind) ? "" : `: ${/coordinator/.test(kind) ? coordinator.name : victim.name}`}`);
  }

  #again(victim: Victim, signal: NodeJS.Signals, afterMs: number): boolean {
    if (!victim.isRunning || victim.isFrozen) return false;
    victim.signal(signal);
    const start = (): void => {
      if (victim.isRunning) this.#after(500, start);
      else victim.start();
    };
    this.#after(afterMs, start);
    return true;
  }

  #freeze(victim: Victim, ms: number): boolean {
    if (!victim.isRunning || victim.isFrozen) return false;
    victim.signal("SIGSTOP");
    this.#after(ms, () => victim.signal("SIGCONT"));
    return true;
  }

  #toBroker(signal: NodeJS.Signals): boolean {
    const server = runningBroker(this.#targets.paths)?.server;
    return server ? signalTo(server, signal) : false;
  }

  #after(ms: number, action: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      action();
    }, ms);
    this.#timers.add(timer);
  }
}
