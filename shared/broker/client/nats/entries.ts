import { type KV, NatsError } from "nats";
import type { EntryStore } from "../../../ports.ts";
import { bucket } from "../../../wire/subjects.ts";
import { busError, wrongLastSequence } from "./errors.ts";
import { patiently, questionTimeoutMs } from "./patience.ts";

/** Who leads must be known soon, so a question that a cluster does not answer is soon repeated. */
const entryTimeoutsMs = [500, 700, 1000];

/** The workspace's entries, in a key-value bucket of the broker. */
export class NatsEntries implements EntryStore {
  readonly #open: (timeoutMs: number) => Promise<KV>;
  readonly #opened = new Map<number, Promise<KV>>();

  constructor(open: (timeoutMs: number) => Promise<KV>) {
    this.#open = open;
  }

  async #bucket(timeoutMs: number): Promise<KV> {
    const known = this.#opened.get(timeoutMs) ?? this.#open(timeoutMs);
    this.#opened.set(timeoutMs, known);
    try {
      return await known;
    } catch (error) {
      this.#opened.delete(timeoutMs);
      throw busError(error, bucket);
    }
  }

  get(key: string): Promise<{ value: Uint8Array; revision: number } | null> {
    return patiently(key, entryTimeoutsMs, async (timeoutMs) => {
      const entry = await (await this.#bucket(timeoutMs)).get(key);
      return entry?.operation === "PUT" ? { value: entry.value, revision: entry.revision } : null;
    });
  }

  create(key: string, value: Uint8Array): Promise<number | null> {
    return this.#orNull(key, (kv) => kv.create(key, value));
  }

  update(key: string, value: Uint8Array, revision: number): Promise<number | null> {
    return this.#orNull(key, (kv) => kv.update(key, value, revision));
  }

  async #orNull(key: string, write: (kv: KV) => Promise<number>): Promise<number | null> {
    try {
      return await write(await this.#bucket(questionTimeoutMs));
    } catch (cause) {
      if (cause instanceof NatsError && cause.api_error?.err_code === wrongLastSequence) return null;
      throw busError(cause, key);
    }
  }
}
