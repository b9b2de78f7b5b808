import { randomUUID } from "node:crypto";
import type { WorkersAccount } from "../../shared/broker/access/accounts.ts";
import { operatorName } from "../../shared/broker/access/credentials.ts";
import { inviteIdOf, type ShowInvite } from "../../shared/broker/access/invite-code.ts";
import type { Log } from "../../shared/log.ts";
import { type Bus, BusError } from "../../shared/ports.ts";
import { decodeOrderAnswer, encodeOrder, type Order, type OrderAnswer } from "../../shared/wire/messages.ts";
import { operator } from "../../shared/wire/subjects.ts";

const answerMs = 3000;

/** Each peer shows a line of its own. One that does not lead has the leader write its invitation into the journal. */
export class PeerLine {
  readonly #ports: { readonly bus: Bus; readonly log: Log; readonly shown: ShowInvite };
  /** An invitation that was in the leader's list once: if it is no longer there, it is over. */
  #wasOpen = "";

  constructor(ports: { readonly bus: Bus; readonly log: Log; readonly shown: ShowInvite }) {
    this.#ports = ports;
  }

  /** @param account  what the leader last told */
  async look({ invites }: WorkersAccount): Promise<void> {
    const { log, shown } = this.#ports;
    const isOpen = (id: string): boolean => invites.some((invite) => invite.id === id);
    const { publicKey, expiresAt, line } = shown(Date.now(), (id) => id === this.#wasOpen && !isOpen(id));
    const id = inviteIdOf(publicKey);
    if (isOpen(id)) {
      this.#wasOpen = id;
      return;
    }
    const order = { kind: "invite", op: randomUUID(), publicKey, expiresAt, uses: null, targets: [], line } as const;
    const answer = await this.#ask(order);
    if (answer === undefined || answer.ok) return;
    // Refused because it is over: the next look makes a new one.
    this.#wasOpen = id;
    log.warn(`this machine's join line was refused: ${answer.reason}`);
  }

  /** Undefined while nobody leads: the next look asks again. */
  async #ask(order: Order): Promise<OrderAnswer | undefined> {
    try {
      return decodeOrderAnswer(await this.#ports.bus.request(operator(operatorName()), encodeOrder(order), answerMs));
    } catch (error) {
      if (!(error instanceof BusError)) throw error;
      return undefined;
    }
  }
}
