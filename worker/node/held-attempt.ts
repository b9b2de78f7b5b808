import type { JobName, WorkerId } from "../../shared/domain/names.ts";
import { encodeEvidence } from "../../shared/wire/messages.ts";
import { type EvidenceKind, evidence } from "../../shared/wire/subjects.ts";
import type { Letter } from "./spool.ts";

/** The broker's 1 MB less the message's head. Nothing but a list of files makes an end of a run so large. */
const mostBytes = 1024 ** 2 - 1024;

/** A worker's attempt at a trial. */
export interface AttemptAddress {
  readonly worker: WorkerId;
  readonly job: JobName;
  readonly n: number;
  readonly attempt: number;
}

/** An attempt of this worker itself. */
export interface OwnAddress extends AttemptAddress {
  /** Part of every msgID. If another worker guessed one, the broker would drop this worker's message as a duplicate (seen). */
  readonly nonce: string;
}

/** The attempt that this worker holds at a trial. It signs all messages. Its number changes if the trial is granted again. */
export class HeldAttempt {
  #address: OwnAddress;
  /** Attempt number -> the claim that was answered with it, for all numbers that this run has had. */
  readonly #claims = new Map<number, string>();

  /** @param claim  the claim that was answered with this trial */
  constructor(address: OwnAddress, claim: string) {
    this.#address = address;
    this.#claims.set(address.attempt, claim);
  }

  get address(): OwnAddress {
    return this.#address;
  }

  get number(): number {
    return this.#address.attempt;
  }

  /** @param claim  the claim that was answered with it; a renewal, which keeps the claim, gives none */
  regrant(attempt: number, claim?: string): void {
    const isNewer = attempt > this.number;
    if (claim !== undefined || isNewer) this.#claims.set(attempt, claim ?? this.#claims.get(this.number) ?? "");
    if (isNewer) this.#address = { ...this.#address, attempt };
  }

  /**
   * A letter that a broker takes: without the list of files, if that would make it too large.
   *
   * @param id  identifies the letter within the attempt: two letters with the same id are stored once
   */
  letter(kind: EvidenceKind, id: string, body: Parameters<typeof encodeEvidence>[0]): Letter {
    const { worker, job, n, nonce } = this.#address;
    const claim = this.#claims.get(body.attempt) ?? "";
    const data = encodeEvidence({ ...body, claim });
    return {
      subject: evidence(worker, job, n, kind),
      msgId: `${job}.${n}.${body.attempt}.${id}.${nonce}`,
      data: data.length > mostBytes && "files" in body ? encodeEvidence({ ...body, files: null, claim }) : data,
    };
  }
}
