import { sizeText } from "../../shared/domain/size-text.ts";
import { Ending } from "../../shared/time/ending.ts";
import type { StateSum } from "../../shared/wire/checkpoints.ts";
import type { StateLoss } from "../../shared/wire/evidence.ts";
import { newKey } from "../../shared/wire/sealed-chunks.ts";
import { stateBlob } from "../../shared/wire/subjects.ts";
import { storeContent } from "./chunk-store.ts";
import type { HeldAttempt } from "./held-attempt.ts";
import type { Ports } from "./ports.ts";
import type { TakenState } from "./runners.ts";

type StateKeeperPorts = Ports<"bus" | "clock" | "log">;

/** Hears what becomes of a run's states. */
export interface StateListener {
  /** All pieces of a state are stored, so that another worker can continue from it. */
  stored(attempt: number, state: StateSum): Promise<void>;
  /** A state was not carried. Called when the reason changes, and whenever part of the state was stored. */
  lost(attempt: number, lost: StateLoss): Promise<void>;
}

/** Limits on one state, in bytes. */
export interface StateRoom {
  /** A larger one is not uploaded. */
  readonly bytes: number;
  /** What the job asks for (`checkpoint_limit`). */
  readonly asked: number;
}

function tooLarge(size: number, { bytes, asked }: StateRoom): string {
  if (bytes >= asked)
    return `it has ${sizeText(size)}, which is more than the job's checkpoint_limit of ${sizeText(asked)}`;
  return (
    `it has ${sizeText(size)}, and the broker's store has room for ${sizeText(bytes)} of each run of this worker: start it with ` +
    "fewer --slots, or let its coordinator give workers more: nexus-coord --quota states=80%"
  );
}

/** Stores the states of a run in BLOB, one at a time. If several arrive meanwhile, only the newest is stored next. */
export class StateKeeper {
  readonly #ports: StateKeeperPorts;
  readonly #attempt: HeldAttempt;
  readonly #listener: StateListener;
  readonly #ended = new Ending();
  readonly #room: StateRoom;
  #waiting: TakenState | undefined;
  #working: Promise<void> = Promise.resolve();
  #isWorking = false;
  #count = 0;
  #givenUp = "";
  /** Why the last state was not carried. */
  #why = "";

  constructor(ports: StateKeeperPorts, attempt: HeldAttempt, room: StateRoom, listener: StateListener) {
    this.#ports = ports;
    this.#attempt = attempt;
    this.#room = room;
    this.#listener = listener;
  }

  keep(state: TakenState): void {
    this.#waiting?.tail?.close();
    this.#waiting = state;
    if (!this.#isWorking) this.#working = this.#work();
  }

  /** Resolves when no state is in flight. */
  settled(): Promise<void> {
    return this.#working;
  }

  /** Gives up what is still on its way, and reports it as lost. */
  giveUp(why: string): void {
    if (!this.#isWorking) return;
    this.#givenUp = why;
    this.end();
  }

  /** The run has ended, and nobody needs its states. */
  end(): void {
    this.#waiting?.tail?.close();
    this.#waiting = undefined;
    this.#ended.abort();
  }

  async #work(): Promise<void> {
    this.#isWorking = true;
    while (this.#waiting && !this.#ended.aborted) {
      const state = this.#waiting;
      this.#waiting = undefined;
      try {
        await this.#store(state);
      } finally {
        state.tail?.close();
      }
    }
    this.#isWorking = false;
  }

  async #store(state: TakenState): Promise<void> {
    const { stage, iters, bytes, tail, problem = "" } = state;
    const size = bytes.length + (tail?.size ?? 0);
    const { attempt } = this.#attempt.address;
    if (problem !== "") return this.#lost(attempt, state, problem, "", state.isUnread ? "unread" : "unsaved");
    if (size > this.#room.bytes) return this.#lost(attempt, state, tooLarge(size, this.#room));
    this.#count += 1;
    const address = { ...this.#attempt.address, blob: stateBlob(this.#count) };
    const key = newKey();
    const content = { size, parts: () => partsOf(state) };
    const end = await storeContent(this.#ports, address, content, key, this.#ended);
    if ("why" in end) {
      // The pieces stored so far are useless.
      const why = this.#ended.aborted ? this.#givenUp : end.why;
      if (why !== "") await this.#lost(attempt, state, `it has ${sizeText(size)}, and ${why}`, address.blob);
      return;
    }
    if (this.#ended.aborted) return;
    this.#why = "";
    await this.#listener.stored(attempt, { stage, iters, blob: address.blob, key, ...end.sum });
  }

  async #lost(
    attempt: number,
    { stage, iters }: TakenState,
    why: string,
    blob = "",
    what: StateLoss["what"] = "unsaved",
  ): Promise<void> {
    const { job, n } = this.#attempt.address;
    const reason = why.slice(0, 1000);
    this.#ports.log.warn({ job, n, what, why }, "a checkpoint is of no use");
    if (reason === this.#why && blob === "") return;
    this.#why = reason;
    await this.#listener.lost(attempt, { what, stage, iters, reason, blob });
  }
}

const partBytes = 256 * 1024;

async function* partsOf({ bytes, tail }: TakenState): AsyncGenerator<Uint8Array> {
  yield bytes;
  if (tail) yield* tail.read(partBytes);
}
