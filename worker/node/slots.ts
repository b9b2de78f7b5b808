import { mostCheckpointBytes } from "../../shared/domain/runspec/job-settings.ts";
import type { EndSignal } from "../../shared/ports.ts";
import { Ending } from "../../shared/time/ending.ts";
import type { Assignment, Claim, Takes } from "../../shared/wire/messages.ts";
import type { CoordinatorLink } from "./coordinator-link.ts";
import type { PreparedJobs } from "./job/prepared-job.ts";
import type { Gate } from "./lending.ts";
import type { Outbox } from "./outbox.ts";
import type { Ports } from "./ports.ts";

const refusedRetryMs = 30_000;
const jitterMs = 100;
/** Pauses of this length or more last to the end of a second. */
const longPauseMs = 10_000;

interface SlotsPorts extends Ports<"clock" | "chance" | "gpus" | "vitals"> {
  readonly link: CoordinatorLink;
  readonly outbox: Pick<Outbox, "lastSeq">;
  /** What the machine's owner allows. */
  readonly gate: Gate;
  readonly prepared?: Pick<PreparedJobs, "unfit">;
}

/** What a claim says about the worker. */
export type Claimant = Takes & Pick<Claim, "bootId">;

export interface SlotsOwner {
  /** Carries one trial until its end is acknowledged. `leaving` is called when a result or failure is sent. */
  carry(assignment: Assignment, claim: string, leaving: (attempt: number) => void): Promise<void>;
  /** Hears why there is no work, when the reason changes. */
  onIdle(kind: "waiting" | "refused", reason: string): void;
}

/** The slots of a worker. Each claims a trial, carries it, and claims again. */
export class Slots {
  readonly #ports: SlotsPorts;
  #claimant: Claimant;
  readonly #owner: SlotsOwner;
  readonly #claiming: Ending;
  /** While slots wait for work, one of them asks for all. Aborted when it gets some. */
  #lookout: Ending | undefined;
  #wake: () => void = () => undefined;
  #lastReason = "";
  #isWorking = false;
  readonly #all: Promise<void>[] = [];

  /** @param claiming  ends the claims; aborted here if the coordinator asks the worker to leave */
  constructor(ports: SlotsPorts, claimant: Claimant, owner: SlotsOwner, claiming: Ending) {
    this.#ports = ports;
    this.#claimant = claimant;
    this.#owner = owner;
    this.#claiming = claiming;
  }

