import { type KV, NatsError } from "nats";
import { pause } from "../../../deadline.ts";
import type { EntryStore } from "../../../ports.ts";
import { bucket } from "../../../wire/subjects.ts";
import { busError, wrongLastSequence } from "./errors.ts";

/** While the server reloads its users it refuses whoever asks in that moment (seen with 2.10.27). */
const refusedRetryMs = 150;
const questionTimeoutMs = 2000;

/** Who leads must be known soon, and a cluster that lets another copy lead answers nothing for a moment: asked again, not waited for. */
const entryTimeoutsMs = [500, 700, 1000] as const;

/** The leader's entry, in a key-value bucket of the broker. */
export class NatsEntries implements EntryStore {
  readonly #open: (timeoutMs: number) => Promise<KV>;
  readonly #opened = new Map<number, Promise<KV>>();

  constructor(open: (timeoutMs: number) => Promise<KV>) {
    this.#open = open;
  }

  async #get(timeoutMs: number): Promise<KV> {
    const known = this.#opened.get(timeoutMs) ?? this.#open(timeoutMs);
    this.#opened.set(timeoutMs, known);
    try {
      return await known;
    } catch (error) {
      this.#opened.delete(timeoutMs);
      throw busError(error, bucket);
    }
  }

  async get(key: string): Promise<{ value: Uint8Array; revision: number } | null> {
    for (let tries = 0; ; tries += 1) {
      const kv = await this.#get(entryTimeoutsMs[tries] ?? questionTimeoutMs);
      try {
        const entry = await kv.get(key);
        return entry && entry.operation === "PUT" ? { value: entry.value, revision: entry.revision } : null;
      } catch (cause) {
        const error = busError(cause, key);
        // Nobody answers while the server reloads its users, as after each enrolment.
        const mayPass = error.reason === "nobody answered" || error.reason === "no answer in time";
        if (!mayPass || tries === entryTimeoutsMs.length - 1) throw error;
        if (error.reason === "nobody answered") await pause(refusedRetryMs);
      }
    }
  }

  async create(key: string, value: Uint8Array): Promise<number | null> {
    const kv = await this.#get(questionTimeoutMs);
    return this.#orNull(key, () => kv.create(key, value));
  }

  async update(key: string, value: Uint8Array, revision: number): Promise<number | null> {
    const kv = await this.#get(questionTimeoutMs);
    return this.#orNull(key, () => kv.update(key, value, revision));
  }

  async #orNull(key: string, write: () => Promise<number>): Promise<number | null> {
    try {
      return await write();
    } catch (cause) {
      if (cause instanceof NatsError && cause.api_error?.err_code === wrongLastSequence) return null;
      throw busError(cause, key);
    }
  }
}
