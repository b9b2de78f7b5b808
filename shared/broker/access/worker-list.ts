import { deflateRawSync, inflateRawSync } from "node:zlib";
import { isWorkerId } from "../../domain/names.ts";
import type { EntryStore } from "../../ports.ts";
import { bucket } from "../../wire/subjects.ts";
import type { WorkersAccount } from "./accounts.ts";
import { isInviteId } from "./invite-code.ts";

/**
 * The workers that may connect and the open invitations, as the leader last took them from the journal. With peers,
 * each machine's server has its own users, and the other machines read the list here: folding the journal for this
 * would cost each as much memory as the leader.
 */
const key = "users";
/** A listener on it hears of a change at once. */
export const workerListSubject = `$KV.${bucket}.${key}`;

/** Unpacked: a hundred thousand workers. A message of 1 MB could unpack to a gigabyte. */
const mostListBytes = 16 * 1024 ** 2;

/** Packed, some 20,000 workers fit in one message of 1 MB. False if another list was stored meanwhile. */
export async function storeWorkerList(
  bus: { readonly entries: EntryStore },
  account: WorkersAccount,
): Promise<boolean> {
  const value = encodeWorkerList(account);
  const found = await bus.entries.get(key);
  if (found && !found.isForeign && Buffer.from(found.value).equals(value)) return true;
  const revision = found ? await bus.entries.update(key, value, found.revision) : await bus.entries.create(key, value);
  return revision !== null;
}

/** Undefined until a coordinator has stored it. */
export async function readWorkerList(bus: { readonly entries: EntryStore }): Promise<WorkersAccount | undefined> {
  const found = await bus.entries.get(key);
  return found && !found.isForeign ? decodeWorkerList(found.value) : undefined;
}

type Pair = readonly [id: string, publicKey: string];

export function encodeWorkerList({ workers, invites }: WorkersAccount): Buffer {
  const pairs = (users: readonly { readonly id: string; readonly publicKey: string }[]): Pair[] =>
    users.map(({ id, publicKey }) => [id, publicKey]);
  return deflateRawSync(JSON.stringify({ workers: pairs(workers), invites: pairs(invites) }));
}

/** Undefined for anything but such a list. Earlier versions wrote only the workers' pairs. */
export function decodeWorkerList(bytes: Uint8Array): WorkersAccount | undefined {
  let value: unknown;
  try {
    value = JSON.parse(inflateRawSync(bytes, { maxOutputLength: mostListBytes }).toString("utf8"));
  } catch {
    return undefined;
  }
  const fields = Array.isArray(value) ? { workers: value, invites: [] } : ((value ?? {}) as Record<string, unknown>);
  const workers = pairsOf(fields["workers"], isWorkerId);
  const invites = pairsOf(fields["invites"], (id): id is string => isInviteId(id));
  return workers && invites && { workers, invites };
}

function pairsOf<Id extends string>(
  value: unknown,
  isId: (text: string) => text is Id,
): { readonly id: Id; readonly publicKey: string }[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const users: { readonly id: Id; readonly publicKey: string }[] = [];
  for (const each of value) {
    const [id, publicKey] = Array.isArray(each) ? (each as unknown[]) : [];
    if (typeof id !== "string" || !isId(id) || typeof publicKey !== "string") return undefined;
    users.push({ id, publicKey });
  }
  return users;
}
