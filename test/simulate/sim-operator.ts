import { type JobName, type WorkerId, workerIdFrom } from "../../shared/domain/names.ts";
import { type Rng, rngFrom } from "../../shared/domain/rng.ts";
import { type ControlVerb, decodeOrderAnswer, encodeOrder, type Order } from "../../shared/wire/messages.ts";
import { operator } from "../../shared/wire/subjects.ts";
import type { SimBus } from "./sim-bus.ts";
import type { SimProcess } from "./sim-process.ts";

/** Orders of a person to a live search; where one would stop the search, another undoes it. */
const kinds = [
  "pause job",
  "drain job",
  "pause runs",
  "stop run",
  "cancel run",
  "pause worker",
  "stop worker",
  "cancel worker",
  "bench worker",
  "more runs",
  "fewer runs",
] as const;
type Kind = (typeof kinds)[number];

type WithoutId<T> = T extends unknown ? Omit<T, "op"> : never;

export interface SimOperatorOptions {
  readonly workers: number;
  readonly trials: number;
  readonly seed: number;
  /** Mean time between two orders, milliseconds. */
  readonly everyMs: number;
  readonly onOrder: (kind: Kind) => void;
}

/** A restless operator: gives orders of all kinds, each repeated until somebody answers. */
export class SimOperator {
  readonly #bus: SimBus;
  readonly #process: SimProcess;
  readonly #options: SimOperatorOptions;
  readonly #rng: Rng;
  #orders = 0;
  #totalRuns: number;

  constructor(bus: SimBus, process: SimProcess, options: SimOperatorOptions) {
    this.#bus = bus;
    this.#process = process;
    this.#options = options;
    this.#rng = rngFrom(`${options.seed} orders`);
    this.#totalRuns = options.trials;
  }

  /** Resolves once a coordinator has accepted the order. @throws Error with the reason if it is refused */
  async submit(order: Order): Promise<void> {
    const answer = await this.#ask(order);
    if (!answer.ok) throw new Error(answer.reason);
  }

  async resume(): Promise<void> {
    await this.#order({ kind: "control", verb: "resume", target: { kind: "job", job: "job1" as JobName } });
  }

  /** Gives orders until its process ends. */
  async orderAbout(): Promise<never> {
    for (;;) {
      await this.#process.clock.pause(-Math.log(1 - this.#rng.uniform()) * this.#options.everyMs);
      const kind = kinds[this.#rng.below(kinds.length)];
      if (kind === undefined) continue;
      this.#options.onOrder(kind);
      const undo = await this.#carryOut(kind);
      if (!undo) continue;
      await this.#process.clock.pause(20_000 * this.#rng.uniform());
      await this.#order(undo);
    }
  }

  async #carryOut(kind: Kind): Promise<WithoutId<Order> | undefined> {
    const job = "job1" as JobName;
    const trial = 1 + this.#rng.below(this.#totalRuns);
    const worker: WorkerId = workerIdFrom(`w${1 + this.#rng.below(this.#options.workers)}`);
    const toJob = (verb: ControlVerb): WithoutId<Order> => ({ kind: "control", verb, target: { kind: "job", job } });
    const toRuns = (verb: ControlVerb, trials: number[]): WithoutId<Order> => ({
      kind: "control",
      verb,
      target: { kind: "runs", job, trials },
    });
    const toWorker = (verb: ControlVerb): WithoutId<Order> => ({
      kind: "control",
      verb,
      target: { kind: "worker", worker },
    });
    switch (kind) {
      case "pause job":
      case "drain job":
        await this.#order(toJob(kind === "pause job" ? "pause" : "drain"));
        return toJob("resume");
      case "pause runs": {
        const trials = Array.from({ length: 5 }, (_, i) => trial + i);
        await this.#order(toRuns("pause", trials));
        return toRuns("resume", trials);
      }
      case "stop run":
        await this.#order(toRuns("stop", [trial]));
        return undefined;
      case "cancel run":
        await this.#order(toRuns("cancel", [trial]));
        return undefined;
      case "pause worker":
      case "stop worker":
      case "cancel worker":
        await this.#order(toWorker(kind === "pause worker" ? "pause" : kind === "stop worker" ? "stop" : "cancel"));
        return toWorker("resume");
      case "bench worker":
        await this.#order({ kind: "bench", worker });
        return { kind: "admit", worker };
      case "more runs":
      case "fewer runs": {
        const step = 1 + this.#rng.below(3);
        this.#totalRuns = Math.max(1, this.#totalRuns + (kind === "more runs" ? step : -step));
        await this.#order({ kind: "edit", job, changes: { totalRuns: this.#totalRuns } });
        return undefined;
      }
      default: {
        const never: never = kind;
        throw new RangeError(`unknown order ${String(never)}`);
      }
    }
  }

  /** Gives an order and ignores refusals, such as for a run that has ended. */
  async #order(order: WithoutId<Order>): Promise<void> {
    this.#orders += 1;
    await this.#ask({ ...order, op: `order-${this.#orders}` } as Order);
  }

  async #ask(order: Order): Promise<ReturnType<typeof decodeOrderAnswer>> {
    const bytes = encodeOrder(order);
    for (;;) {
      try {
        return decodeOrderAnswer(await this.#bus.request(operator("simulated"), bytes, 2000));
      } catch (error) {
        if (!(error instanceof Error) || error.name !== "BusError") throw error;
      }
      await this.#process.clock.pause(500);
    }
  }
}
