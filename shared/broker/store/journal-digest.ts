import { createHash, type Hash } from "node:crypto";
import type { StoredMessage } from "../../ports.ts";

/** SHA-256 over the journal's messages from the first on, as they come. */
export class JournalDigest {
  #hash: Hash = createHash("sha256");
  #to = 0;

  /** The last message in it. */
  get to(): number {
    return this.#to;
  }

  /** Takes the next message; others are left out. */
  add({ seq, subject, msgId, data }: StoredMessage): void {
    if (seq !== this.#to + 1) return;
    this.#hash.update(`${seq} ${subject} ${msgId} ${data.length}\n`).update(data);
    this.#to = seq;
  }

  hex(): string {
    return this.#hash.copy().digest("hex");
  }

  restart(): void {
    this.#hash = createHash("sha256");
    this.#to = 0;
  }
}
