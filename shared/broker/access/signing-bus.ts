import { BadMessage } from "../../wire/check.ts";
import { decodeOrderAnswer } from "../../wire/messages.ts";
import { type OrderKey, signOrder, unknownReign } from "../../wire/seals/order-proof.ts";
import { operator } from "../../wire/subjects.ts";
import type { CoordinatorBus } from "../client/bus.ts";
import { BusAround } from "../client/bus-around.ts";

/** A reign may end between its answer and the order that was signed for it. */
const tries = 3;

/** Signs the orders that are sent over it, and signs again when another leader has begun its reign. */
export class SigningBus extends BusAround {
  readonly #key: () => OrderKey;
  #reign = unknownReign;

  /** @param key  asked for each order: it changes with the operator's password */
  constructor(plain: CoordinatorBus, key: () => OrderKey) {
    super(plain);
    this.#key = key;
  }

  override async request(subject: string, data: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    if (!subject.startsWith(operator(""))) return this.plain.request(subject, data, timeoutMs);
    for (let left = tries - 1; ; left -= 1) {
      const signed = signOrder(data, subject, this.#reign, this.#key());
      const answer = await this.plain.request(subject, signed, timeoutMs);
      const reign = reignIn(answer);
      if (reign === undefined || left === 0) return answer;
      this.#reign = reign;
    }
  }
}

function reignIn(answer: Uint8Array): Uint8Array | undefined {
  try {
    return decodeOrderAnswer(answer).reign;
  } catch (error) {
    if (error instanceof BadMessage) return undefined; // the asker reads it too
    throw error;
  }
}
