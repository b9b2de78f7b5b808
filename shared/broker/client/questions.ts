import { BusError } from "../../ports.ts";

interface Open {
  readonly subject: string;
  readonly resolve: (data: Uint8Array) => void;
  readonly reject: (error: BusError) => void;
  readonly timer: NodeJS.Timeout;
}

/** The broker's answer if nobody listens. */
const noResponders = 503;

/**
 * Open questions. The last word of an answer's subject says which question it answers. The client can do the same, but makes an
 * error object for each question, mostly in vain, which cost a busy coordinator a twentieth of its time.
 */
export class Questions {
  readonly #inbox: string;
  readonly #open = new Map<string, Open>();
  #count = 0;

  /** @param inbox  a subject of this connection alone */
  constructor(inbox: string) {
    this.#inbox = inbox;
  }

  /** The subjects that answers come to. */
  get subscription(): string {
    return `${this.#inbox}.*`;
  }

  /** Resolves with the answer; `send` gets the subject that it must go to. */
  ask(subject: string, timeoutMs: number, send: (replyTo: string) => void): Promise<Uint8Array> {
    this.#count += 1;
    const token = this.#count.toString(36);
    const answer = new Promise<Uint8Array>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#open.delete(token);
        reject(new BusError("no answer in time", `${subject}: no answer in time`));
      }, timeoutMs);
      this.#open.set(token, { subject, resolve, reject, timer });
    });
    send(`${this.#inbox}.${token}`);
    return answer;
  }

  hear(replyTo: string, data: Uint8Array, status: number): void {
    const open = this.#take(replyTo.slice(this.#inbox.length + 1));
    if (!open) return; // too late
    if (status === noResponders) open.reject(new BusError("nobody answered", `${open.subject}: nobody answered`));
    else open.resolve(data);
  }

  /** Rejects all open questions: the connection is given up. */
  giveUp(): void {
    for (const [token, { subject }] of this.#open)
      this.#take(token)?.reject(new BusError("not connected", `${subject}: the connection was given up`));
  }

  /** Rejects the open questions on a subject: the broker does not let this connection publish there. */
  refused(subject: string): void {
    for (const [token, open] of this.#open) {
      if (open.subject === subject)
        this.#take(token)?.reject(new BusError("refused", `${subject}: this user may not publish there`));
    }
  }

  close(): void {
    for (const token of this.#open.keys()) {
      const open = this.#take(token);
      open?.reject(new BusError("closed", `${open.subject}: the connection is closed`));
    }
  }

  #take(token: string): Open | undefined {
    const open = this.#open.get(token);
    if (open) {
      clearTimeout(open.timer);
      this.#open.delete(token);
    }
    return open;
  }
}
