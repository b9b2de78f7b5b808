import { deflateRawSync, inflateRawSync } from "node:zlib";
import { isWorkerId } from "../../domain/names.ts";
import type { EntryStore } from "../../ports.ts";
import { bucket } from "../../wire/subjects.ts";
import type { WorkerUser } from "./accounts.ts";

/**
 * The workers that may connect, as the leader last took them from the journal. With peers, each machine's server has its own
 * users, and the other machines read the list here: folding the journal for this would cost each as much memory as the leader.
 */
const key = "users";
/** A listener on it hears of a change at once. */
export const workerListSubject = `$KV.${bucket}.${key}`;

/** Unpacked: a hundred thousand workers. A message of 1 MB could unpack to a gigabyte. */
const mostListBytes = 16 * 1024 ** 2;

/** Packed, some 20,000 workers fit in one message of 1 MB. */
export async function storeWorkerList(
  bus: { readonly entries: EntryStore },
  workers: readonly WorkerUser[],
): Promise<void> {
  const value = encodeWorkerList(workers);
  const found = await bus.entries.get(key);
  if (found && !found.isForeign && Buffer.from(found.value).equals(value)) return;
  if (found) await bus.entries.update(key, value, found.revision);
  else await bus.entries.create(key, value);
}

/** Undefined until a coordinator has stored it. */
export async function readWorkerList(bus: { readonly entries: EntryStore }): Promise<WorkerUser[] | undefined> {
  const found = await bus.entries.get(key);
  return found && !found.isForeign ? decodeWorkerList(found.value) : undefined;
}

export const encodeWorkerList = (workers: readonly WorkerUser[]): Buffer =>
  deflateRawSync(JSON.stringify(workers.map(({ id, publicKey }) => [id, publicKey])));

/** Undefined for anything but such a list. */
export function decodeWorkerList(bytes: Uint8Array): WorkerUser[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(inflateRawSync(bytes, { maxOutputLength: mostListBytes }).toString("utf8"));
  } catch {
    return undefined;
  }
  if (!Array.isArray(value)) return undefined;
  const workers: WorkerUser[] = [];
  for (const each of value) {
    const [id, publicKey] = Array.isArray(each) ? (each as unknown[]) : [];
    if (typeof id !== "string" || !isWorkerId(id) || typeof publicKey !== "string") return undefined;
    workers.push({ id, publicKey });
  }
  return workers;
}