  /** Resolves when no slot claims any more and all ends are delivered. */
  async work(): Promise<void> {
    this.#isWorking = true;
    this.resize(this.#claimant.slots);
    // Some may be added while the others are waited for.
    for (let before = 0; before < this.#all.length; ) {
      before = this.#all.length;
      await Promise.all(this.#all);
    }
  }

  /** Sets the number of slots. Runs above it continue to their end. */
  resize(slots: number): void {
    this.#claimant = { ...this.#claimant, slots };
    if (!this.#isWorking) return;
    while (this.#all.length < slots) this.#all.push(this.#work());
  }

  /** There is work: the waiting slot asks at once. */
  wake(): void {
    this.#wake();
  }

  async #work(): Promise<void> {
    const signal = this.#claiming;
    const { gate } = this.#ports;
    let claimId = this.#ports.chance.nonce();
    let last: Stay | undefined;
    let isLookout = false;
    const relieve = (): void => {
      if (!isLookout) return;
      isLookout = false;
      this.#lookout?.abort();
      this.#lookout = undefined;
    };
    while (!signal.aborted) {
      const stay = last;
      if (!gate.enter()) {
        await changedOrEnded(gate, signal);
        continue;
      }
      const answer = await this.#ports.link.ask(
        async (tries) => {
          // The first try travels together with the last run's result; later tries wait until that is delivered.
          if (tries > 0) await stay?.delivered;
          const { lastSeq: lastResultSeq } = this.#ports.outbox;
          const sentAt = this.#ports.clock.wall();
          const after = stay?.onItsWay ?? null;
          const mostState = mostCheckpointBytes;
          return { kind: "claim", claimId, sentAt, lastResultSeq, after, mostState, ...this.#claimant, ...this.#now() };
        },
        ["assigned", "wait", "refused"],
        signal,
      );
      if (!answer) {
        gate.leave();
        break;
      }
      const answered = claimId;
      claimId = this.#ports.chance.nonce();
      if (answer.kind === "assigned") {
        relieve();
        this.#lastReason = "";
        last = new Stay(answer, (leaving) => this.#owner.carry(answer, answered, leaving), stay?.delivered);
        await last.left;
        gate.leave();
        continue;
      }
      gate.leave();
      this.#say(answer.kind === "wait" ? "waiting" : "refused", answer.reason);
      // Drained: runs in progress continue to their end, and then this process ends.
      if (answer.kind === "refused" && answer.leave) signal.abort();
      const retryMs = answer.kind === "wait" ? answer.retryMs : refusedRetryMs;
      if (retryMs === 0) continue;
      // All slots would get the same answer: one asks for all, as there may be ten thousand workers.
      if (this.#lookout && !isLookout) await this.#lookout.ended;
      else {
        isLookout = true;
        this.#lookout ??= new Ending();
        await this.#woken(retryMs);
      }
    }
    relieve();
    await last?.delivered;
  }

  /** What changes from claim to claim. Only this machine knows which run has which GPU. */
  #now(): Pick<Claim, "gpusFree" | "machine" | "unfit"> {
    const { gpus, vitals, prepared } = this.#ports;
    const unfit = prepared?.unfit ?? [];
    return {
      ...(gpus && gpus.count > 0 ? { gpusFree: gpus.free } : {}),
      ...vitals?.said(),
      ...(unfit.length > 0 ? { unfit } : {}),
    };
  }

  /**
   * Waits for a hint that there is work, or for the pause, with jitter, so that a thousand workers do not ask at once.
   * After long pauses, those due in the same second ask together at its end: broker and coordinator are woken once for
   * all.
   */
  async #woken(mostMs: number): Promise<void> {
    if (this.#claiming.aborted) return;
    const { clock, chance } = this.#ports;
    const woken = new Ending();
    const wake = (): void => woken.abort();
    this.#wake = wake;
    this.#claiming.addEventListener("abort", wake);
    const pauseMs = mostMs * (0.75 + chance.fraction() / 2);
    const later = mostMs < longPauseMs ? 0 : 1000 - ((clock.wall() + pauseMs) % 1000);
    await clock.pause(pauseMs + later, woken);
    this.#claiming.removeEventListener("abort", wake);
    if (woken.aborted && !this.#claiming.aborted) await clock.pause(jitterMs * chance.fraction(), this.#claiming);
  }

  #say(kind: "waiting" | "refused", reason: string): void {
    if (reason === this.#lastReason) return;
    this.#lastReason = reason;
    this.#owner.onIdle(kind, reason);
  }
}

/** Resolves when the gate changes or the signal aborts. Leaves no listener behind: a slot may call this for days. */
export async function changedOrEnded(gate: Pick<Gate, "changed">, signal: EndSignal): Promise<void> {
  let ended: () => void = () => undefined;
  const over = new Promise<void>((resolve) => {
    ended = resolve;
  });
  signal.addEventListener("abort", ended);
  await Promise.race([gate.changed(), over]);
  signal.removeEventListener("abort", ended);
}

/** A trial's time in a slot. The slot is free, and claims again, as soon as the end of the run is sent. */
class Stay {
  /** Resolves when the slot is free. */
  readonly left: Promise<void>;
  /** Resolves when the broker has the end of this trial and of all before it in this slot. */
  readonly delivered: Promise<void>;
  /** The trial whose end is on its way to the broker. */
  onItsWay: Claim["after"] = null;

  constructor(
    { job, n }: Assignment,
    carry: (leaving: (attempt: number) => void) => Promise<void>,
    before: Promise<void> = Promise.resolve(),
  ) {
    const gone = new Ending();
    this.left = gone.ended;
    const carried = carry((attempt) => {
      this.onItsWay = { job, n, attempt };
      gone.abort();
    });
    const done = carried.finally(() => {
      this.onItsWay = null;
      gone.abort();
    });
    this.delivered = before.then(() => done);
  }
}
