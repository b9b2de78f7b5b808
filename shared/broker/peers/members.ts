import { fieldsOf } from "../../machine/secret-file.ts";
import type { EntryStore } from "../../ports.ts";
import { bucket } from "../../wire/subjects.ts";
import { isPeer, type Peer } from "./peers.ts";

/** The present peers, stored with the data so that all learn of a change. Absent until something changes. */
export interface Members {
  readonly generation: number;
  readonly peers: readonly Peer[];
  /** Where the workspace went when it left these peers for good: a sentence for people. */
  readonly moved?: string | undefined;
}

const key = "peers";
/** A listener on it hears of a change at once. */
export const membersSubject = `$KV.${bucket}.${key}`;

/** @throws BusError if the broker does not answer */
export async function readMembers(bus: { readonly entries: EntryStore }): Promise<Members | undefined> {
  const found = await bus.entries.get(key);
  return found && !found.isForeign ? parseMembers(found.value) : undefined;
}

/** False if somebody else has changed them meanwhile. */
export async function writeMembers(bus: { readonly entries: EntryStore }, members: Members): Promise<boolean> {
  const value = new TextEncoder().encode(JSON.stringify(members));
  const found = await bus.entries.get(key);
  const revision = found ? await bus.entries.update(key, value, found.revision) : await bus.entries.create(key, value);
  return revision !== null;
}

/** Longest list that is read: a thousand peers. */
const mostBytes = 256 * 1024;

function parseMembers(bytes: Uint8Array): Members | undefined {
  if (bytes.length > mostBytes) return undefined;
  const value: unknown = fieldsOf(new TextDecoder().decode(bytes));
  if (typeof value !== "object" || value === null) return undefined;
  const { generation, peers, moved } = value as Record<string, unknown>;
  if (!Number.isSafeInteger(generation) || !Array.isArray(peers) || !peers.every(isPeer)) return undefined;
  return { generation: generation as number, peers, moved: typeof moved === "string" ? moved : undefined };
}
