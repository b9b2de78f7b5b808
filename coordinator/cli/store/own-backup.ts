import type { Backup } from "../../../shared/broker/copies/backup-file.ts";
import { sealFile, sealFileName } from "../../../shared/broker/store/seal-file.ts";
import { readRestored } from "../../../shared/machine/restored-file.ts";
import { fieldsOf, readIfThere } from "../../../shared/machine/secret-file.ts";
import type { WorkspacePaths } from "../../../shared/machine/workspace.ts";

/**
 * Whether the backup holds the newest key of this workspace, which nobody else has. False after any restore here, since
 * the key may have come with that backup. An older key may be known to whoever has a backup from before `nexus rotate`.
 */
export function isOwnBackup(paths: Pick<WorkspacePaths, "dir" | "secrets">, saved: Backup["files"]): boolean {
  const newest = keysIn(readIfThere(sealFile(paths)) ?? "").at(-1);
  const its = keysIn(saved.find(({ name }) => name === sealFileName)?.text ?? "");
  return readRestored(paths).length === 0 && typeof newest === "string" && its.includes(newest);
}

function keysIn(text: string): unknown[] {
  const { keys } = fieldsOf(text);
  return Array.isArray(keys) ? keys.map((each: { readonly key?: unknown } | null) => each?.key) : [];
}
