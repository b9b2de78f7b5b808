import type { JobName, WorkerId } from "../../shared/domain/names.ts";
import { type Rng, rngFrom } from "../../shared/domain/rng.ts";
import { encodeAsk, encodeEvidence } from "../../shared/wire/messages.ts";
import { ask, evidence } from "../../shared/wire/subjects.ts";
import type { SimBus } from "./sim-bus.ts";
import type { SimProcess } from "./sim-process.ts";

const meanPauseMs = 3000;
const job = "job1" as JobName;

/**
 * The lies of a worker with a hostile owner, told beside its work. The broker lets it publish only under its own name.
 * There it may say anything: results of others' trials and attempts, guessed msgIDs, nonsense, bytes that are no
 * message.
 */
export class Liar {
  readonly #worker: WorkerId;
  readonly #bus: SimBus;
  readonly #process: SimProcess;
  readonly #rng: Rng;
  told = 0;

  constructor(worker: WorkerId, bus: SimBus, process: SimProcess, seed: string) {
    this.#worker = worker;
    this.#bus = bus;
    this.#process = process;
    this.#rng = rngFrom(`${seed} liar`);
    this.#next();
  }

  #next(): void {
    this.#process.clock.after(meanPauseMs * 2 * this.#rng.uniform(), () => {
      this.told += 1;
      this.#lie();
      this.#next();
    });
  }

  #lie(): void {
    const n = 1 + this.#rng.below(400);
    const attempt = 1 + this.#rng.below(4);
    const kind = this.#rng.below(7);
    if (kind === 0) this.#ask(encodeAsk({ kind: "job", job: `job${n}` as JobName }));
    else if (kind === 1) {
      const held = Array.from({ length: 5 }, (_, i) => ({ job, n: n + i, attempt, iters: 7 }));
      this.#ask(encodeAsk({ kind: "renew", bootId: "boot-1", held }));
    } else if (kind === 2) this.#ask(Uint8Array.of(0xc1, 1, 2, 3));
    else if (kind === 3) this.#store("result", n, Uint8Array.of(0xc1, 0xff), "rubbish");
    else if (kind === 4) {
      const body = { attempt, fault: "owner", reason: "x" } as const;
      this.#store("released", n, encodeEvidence(body), `${job}.${n}.${attempt}.released`);
    } else if (kind === 5) {
      const body = { attempt, reports: [], outcome: "failed", reason: "a lie", console: "" } as const;
      this.#store("failed", n, encodeEvidence(body), `${job}.${n}.${attempt}.failed`);
    } else {
      const hpmax = [1e308, Number.NaN, Number.POSITIVE_INFINITY, -0, 12][this.#rng.below(5)] ?? 0;
      const metrics = { "s1-val": hpmax, [`s${attempt}-lie`]: 1 };
      const body = { attempt, reports: [], hpmax, iters: 2 ** 40, metrics, console: "lies" };
      // A msgID like those of real results, but without the nonce that nobody can guess.
      this.#store("result", n, encodeEvidence(body), `${job}.${n}.${attempt}.result.${this.#rng.below(9)}`);
    }
  }

  #ask(data: Uint8Array): void {
    this.#bus.request(ask(this.#worker), data, 1000).catch(() => undefined);
  }

  #store(kind: "result" | "failed" | "released", n: number, data: Uint8Array, msgId: string): void {
    this.#bus.store(evidence(this.#worker, job, n, kind), data, { msgId, timeoutMs: 1000 }).catch(() => undefined);
  }
}
