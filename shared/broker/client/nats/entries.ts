import { type KV, NatsError } from "nats";
import type { EntryStore } from "../../../ports.ts";
import { bucket } from "../../../wire/subjects.ts";
import { busError, wrongLastSequence } from "./errors.ts";
import { patiently, questionTimeoutMs } from "./patience.ts";

/** The leader must be known soon, so a question that a cluster does not answer is repeated soon. */
const entryTimeoutsMs = [500, 700, 1000];

/** The workspace's entries, in a key-value bucket of the broker. */
export function natsEntries(open: (timeoutMs: number) => Promise<KV>): EntryStore {
  const opened = new Map<number, Promise<KV>>();
  const bucketOf = async (timeoutMs: number): Promise<KV> => {
    const known = opened.get(timeoutMs) ?? open(timeoutMs);
    opened.set(timeoutMs, known);
    try {
      return await known;
    } catch (error) {
      opened.delete(timeoutMs);
      throw busError(error, bucket);
    }
  };
  const orNull = async (key: string, write: (kv: KV) => Promise<number>): Promise<number | null> => {
    try {
      return await write(await bucketOf(questionTimeoutMs));
    } catch (cause) {
      if (cause instanceof NatsError && cause.api_error?.err_code === wrongLastSequence) return null;
      throw busError(cause, key);
    }
  };
  return {
    get: (key) =>
      patiently(key, entryTimeoutsMs, async (timeoutMs) => {
        const entry = await (await bucketOf(timeoutMs)).get(key);
        return entry?.operation === "PUT" ? { value: entry.value, revision: entry.revision } : null;
      }),
    create: (key, value) => orNull(key, (kv) => kv.create(key, value)),
    update: (key, value, revision) => orNull(key, (kv) => kv.update(key, value, revision)),
  };
}
