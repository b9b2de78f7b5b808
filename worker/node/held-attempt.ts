import type { JobName, WorkerId } from "../../shared/domain/names.ts";
import { encodeEvidence } from "../../shared/wire/messages.ts";
import { type EvidenceKind, evidence } from "../../shared/wire/subjects.ts";
import type { Letter } from "./spool.ts";

/** A worker's attempt at a trial. */
export interface AttemptAddress {
  readonly worker: WorkerId;
  readonly job: JobName;
  readonly n: number;
  readonly attempt: number;
}

/** One of this worker's own. */
export interface OwnAddress extends AttemptAddress {
  /** In every msgID: another worker that guessed one could have this one's message taken for a repetition (seen). */
  readonly nonce: string;
}

/** The attempt that this worker holds at a trial, in whose name it speaks. Its number changes when the trial is granted again. */
export class HeldAttempt {
  #address: OwnAddress;
  /** For each attempt number that this run has had, the claim that it was given for. */
  readonly #claims = new Map<number, string>();

  /** @param claim  the one that was answered with the trial */
  constructor(address: OwnAddress, claim: string) {
    this.#address = address;
    this.#claims.set(address.attempt, claim);
  }

  /** As it is now. */
  get address(): OwnAddress {
    return this.#address;
  }

  get number(): number {
    return this.#address.attempt;
  }

  /** @param claim  the claim that was answered so; left out where a renewal was, which keeps the claim */
  regrant(attempt: number, claim?: string): void {
    const isNewer = attempt > this.number;
    if (claim !== undefined || isNewer) this.#claims.set(attempt, claim ?? this.#claims.get(this.number) ?? "");
    if (isNewer) this.#address = { ...this.#address, attempt };
  }

  /** @param id  tells apart what one attempt says: a letter that is sent twice under the same one is stored once */
  letter(kind: EvidenceKind, id: string, body: Parameters<typeof encodeEvidence>[0]): Letter {
    const { worker, job, n, nonce } = this.#address;
    return {
      subject: evidence(worker, job, n, kind),
      msgId: `${job}.${n}.${body.attempt}.${id}.${nonce}`,
      data: encodeEvidence({ ...body, claim: this.#claims.get(body.attempt) ?? "" }),
    };
  }
}
