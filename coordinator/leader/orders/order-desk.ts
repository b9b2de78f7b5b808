import { decodeOrder, type Order, type OrderAnswer } from "../../../shared/wire/messages.ts";
import { type OrderKey, provenReign, reignId } from "../../../shared/wire/seals/order-proof.ts";
import type { Reign } from "../reign/reign.ts";
import { refused } from "./order-answers.ts";

/** Answers kept; the number is far above what people type, and a new reign id makes it safe to forget them all. */
const mostAnswers = 10_000;

export interface OrderDeskPorts {
  /** Derived from the operator's password; undefined if operators and coordinator share none: orders need no proof. */
  readonly key: OrderKey | undefined;
  /** A text that nobody can guess. */
  nonce(): string;
  carryOut(by: string, order: Order): Promise<OrderAnswer>;
}

/**
 * Takes the orders of one reign: those that an operator signed for it, each once. Somebody may send a copy of any order that
 * was ever given; a copy is answered as the order was.
 */
export class OrderDesk {
  readonly #reign: Reign;
  readonly #ports: OrderDeskPorts;
  /** By request id, from when an order is carried out. The journal knows only those that were. */
  readonly #answers = new Map<string, Promise<OrderAnswer>>();
  #id: Uint8Array;

  constructor(reign: Reign, ports: OrderDeskPorts) {
    this.#reign = reign;
    this.#ports = ports;
    this.#id = reignId(ports.nonce());
  }

  /** @param by  the operator's name, from the subject */
  async take(subject: string, data: Uint8Array, by: string): Promise<OrderAnswer> {
    const problem = this.#problem(subject, data);
    if (problem) {
      if (problem.reign === undefined) {
        this.#reign.dropped += 1;
        this.#reign.ports.log.warn({ subject }, `an order was not obeyed: ${problem.reason.split("\n")[0]}`);
      }
      return problem;
    }
    const order = decodeOrder(data);
    const known = this.#answers.get(order.op);
    if (known) return known;
    if (this.#answers.size >= mostAnswers) {
      this.#answers.clear();
      this.#id = reignId(this.#ports.nonce());
    }
    const answer = this.#ports.carryOut(by, order);
    this.#answers.set(order.op, answer);
    try {
      return await answer;
    } catch (error) {
      this.#answers.delete(order.op);
      throw error;
    }
  }

  /** Why an order is not obeyed; an answer with `reign` asks the sender to sign it again. */
  #problem(subject: string, data: Uint8Array): OrderAnswer | undefined {
    const { key } = this.#ports;
    if (!key) return undefined;
    const proven = provenReign(data, subject, key);
    if (proven === "unsigned")
      return refused(
        this.#reign,
        "this order is not signed\n  update the program on the machine that gave it; a machine without the workspace's secrets/operator.json cannot give orders",
      );
    if (proven === "wrong key")
      return refused(
        this.#reign,
        "this order was not signed with the operator's password of this workspace\n  copy secrets/operator.json from the machine where the coordinator runs",
      );
    if (this.#id.every((byte, i) => byte === proven[i])) return undefined;
    return {
      ...refused(this.#reign, "another coordinator leads now: the order must be signed again for it"),
      reign: this.#id,
    };
  }
}
