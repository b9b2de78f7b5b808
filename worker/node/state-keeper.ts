import type { CheckpointPlace } from "../../shared/domain/fold/events.ts";
import { Ending } from "../../shared/ending.ts";
import type { EndSignal } from "../../shared/ports.ts";
import type { StateSum } from "../../shared/wire/checkpoints.ts";
import { newKey, seal } from "../../shared/wire/sealed-chunks.ts";
import { stateBlob } from "../../shared/wire/subjects.ts";
import type { RunState } from "../runner/protocol.ts";
import { type BlobAddress, fetchBlob, storeChunks } from "./chunk-store.ts";
import type { HeldAttempt } from "./held-attempt.ts";
import type { Ports } from "./ports.ts";

type StateKeeperPorts = Ports<"bus" | "clock" | "log">;

/** Stores the states of a run in BLOB, one at a time. If several arrive meanwhile, only the newest is stored next. */
export class StateKeeper {
  readonly #ports: StateKeeperPorts;
  readonly #attempt: HeldAttempt;
  readonly #announce: (attempt: number, state: StateSum) => Promise<void>;
  readonly #ended = new Ending();
  #waiting: RunState | undefined;
  #working: Promise<void> = Promise.resolve();
  #isWorking = false;
  #count = 0;

  /** @param announce  called when all pieces of a state are stored, so that another worker can resume from it */
  constructor(
    ports: StateKeeperPorts,
    attempt: HeldAttempt,
    announce: (attempt: number, state: StateSum) => Promise<void>,
  ) {
    this.#ports = ports;
    this.#attempt = attempt;
    this.#announce = announce;
  }

  keep(state: RunState): void {
    this.#waiting = state;
    if (!this.#isWorking) this.#working = this.#work();
  }

  /** Resolves when no state is in flight. */
  settled(): Promise<void> {
    return this.#working;
  }

  /** The run has ended, and nobody needs its states. */
  end(): void {
    this.#waiting = undefined;
    this.#ended.abort();
  }

  async #work(): Promise<void> {
    this.#isWorking = true;
    while (this.#waiting && !this.#ended.aborted) {
      const state = this.#waiting;
      this.#waiting = undefined;
      await this.#store(state);
    }
    this.#isWorking = false;
  }

  async #store({ stage, iters, bytes }: RunState): Promise<void> {
    this.#count += 1;
    const address = { ...this.#attempt.address, blob: stateBlob(this.#count) };
    const key = newKey();
    const { chunks, sum } = seal(bytes, key);
    const signal = this.#ended;
    const why = await storeChunks(this.#ports, address, chunks, 0, signal);
    if (signal.aborted) return;
    if (why === "") await this.#announce(address.attempt, { stage, iters, blob: address.blob, key, ...sum });
    else
      this.#ports.log.warn(
        { job: address.job, n: address.n, why },
        "a checkpoint could not be stored; the next one may",
      );
  }
}

/** Fetches the state that an earlier attempt stored; throws as `fetchBlob` does. */
export function fetchState(
  ports: Ports<"bus" | "clock">,
  trial: Pick<BlobAddress, "job" | "n">,
  place: CheckpointPlace,
  signal: EndSignal,
): Promise<Uint8Array> {
  const { job, n } = trial;
  const { worker, attempt, blob, key } = place;
  return fetchBlob(ports, { worker, job, n, attempt, blob }, key, place, signal);
}
