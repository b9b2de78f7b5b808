import { sealedEntries, splitEntry } from "../../wire/entry-seals.ts";
import { leaderKey } from "../../wire/subjects.ts";
import type { SealedBus } from "./sealed-bus.ts";

/** Seals the bucket's entries that have a replaced key's seal with the newest, such as where the snapshot is. The leader renews its own. */
export async function sealEntriesAnew(bus: SealedBus): Promise<void> {
  bus.takeNewKeys();
  for (const name of sealedEntries) {
    const found = name === leaderKey ? null : await bus.plain.entries.get(name);
    if (!found || bus.fitsNewest(name, found.value) || !bus.fitsEntry(name, found.value)) continue;
    const value = splitEntry(name, found.value)?.value;
    if (value) await bus.entries.update(name, value, found.revision);
  }
}
